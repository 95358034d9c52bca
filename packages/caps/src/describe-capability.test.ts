import { expect, test } from "bun:test";
import type { Capability, ProcessId } from "@kinode-ts/types";
import { describeCapability } from "./describe-capability.ts";

const our = "alice.os";
const chess = "chess:chess:sys" as ProcessId;
const of = (process: string, params: string, node = our): Capability => ({
  issuer: { node, process: process as ProcessId },
  params,
});
const words = (capability: Capability, holder?: ProcessId) => {
  const { text, risk } = describeCapability(capability, our, holder);
  return `${text} [${risk}]`;
};

test("what the system offers is said in plain words with its risk", () => {
  const cases: [string, string, string][] = [
    ["vfs:distro:sys", '"messaging"', "read and write its own files [usual]"],
    ["timer:distro:sys", '"messaging"', "set timers [usual]"],
    ["http-client:distro:sys", '"messaging"', "fetch from and send to any web site [powerful]"],
    ["kernel:distro:sys", '"network"', "send messages to other nodes and receive them [powerful]"],
    [
      "kernel:distro:sys",
      '"messaging"',
      "start, stop and change any process (full control) [full-control]",
    ],
    [
      "kernel:distro:sys",
      '{"root":true}',
      "give any right to any process (full control) [full-control]",
    ],
    [
      "vfs:distro:sys",
      '{"root" : true}',
      "read and write all files of this node (full control) [full-control]",
    ],
    ["homepage:homepage:sys", '"RemoveOther"', "remove other apps from the home page [usual]"],
  ];
  for (const [process, params, text] of cases) expect(words(of(process, params))).toBe(text);
});

test("drives and databases are the holder's own or somebody else's", () => {
  const drive = of("vfs:distro:sys", '{"kind":"write","drive":"/chess:sys/pkg"}');
  expect(words(drive, chess)).toBe('write files in its own drive "pkg" [usual]');
  expect(words(drive, "mail:mail:sys" as ProcessId)).toBe(
    'write files in the drive "pkg" of chess:sys [powerful]',
  );
  expect(words(of("vfs:distro:sys", '{"kind":"read","drive":"x"}'))).toBe(
    "read files in the drive x [usual]",
  );
  const key = '[{"package_name":"chess","publisher_node":"sys"},"games"]';
  const database = of("kv:distro:sys", `{"kind":"read","db_key":${key}}`);
  expect(words(database, chess)).toBe('read its own database "games" [usual]');
  expect(words(database)).toBe('read chess:sys\'s database "games" [usual]');
});

test("anything else names its issuer, with the node when it is another", () => {
  expect(words(of("chess:chess:sys", '"messaging"'), chess)).toBe(
    "send messages to itself [usual]",
  );
  expect(words(of("chess:chess:sys", '"messaging"'))).toBe(
    "send messages to chess:chess:sys [usual]",
  );
  expect(words(of("kernel:distro:sys", '"messaging"', "bob.os"))).toBe(
    "send messages to bob.os@kernel:distro:sys [usual]",
  );
  expect(words(of("a:b:c", '{"root":true}'))).toBe("do everything that a:b:c offers [powerful]");
  expect(words(of("a:b:c", "broken"))).toBe("use null of a:b:c [usual]");
  expect(words(of("a:b:c", `"${"x".repeat(500)}"`)).length).toBeLessThan(160);
});
