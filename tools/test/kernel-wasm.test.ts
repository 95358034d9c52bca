/** The kernel driven from WebAssembly on all four interfaces: the scenarios of `packages/kernel`, and where versions differ. */
import { createComponentExecutor } from "@kinode-ts/component";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import { decodeProbeReport, probeScript, type ProbeRecord } from "@kinode-ts/testing/probe";
import { VFS_PROCESS } from "@kinode-ts/types";
import { expect, test } from "bun:test";
import { defineScenarios } from "../../packages/kernel/test/scenarios.ts";
import {
  createTestNode,
  type ProbeKind,
  type TestNode,
} from "../../packages/kernel/test/test-node.ts";

const VERSIONS = ["0.7.0", "0.8.0", "1.0.0", "hyperware-1.0.0"] as const;
type Version = (typeof VERSIONS)[number];

const executor = createComponentExecutor({
  clock: createVirtualClock(),
  random: createSeededRandom(1),
});
const handleOf = (version: Version): string => `/test:sys/pkg/probe-${version}.wasm`;
const probeOf = (version: Version): ProbeKind => ({
  label: `wasm ${version}`,
  handle: handleOf(version),
  bytes: guestBytes(`probe-${version}`),
  decode: decodeProbeReport,
  executors: [executor],
});
const FILES = new Map(
  VERSIONS.map((version) => [handleOf(version), guestBytes(`probe-${version}`)]),
);

// Compiling happens off the thread, in real time; tests on a virtual clock find the programs compiled.
const programs = await Promise.all(
  VERSIONS.map((version) =>
    executor.prepare({ handle: handleOf(version), bytes: FILES.get(handleOf(version))! }),
  ),
);

// The kernel's own suite runs them on kinode:process@1.0.0.
defineScenarios(probeOf("hyperware-1.0.0"));

/** A node with one probe of each version, named by it, all allowed to message each other. */
async function mixedNode(): Promise<TestNode> {
  const node = await createTestNode({ probe: probeOf("1.0.0"), files: new Map(FILES) });
  for (const version of VERSIONS)
    await node.start([nameOf(version)], { handle: handleOf(version) });
  for (const from of VERSIONS) {
    await node.grant(nameOf(from), ...VERSIONS.map((to) => node.messaging(nameOf(to))));
  }
  return node;
}

const nameOf = (version: Version): string => `p-${version.replaceAll(".", "-")}`;
const ofKind = <K extends ProbeRecord["op"]>(
  records: readonly ProbeRecord[],
  op: K,
): Extract<ProbeRecord, { op: K }> =>
  records.find((record): record is Extract<ProbeRecord, { op: K }> => record.op === op)!;

test("programs of all four interfaces are prepared", () => {
  expect(programs).toHaveLength(4);
});

test("[K1] init receives the process's own address, and our() returns the same", async () => {
  const node = await mixedNode();
  for (const version of ["1.0.0", "hyperware-1.0.0"] as const) {
    const name = nameOf(version);
    const own = node.at(name);
    // "self" is the address the probe has parsed from the argument of init.
    const script = probeScript().our().sendRequest({ target: "self", body: "to myself" });
    expect(ofKind(await node.tell(name, script), "our").address).toEqual(own);
    expect(await node.inbox(name)).toEqual([`request ${name} to myself`]);
  }
});

test("[K2] components of 0.8.0 and 1.0.0 run side by side, chosen by what they import", async () => {
  const node = await mixedNode();
  for (const version of VERSIONS) {
    expect(node.kernel.process(node.id(nameOf(version)))?.state).toBe("running");
  }
  const [older, newer] = [nameOf("0.8.0"), nameOf("1.0.0")];
  await node.post(newer, probeScript().on("request", probeScript().sendResponse({ body: "pong" })));
  await node.post(
    older,
    probeScript().sendRequest({ target: node.at(newer), body: "ping", expectsResponse: 5 }),
  );
  expect(await node.inbox(older)).toEqual([`response ${newer} pong`]);
  expect(await node.inbox(newer)).toEqual([`request ${older} ping`]);
});

test("[K3] a send-error tells its target to 0.8.0 and later, not to 0.7.0", async () => {
  const node = await mixedNode();
  const nobody = node.at("nobody");
  for (const version of VERSIONS) {
    const name = nameOf(version);
    await node.post(
      name,
      probeScript().sendRequest({ target: nobody, body: "lost", expectsResponse: 9, context: "c" }),
    );
    const [record] = await node.tell(name);
    if (record?.op !== "receive") throw new Error("nothing received");
    const { delivery } = record;
    if (delivery.kind !== "send-error") throw new Error("no send-error");
    expect(delivery.error.target).toEqual(version === "0.7.0" ? undefined : nobody);
    expect(delivery.error.kind).toBe("timeout");
    expect(new TextDecoder().decode(delivery.error.message.body)).toBe("lost");
    expect(new TextDecoder().decode(delivery.context)).toBe("c");
  }
});

test("[K4] spawn from 0.8.0 grants each listed process exactly messaging the child", async () => {
  const node = await mixedNode();
  const parent = nameOf("0.8.0");
  const listed = [nameOf("1.0.0"), nameOf("0.7.0")];
  await node.grant(parent, node.messaging(VFS_PROCESS));
  const before = new Map(
    listed.map((name) => [name, node.kernel.capabilitiesOf(node.id(name)).length]),
  );
  const records = await node.tell(
    parent,
    probeScript().spawn({
      name: "child",
      wasmPath: handleOf("0.8.0"),
      grantCapabilities: listed.map((name) => ({ process: node.id(name), params: '"ignored"' })),
    }),
  );
  expect(ofKind(records, "spawn").result).toEqual({ ok: true, process: node.id("child") });
  for (const name of listed) {
    const held = node.kernel.capabilitiesOf(node.id(name));
    expect(held.length).toBe(before.get(name)! + 1);
    const fromChild = held.filter((capability) => capability.issuer.process === node.id("child"));
    expect(fromChild.map(({ params }) => params)).toEqual(['"messaging"']);
  }
});

test("[K81] a trapping process's stderr text is in its level-0 line; 10 kB of it does not kill it", async () => {
  const node = await mixedNode();
  const [talker, victim] = [nameOf("1.0.0"), nameOf("0.8.0")];
  expect(await node.tell(talker, probeScript().stderr("x".repeat(10_000)).note("alive"))).toEqual([
    { op: "note", text: "alive" },
  ]);
  await node.post(victim, probeScript().stderr("the last words").trap());
  expect(node.kernel.process(node.id(victim))).toBeUndefined();
  expect(node.lines(0).filter((line) => line.includes("the last words"))).toHaveLength(1);
});

test("a component that exhausts its stack or its memory ends alone", async () => {
  const node = await mixedNode();
  const [greedy, deep, other] = [nameOf("1.0.0"), nameOf("0.8.0"), nameOf("0.7.0")];
  const { pagesBefore } = ofKind(await node.tell(greedy, probeScript().grow(60_000)), "grow");
  expect(pagesBefore).toBe(0xffff_ffff);
  await node.post(deep, probeScript().recurse());
  expect(node.kernel.process(node.id(deep))).toBeUndefined();
  expect(await node.tell(other, probeScript().note("here"))).toEqual([
    { op: "note", text: "here" },
  ]);
});

test("state, on-exit and capabilities cross the WIT of every version unchanged", async () => {
  const node = await mixedNode();
  for (const version of VERSIONS) {
    const name = nameOf(version);
    const own = { issuer: node.at(name), params: '{"a":[1,2]}' };
    const records = await node.tell(
      name,
      probeScript()
        .setState(new Uint8Array([0, 255, 7]))
        .getState()
        .setOnExit([
          { target: node.at(nameOf("1.0.0")), body: "bye", blob: { mime: "m/n", bytes: "b" } },
        ])
        .getOnExit()
        .saveCapabilities([own])
        .ourCapabilities(),
    );
    expect(ofKind(records, "get-state").bytes).toEqual(new Uint8Array([0, 255, 7]));
    expect(ofKind(records, "get-on-exit").onExit).toMatchObject({
      kind: "requests",
      requests: [{ target: node.at(nameOf("1.0.0")), blob: { mime: "m/n" } }],
    });
    expect(ofKind(records, "our-capabilities").capabilities).toContainEqual(own);
  }
});
