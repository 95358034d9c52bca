/**
 * What is stored, what comes back, and what a person sees of events.
 * Source: spec/kernel.md §11 points 87–90, 92–94, 97, 98.
 * @module
 */
import { expect, test } from "bun:test";
import { createNodeSigner, createReplaceableSigner } from "@kinode-ts/crypto";
import { verifyCapability } from "@kinode-ts/caps";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store";
import {
  createMemoryNetwork,
  createRecordingPrinter,
  createSeededRandom,
  createVirtualClock,
} from "@kinode-ts/testing";
import { probeScript as script } from "@kinode-ts/testing/probe";
import {
  type Capability,
  type KernelMessage,
  parseAddress,
  type ProcessId,
  type RuntimeModule,
  type SignedCapability,
  type SignedRequest,
} from "@kinode-ts/types";
import { createFunctionExecutor, createKernel, type NativeProcess } from "../src/index.ts";
import { plain } from "./native-probe.ts";
import { createTestNode, NATIVE_PROBE, type TestNode } from "./test-node.ts";

const quiet = (name: string): RuntimeModule => ({
  id: `${name}:distro:sys` as ProcessId,
  handle: () => {},
});
const EXTENSIONS = ["http-server", "http-client", "eth", "kv", "sqlite", "fd-manager"];

/** The same home, started again. */
async function restarted(n: TestNode, options = {}): Promise<TestNode> {
  await n.during(n.kernel.shutdown());
  return await afterCrash(n, options);
}

/** The same home after the program was killed: nothing was said or written at its end. */
async function afterCrash(n: TestNode, options = {}): Promise<TestNode> {
  const again = await createTestNode({ data: n.data, files: n.files, ...options });
  await again.clock.settle();
  return again;
}

function params(n: TestNode, name: string): string[] {
  return n.kernel
    .capabilitiesOf(n.id(name))
    .map(({ issuer, params }) => `${issuer.process} ${params}`)
    .sort();
}

for (const [how, again] of [
  ["shutdown", restarted],
  ["a crash", afterCrash],
] as const) {
  test(`[K87] after ${how} processes with on-exit Restart or Requests run again with their capabilities, memory fresh`, async () => {
    const n = await createTestNode();
    const right: Capability = { issuer: n.at("x"), params: '"right"' };
    await n.start(["r", "q"], { onExit: { kind: "restart" }, capabilities: [right] });
    await n.post("q", script().setOnExit([{ target: n.at("driver:distro:sys"), body: "bye" }]));
    await n.post(
      "r",
      script()
        .saveCapabilities([{ issuer: n.at("r"), params: '"saved"' }])
        .note("in memory"),
    );
    const before = ["r", "q"].map((name) => params(n, name));
    const next = await again(n);
    expect(["r", "q"].map((name) => next.kernel.process(next.id(name))?.state)).toEqual([
      "running",
      "running",
    ]);
    expect(["r", "q"].map((name) => params(next, name))).toEqual(before);
    expect(before[0]).toContain('r:test:sys "saved"');
    await next.letDrive(["r"]);
    expect(await next.tell("r")).toEqual([]);
  });
}

test("[K88] at boot persisted on-exit requests are sent once, before the process starts", async () => {
  const order: string[] = [];
  const watcher: RuntimeModule = {
    id: "watcher:distro:sys" as ProcessId,
    public: true,
    handle: (message) =>
      void order.push(
        `${message.source.process} ${new TextDecoder().decode(message.message.body)}`,
      ),
  };
  const main = async (process: NativeProcess): Promise<void> => {
    order.push("started");
    await process.receive();
  };
  const parts = { modules: [watcher], executors: [createFunctionExecutor({ "/q": main })] };
  const n = await createTestNode({ ...parts, files: new Map([["/q", new Uint8Array(1)]]) });
  const body = new TextEncoder().encode("it died");
  const request = { ...plain(body), expectsResponse: 5 };
  const requests = [{ target: n.at("watcher:distro:sys"), request, blob: undefined }];
  await n.start(["q"], { handle: "/q", onExit: { kind: "requests", requests } });
  expect(order).toEqual(["started"]);
  const next = await restarted(n, parts);
  await next.clock.advance(60_000);
  expect(order).toEqual(["started", "q:test:sys it died", "started"]);
});

test("a networking key that changes while processes run signs what they hold at once, in the store too", async () => {
  const signer = createReplaceableSigner(new Uint8Array(32).fill(3));
  const data = createMemoryStoreData();
  const clock = createVirtualClock();
  const kernel = createKernel(
    {
      store: createMemoryStore(data),
      clock,
      random: createSeededRandom(9),
      printer: createRecordingPrinter(),
      signer,
      network: createMemoryNetwork().port("alice.os"),
      programs: { read: () => Promise.resolve(new Uint8Array(1)) },
      executors: NATIVE_PROBE.executors,
      modules: [],
    },
    { our: "alice.os" },
  );
  await clock.runUntil(kernel.boot());
  const id = "a:test:sys" as ProcessId;
  const right = { issuer: parseAddress("alice.os@x:test:sys"), params: '"right"' };
  const registration = { id, wasmBytesHandle: "/a.wasm", witVersion: 1, public: false } as const;
  await clock.runUntil(
    kernel.register([{ ...registration, onExit: { kind: "restart" }, capabilities: [right] }]),
  );
  const isValid = (held: readonly SignedCapability[]): boolean =>
    held.length > 0 && held.every((capability) => verifyCapability(signer, capability));
  expect(isValid(kernel.capabilitiesOf(id))).toBe(true);
  signer.replace(new Uint8Array(32).fill(4));
  expect(isValid(kernel.capabilitiesOf(id))).toBe(false);
  await clock.runUntil(kernel.resign());
  expect(isValid(kernel.capabilitiesOf(id))).toBe(true);
  const stored = await createMemoryStore(data).capabilities();
  expect(isValid(stored.filter(({ holder }) => holder === id))).toBe(true);
  await clock.runUntil(kernel.shutdown());
});

test("[K89] after a change of the networking key our stored capabilities verify with the new key", async () => {
  const n = await createTestNode();
  await n.start(["a"], {
    onExit: { kind: "restart" },
    capabilities: [{ issuer: n.at("x"), params: '"right"' }],
  });
  const foreign = {
    issuer: { node: "bob.os", process: n.id("b") },
    params: '"theirs"',
    signature: new Uint8Array(64).fill(7),
  };
  await n.grant("a", foreign);
  await n.during(n.kernel.shutdown());
  const signer = createNodeSigner(new Uint8Array(32).fill(200));
  const clock = createVirtualClock();
  const kernel = createKernel(
    {
      store: createMemoryStore(n.data),
      clock,
      random: createSeededRandom(9),
      printer: createRecordingPrinter(),
      signer,
      network: createMemoryNetwork().port("alice.os"),
      programs: { read: (handle) => Promise.resolve(n.files.get(handle)) },
      executors: NATIVE_PROBE.executors,
      modules: [],
    },
    { our: "alice.os" },
  );
  await clock.runUntil(kernel.boot(), 0);
  const held = kernel.capabilitiesOf(n.id("a"));
  const ours = held.filter(({ issuer }) => issuer.node === "alice.os");
  expect(ours.length).toBeGreaterThan(1);
  expect(ours.every((capability) => verifyCapability(signer, capability))).toBe(true);
  expect(held.find(({ issuer }) => issuer.node === "bob.os")?.signature).toEqual(foreign.signature);
  // And they are stored so.
  const stored = await createMemoryStore(n.data).capabilities();
  const rows = stored.filter(
    ({ holder, issuer }) => holder === n.id("a") && issuer.node === "alice.os",
  );
  expect(rows.every((row) => verifyCapability(signer, row))).toBe(true);
});

test("[K90] an entry whose file is missing is reported and removed; others start", async () => {
  const n = await createTestNode({
    files: new Map([["/test:sys/pkg/gone.wasm", new Uint8Array(1)]]),
  });
  await n.start(["stays"], { onExit: { kind: "restart" } });
  await n.start(["gone"], {
    onExit: { kind: "restart" },
    handle: "/test:sys/pkg/gone.wasm",
    run: false,
  });
  n.files.delete("/test:sys/pkg/gone.wasm");
  const next = await restarted(n);
  expect(
    next.lines(0).some((line) => line.includes("gone:test:sys") && line.includes("missing")),
  ).toBe(true);
  expect(next.kernel.process(next.id("gone"))).toBeUndefined();
  expect(next.kernel.process(next.id("stays"))?.state).toBe("running");
  expect(next.data.processes.has(next.id("gone"))).toBe(false);
});

test("[K92] the timer can be messaged without capability, every other module needs one", async () => {
  const got: string[] = [];
  const noting = (name: string): RuntimeModule => ({
    id: `${name}:distro:sys` as ProcessId,
    handle: (message: KernelMessage) => void got.push(message.target.process),
  });
  const timer: RuntimeModule = { ...noting("timer"), public: true };
  const n = await createTestNode({
    modules: [timer, ...EXTENSIONS.map(noting), noting("net"), noting("vfs"), noting("state")],
  });
  await n.start(["a"]);
  const names = ["timer", ...EXTENSIONS, "net", "vfs", "state", "kernel"];
  await n.post(
    "a",
    script().sendRequests(
      names.map((name) => ({ target: n.at(`${name}:distro:sys`), expectsResponse: 60 })),
    ),
  );
  expect(got).toEqual(["timer:distro:sys"]);
  const refused = (await n.inbox("a")).filter((item) => item.startsWith("timeout"));
  expect(refused).toEqual(names.slice(1).map((name) => `timeout ${name}`));
});

test("[K93] Debug ProcessMap lists kernel, net and the nine extensions with empty handle and on-exit Restart", async () => {
  const n = await createTestNode({ modules: EXTENSIONS.map(quiet) });
  const { Debug } = (await n.command({ Debug: "ProcessMap" })) as {
    Debug: { ProcessMap: Record<string, object> };
  };
  const names = [
    "kernel",
    "net",
    "http-server",
    "http-client",
    "timer",
    "eth",
    "vfs",
    "state",
    "kv",
    "sqlite",
    "fd-manager",
  ];
  for (const name of names) {
    expect(Debug.ProcessMap[`${name}:distro:sys`]).toMatchObject({
      wasm_bytes_handle: "",
      on_exit: "Restart",
    });
  }
});

test("[K94] Shutdown writes the process map without on-exit None entries, and they do not start again", async () => {
  const n = await createTestNode();
  await n.start(["none", "late"]);
  await n.start(["kept"], { onExit: { kind: "restart" } });
  await n.post("late", script().setOnExit("restart").setOnExit("none"));
  void n.command("Shutdown");
  await n.during(n.kernel.stopped);
  const stored = [...n.data.processes.keys()].filter((id) => id.endsWith(":test:sys"));
  expect(stored).toEqual([n.id("kept")]);
  const next = await afterCrash(n);
  expect(
    next.kernel
      .processes()
      .filter(({ id }) => id.endsWith(":test:sys"))
      .map(({ id }) => id),
  ).toEqual([n.id("kept")]);
});

test("on-exit None processes of bundled packages come back", async () => {
  const bundled = (id: ProcessId): boolean => id.startsWith("page:");
  const n = await createTestNode({ bundled });
  await n.start(["page", "other"]);
  const next = await restarted(n, { bundled });
  expect(next.kernel.process(next.id("page"))?.state).toBe("running");
  expect(next.kernel.process(next.id("other"))).toBeUndefined();
});

test("a kill and a revoked capability are on disk when the call settles", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"], { onExit: { kind: "restart" } });
  await n.during(n.kernel.revoke([{ holder: n.id("a"), capability: n.messaging("b") }]));
  await n.during(n.kernel.kill(n.id("b")));
  const next = await afterCrash(n);
  expect(next.kernel.process(next.id("b"))).toBeUndefined();
  expect(params(next, "a")).toEqual(['a:test:sys "messaging"']);
});

test("[K97] with events printed from the start every delivered message is shown, refused ones are not", async () => {
  const n = await createTestNode({ eventPrinting: true });
  await n.start(["a", "b"], { onExit: { kind: "restart" } });
  await n.start(["c"]);
  // Boot sends the on-exit requests of the last run: shown as well.
  await n.post("a", script().setOnExit([{ target: n.at("b"), body: "from boot" }]));
  await n.post(
    "a",
    script()
      .sendRequest({ target: n.at("b"), body: "shown" })
      .sendRequest({ target: n.at("c"), body: "refused" }),
  );
  const events = n.lines(3).filter((line) => line.startsWith("id: "));
  expect(events.some((line) => line.includes("body: shown"))).toBe(true);
  expect(events.some((line) => line.includes("body: refused"))).toBe(false);
  const next = await restarted(n, { eventPrinting: true });
  const booted = next.printer.lines.filter(
    ({ verbosity, text }) => verbosity === 3 && text.includes("body: from boot"),
  );
  expect(booted).toHaveLength(1);
});

test("event printing can be switched for all and for one process", async () => {
  const n = await createTestNode();
  await n.start(["a", "b", "c"]);
  const send = (from: string, to: string) =>
    n.post(from, script().sendRequest({ target: n.at(to), body: "x" }));
  n.kernel.debug.setEventPrintingFor(n.id("c"), true);
  await send("a", "b");
  expect(
    n.printer.lines.filter(({ text }) => text.includes("target: alice.os@b:test:sys")),
  ).toHaveLength(0);
  await send("a", "c");
  expect(
    n.printer.lines.filter(
      ({ source, text }) => source === n.id("c") && text.includes("source: alice.os@a:test:sys"),
    ),
  ).toHaveLength(1);
  n.kernel.debug.setEventPrintingFor(n.id("c"), false);
  n.printer.clear();
  await send("a", "c");
  expect(n.lines(3)).toEqual([]);
});

test("a watcher gets every message and failure until it is ended, and nothing is printed for it", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  const seen: string[] = [];
  const end = n.kernel.debug.watch(({ source, target, message }, failure) =>
    seen.push(`${failure ?? message.kind} ${source.process} ${target.process}`),
  );
  const send = (to: string) =>
    n.post("a", script().sendRequest({ target: n.at(to), body: "x", expectsResponse: 5 }));
  n.printer.clear();
  await send("b");
  await send("nobody");
  expect(seen).toContain("request a:test:sys b:test:sys");
  expect(seen).toContain("timeout a:test:sys nobody:test:sys");
  expect(n.printer.lines.filter(({ verbosity }) => verbosity > 2)).toEqual([]);
  end();
  seen.length = 0;
  await send("b");
  expect(seen).toEqual([]);
});

test("[K98] in step-through nothing is delivered until Step, and each Step delivers one", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  const target = n.at("driver:distro:sys");
  const requests = ["1", "2", "3"].map((body) => ({ target, body }));
  await n.post("b", script().on("request", script().sendRequests(requests)));
  expect(n.kernel.debug.toggleStepThrough()).toBe(true);
  n.kernel.inject({
    id: 1,
    source: n.at("a"),
    target: n.at("b"),
    rsvp: undefined,
    message: plain(new Uint8Array(0)) as SignedRequest,
    blob: undefined,
  });
  const seen: number[] = [];
  for (let steps = 0; steps < 6; steps++) {
    await n.clock.settle();
    seen.push(n.driver.received.length);
    n.kernel.debug.step();
  }
  // The first step lets the request to B through, each of the next one of what B sends on it.
  expect(seen).toEqual([0, 0, 1, 2, 3, 3]);
  expect(n.kernel.debug.toggleStepThrough()).toBe(false);
  await n.post("a", script().sendRequest({ target: n.at("b"), body: "free" }));
  expect(n.driver.received).toHaveLength(6);
});

test("leaving step-through lets go what is held, in its order", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  const bodies = ["1", "2", "3"];
  await n.post(
    "a",
    script().on(
      "request",
      script().sendRequests(bodies.map((body) => ({ target: n.at("b"), body }))),
    ),
  );
  await n.post("b", script().sendRequest({ target: n.at("a"), body: "go" }));
  expect(await n.inbox("b")).toEqual(bodies.map((body) => `request a ${body}`));
  n.kernel.debug.toggleStepThrough();
  for (const body of bodies) {
    n.kernel.inject({
      id: 2,
      source: n.at("a"),
      target: n.at("b"),
      rsvp: undefined,
      message: plain(new TextEncoder().encode(body)) as SignedRequest,
      blob: undefined,
    });
  }
  n.kernel.debug.toggleStepThrough();
  expect(await n.inbox("b")).toEqual(bodies.map((body) => `request a ${body}`));
});

test("two runs from the same seed print the same events to the last id", async () => {
  const run = async (): Promise<string[]> => {
    const n = await createTestNode({ eventPrinting: true, seed: 42 });
    await n.start(["a", "b", "c"]);
    await n.post("c", script().on("request", script().sendResponse({ body: "r" })));
    await n.post(
      "a",
      script()
        .sendRequest({ target: n.at("b"), body: "1", expectsResponse: 2 })
        .sendAndAwait({ target: n.at("c"), body: "2", expectsResponse: 2 })
        .sendRequest({ target: n.at("nobody"), body: "3", expectsResponse: 2 }),
    );
    await n.clock.advance(5_000);
    await n.post("a", script().trap());
    return n.lines();
  };
  const first = await run();
  expect(first.filter((line) => line.startsWith("id: ")).length).toBeGreaterThan(3);
  expect(await run()).toEqual(first);
});
