import { expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "@kinode-ts/testing/free-port";
import { checks } from "./interop-checks.ts";
import { readPeer, startInterop } from "./interop-node.ts";

test("a peer is read from one line, with and without web socket", () => {
  const key = "ab".repeat(32);
  const peer = { name: "other.os", ip: "1.2.3.4", tcp: 10_000, ws: 0, key };
  expect(readPeer(`other.os@1.2.3.4:10000#0x${key}`)).toEqual(peer);
  expect(readPeer(`other.os@[::1]:10000,9000#${key}`)).toEqual({ ...peer, ip: "::1", ws: 9_000 });
  for (const wrong of ["", "other.os", "other.os@1.2.3.4#ab", `@1.2.3.4:1#${key}`]) {
    expect(readPeer(wrong)).toBeUndefined();
  }
});

test("without a peer it says what it needs, and exits with 2", () => {
  const { exitCode, stderr } = Bun.spawnSync([
    process.execPath,
    join(import.meta.dir, "interop.ts"),
  ]);
  expect(exitCode).toBe(2);
  expect(stderr.toString()).toContain("Needs a running node of the implementation in Rust");
});

/** Stands in for the other implementation: what is tried holds with a node that behaves. */
test("the checks hold with a node that behaves, and name what does not", async () => {
  const [ours, theirs] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  let isRight = true;
  const ports = [freePort(), 0] as const;
  const key = async (seed: Uint8Array) => {
    const node = await startInterop({ name: "x.os", seed, port: 0, peers: [] });
    node.stop();
    return node.key;
  };
  const other = await startInterop({
    name: "other.os",
    seed: theirs,
    port: ports[0],
    peers: [{ name: "interop.os", ip: "127.0.0.1", tcp: 1, ws: 0, key: await key(ours) }],
    answer: ({ target, message }) => {
      if (target.process === "net:distro:sys") return new TextEncoder().encode("ack");
      return isRight ? message.body : message.body.slice(1);
    },
  });
  const peer = { name: "other.os", ip: "127.0.0.1", tcp: ports[0], ws: 0, key: await key(theirs) };
  const node = await startInterop({ name: "interop.os", seed: ours, port: 0, peers: [peer] });
  const run = async (): Promise<string[]> => {
    const results: string[] = [];
    for (const each of checks({ echo: "echo:echo:sys", messages: 500, patienceSeconds: 0.01 })) {
      results.push(`${each.point} ${(await each.run(node, "other.os")).kind}`);
    }
    return results;
  };
  expect(await run()).toEqual([
    "N101 held",
    "N101 skipped",
    "N102 held",
    "N102 held",
    "N103 held",
    "N104 skipped",
  ]);
  isRight = false;
  expect((await run()).slice(2, 4)).toEqual(["N102 failed", "N102 failed"]);
  node.stop();
  other.stop();
}, 120_000);
