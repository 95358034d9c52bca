/**
 * The life of processes in real WebAssembly: how they start, end, come back and make others.
 * Source: spec/kernel.md §11 points 7, 8, 58, 62, 63, 65, 68, 69, 73–74, 76–84.
 * @module
 */
import { expect, test } from "bun:test";
import { createMemoryNetwork, createVirtualClock } from "@kinode-ts/testing";
import { guestBytes } from "@kinode-ts/testing/guests";
import { type ProbeRecord, probeScript as script } from "@kinode-ts/testing/probe";
import { type Capability, networkCapability, type OnExit, VFS_PROCESS } from "@kinode-ts/types";
import {
  createTestNode,
  DRIVER,
  PROBE_HANDLE,
  type StartOptions,
  type TestNode,
  type TestNodeOptions,
} from "../test-node.ts";
import { wasmProbe } from "./wasm-probe.ts";

const decoder = new TextDecoder();
const RESTART: OnExit = { kind: "restart" };
const LONGEST_FIRST_DELAY_MS = 3_000;

async function createNode(options: TestNodeOptions = {}): Promise<TestNode> {
  return await createTestNode({ probe: wasmProbe(), ...options });
}

async function node(names: readonly string[], options: StartOptions = {}): Promise<TestNode> {
  const n = await createNode();
  await n.start(names, options);
  return n;
}

/** The same home, started again. */
async function restarted(n: TestNode): Promise<TestNode> {
  await n.during(n.kernel.shutdown());
  const again = await createNode({ data: n.data, files: n.files });
  await again.clock.settle();
  return again;
}

async function parentNode(): Promise<TestNode> {
  const n = await node(["a", "b"]);
  await n.grant("a", n.messaging(VFS_PROCESS));
  return n;
}

async function spawned(n: TestNode, spawn: object): Promise<unknown> {
  const records = await n.tell("a", script().spawn({ wasmPath: PROBE_HANDLE, ...spawn }));
  return records.flatMap((record) => (record.op === "spawn" ? [record.result] : []))[0];
}

function received(records: readonly ProbeRecord[]) {
  return records.flatMap((record) => (record.op === "receive" ? [record.delivery] : []));
}

function params(records: readonly ProbeRecord[]): string[] {
  return received(records).flatMap((item) =>
    item.kind === "message" ? item.message.capabilities.map((held) => held.params) : [],
  );
}

function held(n: TestNode, name: string): string[] {
  return n.kernel
    .capabilitiesOf(n.id(name))
    .map(({ issuer, params }) => `${issuer.process} ${params}`)
    .toSorted();
}

async function isListed(n: TestNode, name: string): Promise<boolean> {
  const { Debug } = (await n.command({ Debug: "ProcessMap" })) as {
    Debug: { ProcessMap: Record<string, unknown> };
  };
  return n.id(name) in Debug.ProcessMap;
}

/** Starts a file as a process and lets it run. */
async function startFile(
  n: TestNode,
  name: string,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  const handle = `/test:sys/pkg/${file}.wasm`;
  n.files.set(handle, bytes);
  await n.start([name], { handle });
}

test("[K7] a child whose name is not safe traps its parent", async () => {
  const n = await parentNode();
  await n.post("a", script().spawn({ name: "My_proc", wasmPath: PROBE_HANDLE }));
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
  expect(
    n.lines(0).some((line) => line.includes("a:test:sys ended") && line.includes("My_proc")),
  ).toBe(true);
});

test("[K8] a child without a name is named by a decimal u64", async () => {
  const n = await parentNode();
  const { process } = (await spawned(n, {})) as { process: string };
  expect(process).toMatch(/^[0-9]+:test:sys$/);
  expect(BigInt(process.split(":")[0]!) < 2n ** 64n).toBe(true);
});

test("[K62] a fresh child holds messaging itself and its parent, the parent messaging the child", async () => {
  const n = await parentNode();
  await spawned(n, { name: "child" });
  await n.letDrive(["child"]);
  const [list] = await n.tell("child", script().ourCapabilities());
  if (list?.op !== "our-capabilities") throw new Error("no list");
  expect(list.capabilities).toHaveLength(2);
  expect(list.capabilities).toContainEqual(n.messaging("child"));
  expect(list.capabilities).toContainEqual(n.messaging("a"));
  expect(held(n, "a")).toContain('child:test:sys "messaging"');
});

test("[K63] a child gets of the requested capabilities those its parent holds or issues", async () => {
  const n = await parentNode();
  const requestCapabilities = [
    { issuer: n.at("a"), params: '"own"' },
    n.messaging(VFS_PROCESS),
    { issuer: n.at("b"), params: '"forged"' },
  ];
  await spawned(n, { name: "child", requestCapabilities });
  expect(held(n, "child")).toEqual([
    'a:test:sys "messaging"',
    'a:test:sys "own"',
    'child:test:sys "messaging"',
    'vfs:distro:sys "messaging"',
  ]);
});

test("[K82] spawn of an unreadable path is no-file-at-path, of a name in use name-taken", async () => {
  const n = await parentNode();
  expect(await spawned(n, { wasmPath: "/none" })).toEqual({ ok: false, error: "no-file-at-path" });
  expect(await spawned(n, { name: "b" })).toEqual({ ok: false, error: "name-taken" });
  expect(await n.inbox("b")).toEqual([]);
});

test("[K58] local capabilities pass unchanged; remote ones naming us need our signature, others pass", async () => {
  const shared = { clock: createVirtualClock(), network: createMemoryNetwork() };
  const alice = await createNode({ ...shared });
  const bob = await createNode({ our: "bob.os", ...shared });
  for (const n of [alice, bob]) {
    await n.start(["a", "b"]);
    for (const name of ["a", "b"]) await n.grant(name, networkCapability(n.our));
  }
  const issued: Capability = { issuer: alice.at("a"), params: '"issued"' };
  const forged: Capability = { issuer: alice.at("a"), params: '"forged"' };
  const theirs: Capability = { issuer: bob.at("b"), params: '"theirs"' };
  const third: Capability = { issuer: { ...bob.at("b"), node: "carol.os" }, params: '"third"' };
  // Local: unchanged.
  await alice.post("a", script().sendRequest({ target: alice.at("b"), capabilities: [issued] }));
  expect(params(await alice.tell("b"))).toEqual(['"issued"']);
  // To the other node and back: ours comes with our signature, a forged one without.
  await alice.post("a", script().sendRequest({ target: bob.at("b"), capabilities: [issued] }));
  expect(params(await bob.tell("b", script().saveCapabilities([issued])))).toEqual(['"issued"']);
  await bob.grant("b", forged, third);
  const capabilities = [issued, forged, theirs, third];
  await bob.post("b", script().sendRequest({ target: alice.at("a"), capabilities }));
  expect(params(await alice.tell("a"))).toEqual(['"issued"', '"theirs"', '"third"']);
});

test("[K69] what is sent between initialize and run is delivered after the start, without the run message", async () => {
  const n = await node(["a"]);
  await n.start(["b"], { run: false });
  await n.grant("a", n.messaging("b"));
  const send = (body: string) => ({ target: n.at("b"), body });
  await n.post("a", script().sendRequests([send("1"), send("2")]));
  expect(await n.command({ RunProcess: "b:test:sys" })).toBe("StartedProcess");
  expect(await n.inbox("b")).toEqual(["request a 1", "request a 2"]);
});

for (const [how, end] of [
  ["returns", script().return()],
  ["traps", script().trap()],
  ["exits", script().exit(0)],
  ["runs out of stack", script().recurse()],
] as const) {
  test(`[K73] with on-exit None a process that ${how} is gone`, async () => {
    const n = await node(["a"]);
    expect(await isListed(n, "a")).toBe(true);
    await n.post("a", end);
    expect(await isListed(n, "a")).toBe(false);
  });

  test(`[K74] with on-exit Restart a process that ${how} runs again as it was`, async () => {
    const right: Capability = {
      issuer: { node: "alice.os", process: VFS_PROCESS },
      params: '"right"',
    };
    const n = await node(["a"], { onExit: RESTART, public: true, capabilities: [right] });
    const before = held(n, "a");
    await n.post("a", script().note("in memory"));
    await n.post("a", end);
    await n.clock.advance(LONGEST_FIRST_DELAY_MS);
    expect(await n.tell("a", script().our())).toEqual([{ op: "our", address: n.at("a") }]);
    expect(n.kernel.process(n.id("a"))).toMatchObject({ state: "running", public: true });
    expect(held(n, "a")).toEqual(before);
  });
}

test("[K65] after a crash and restart others may still message it and it keeps its own capabilities", async () => {
  const n = await node(["a"]);
  await n.start(["b"], { onExit: RESTART, capabilities: [n.messaging("a")] });
  await n.grant("a", n.messaging("b"));
  await n.post("b", script().trap());
  await n.clock.advance(LONGEST_FIRST_DELAY_MS);
  await n.post("a", script().sendRequest({ target: n.at("b"), body: "there?" }));
  expect(await n.inbox("b")).toEqual(["request a there?"]);
  await n.post("b", script().sendRequest({ target: n.at("a"), body: "yes" }));
  expect(await n.inbox("a")).toEqual(["request b yes"]);
});

test("[K68] [K76] on-exit requests reach whom the process may message, with what it may attach, expecting nothing", async () => {
  const n = await node(["a", "b"]);
  await n.start(["stranger"]);
  const capabilities = [
    { issuer: n.at("a"), params: '"own"' },
    { issuer: n.at(VFS_PROCESS), params: '{"root":true}' },
  ];
  const bye = { target: n.at("b"), body: "bye", expectsResponse: 7, capabilities };
  await n.post(
    "a",
    script()
      .setOnExit([bye, { target: n.at("stranger"), body: "bye" }])
      .trap(),
  );
  expect(received(await n.tell("b"))).toMatchObject([
    {
      source: n.at("a"),
      message: {
        kind: "request",
        expectsResponse: undefined,
        capabilities: [{ issuer: n.at("a"), params: '"own"' }],
      },
    },
  ]);
  expect(await n.inbox("stranger")).toEqual([]);
});

test("[K77] KillProcess does not carry out on-exit", async () => {
  const n = await node(["a", "b"]);
  await n.post("a", script().setOnExit([{ target: n.at("b"), body: "bye" }]));
  await n.command({ KillProcess: "a:test:sys" });
  await n.start(["r"], { onExit: RESTART });
  await n.command({ KillProcess: "r:test:sys" });
  await n.clock.advance(10_000);
  expect(await n.inbox("b")).toEqual([]);
  expect(n.kernel.process(n.id("r"))).toBeUndefined();
});

test("[K78] set-on-exit decides at the exit and after a node restart, also from None to Restart", async () => {
  const n = await node(["a", "b"]);
  await n.post("a", script().setOnExit("restart"));
  await n.post("a", script().trap());
  await n.clock.advance(LONGEST_FIRST_DELAY_MS);
  expect(n.kernel.process(n.id("a"))?.state).toBe("running");
  await n.post("b", script().setOnExit([{ target: n.at("a"), body: "bye" }]));
  const again = await restarted(n);
  await again.letDrive(["a", "b"]);
  // The node has ended, and with it the process: its requests are sent, and it runs on with them.
  expect(await again.inbox("a")).toEqual(["request b bye"]);
  const [told] = await again.tell("b", script().getOnExit());
  expect(told).toMatchObject({ op: "get-on-exit", onExit: { kind: "requests" } });
});

const core = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
for (const [what, bytes] of [
  ["text", new TextEncoder().encode("garbage")],
  ["nothing", new Uint8Array(0)],
  ["a core module", core],
  ["half a component", guestBytes("probe-1.0.0").slice(0, 20_000)],
] as const) {
  test(`[K79] ${what} as a component initializes, then ends as crashed; the others go on`, async () => {
    const n = await node(["a", "b"]);
    n.files.set("/test:sys/pkg/junk.wasm", bytes);
    const handle = "/test:sys/pkg/junk.wasm";
    await n.start(["junk"], { handle, run: false });
    expect(await isListed(n, "junk")).toBe(true);
    expect(await n.command({ RunProcess: "junk:test:sys" })).toBeString();
    await n.clock.settle();
    expect(await isListed(n, "junk")).toBe(false);
    expect(n.lines(0).filter((line) => line.startsWith("junk:test:sys ended: "))).toHaveLength(1);
    await n.post("a", script().sendRequest({ target: n.at("b"), body: "on" }));
    expect(await n.inbox("b")).toEqual(["request a on"]);
  });
}

/** The probe as if it had been made for an interface that nobody has. */
function unknownImport(): Uint8Array {
  const text = Buffer.from(guestBytes("probe-1.0.0")).toString("latin1");
  return new Uint8Array(Buffer.from(text.replaceAll("standard@1.0.0", "standard@7.7.7"), "latin1"));
}

test("[K80] a component that imports an unknown interface says which, and its id can be used again", async () => {
  const n = await createNode();
  await startFile(n, "odd", "odd", unknownImport());
  const [line] = n.lines(0).filter((text) => text.startsWith("odd:test:sys ended: "));
  expect(line).toContain("standard@7.7.7");
  expect(await isListed(n, "odd")).toBe(false);
  await n.start(["odd"]);
  expect(await n.tell("odd", script().our())).toEqual([{ op: "our", address: n.at("odd") }]);
});

test("[K81] the end of stderr is in the line of a trap, and 10 kB of it end nothing", async () => {
  const n = await node(["a"]);
  await n.post("a", script().stderr("x".repeat(10_000)).note("alive"));
  expect(await n.tell("a")).toEqual([{ op: "note", text: "alive" }]);
  await n.post("a", script().stderr("the last words").trap());
  const [line] = n.lines(0).filter((text) => text.startsWith("a:test:sys ended: "));
  expect(line).toEndWith("the last words");
  expect(line!.length).toBeLessThan(6_000);
});

test("[K83] state: none, the bytes across restart, kill and re-initialization, then none", async () => {
  const state = async (n: TestNode, before = script()) =>
    (await n.tell("a", before.getState())).map((record) =>
      record.op === "get-state" && record.bytes !== undefined
        ? decoder.decode(record.bytes)
        : undefined,
    );
  const n = await node(["a"], { onExit: RESTART });
  expect(await state(n)).toEqual([undefined]);
  await n.post("a", script().setState("kept"));
  const again = await restarted(n);
  await again.letDrive(["a"]);
  expect(await state(again)).toEqual(["kept"]);
  await again.command({ KillProcess: "a:test:sys" });
  await again.start(["a"]);
  expect(await state(again)).toEqual(["kept"]);
  expect(await state(again, script().clearState())).toEqual([undefined]);
});

test("a process that sleeps is killed at once and never wakes", async () => {
  const n = await createNode();
  await startFile(n, "sleeper", "sleep", guestBytes("sleep"));
  await n.start(["a"]);
  await n.during(n.kernel.kill(n.id("sleeper")));
  await new Promise((resolve) => setTimeout(resolve, 80));
  await n.clock.settle();
  expect(n.lines(0).filter((line) => line.includes("awake"))).toEqual([]);
});

test("a component that is replaced while it waits keeps its mailbox and its state", async () => {
  const n = await node(["a", "b"]);
  await n.tell("a", script().setState("kept"));
  await n.post("a", script().sendAndAwait({ target: n.at("b"), expectsResponse: 3_600 }));
  await n.post("a", script().getState().report(n.at(DRIVER)));
  expect(n.reportsOf("a")).toHaveLength(1);
  const replaced = n.kernel.replace([n.id("a")]);
  await n.clock.advance(200);
  expect((await n.during(replaced)).get(n.id("a"))).toBeUndefined();
  await n.clock.settle();
  const states = n
    .reportsOf("a")[1]!
    .flatMap((record) => (record.op === "get-state" ? [decoder.decode(record.bytes)] : []));
  expect(states).toEqual(["kept"]);
});
