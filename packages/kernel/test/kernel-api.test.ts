/**
 * What the program that composes a node, tools and pages use of the kernel.
 * @module
 */
import { expect, test } from "bun:test";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store";
import { probeScript as script } from "@kinode-ts/testing/probe";
import {
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type SendErrorKind,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { createFunctionExecutor, type KernelEvent } from "../src/index.ts";
import { createTestNode, PROBE_HANDLE } from "./test-node.ts";

const encoder = new TextEncoder();
const REGISTRATION = {
  wasmBytesHandle: PROBE_HANDLE,
  witVersion: 1,
  onExit: { kind: "restart" },
  public: false,
  capabilities: [],
} as const;

test("register replaces a running process and keeps what others hold of it", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"], { onExit: { kind: "restart" } });
  await n.during(n.kernel.register([{ ...REGISTRATION, id: n.id("b"), public: true }]));
  expect(n.kernel.process(n.id("b"))).toMatchObject({ state: "initialized", public: true });
  await n.during(n.kernel.run([n.id("b")]));
  await n.post("a", script().sendRequest({ target: n.at("b"), body: "new" }));
  expect(await n.inbox("b")).toEqual(["request a new"]);
  expect(n.data.processes.get(n.id("b"))).toMatchObject({ public: true });
});

test("register is all or nothing", async () => {
  const n = await createTestNode({ limits: { maxProcessCount: 2 } });
  const both = [n.id("x"), n.id("y"), n.id("z")].map((id) => ({ ...REGISTRATION, id }));
  expect(n.kernel.register(both)).rejects.toThrow("the node's limit is 2");
  const part = [n.id("x"), VFS_PROCESS].map((id) => ({ ...REGISTRATION, id }));
  expect(n.kernel.register(part)).rejects.toThrow("part of the node");
  await n.clock.settle();
  expect(n.kernel.process(n.id("x"))).toBeUndefined();
  expect(n.data.processes.has(n.id("x"))).toBe(false);
});

test("run tells for each process why it could not start", async () => {
  const n = await createTestNode();
  await n.start(["good"], { run: false });
  await n.start(["bad"], { run: false, handle: "/missing.wasm" });
  const outcomes = await n.during(n.kernel.run([n.id("good"), n.id("bad"), n.id("none")]));
  expect(outcomes.get(n.id("good"))).toBeUndefined();
  expect(outcomes.get(n.id("bad"))).toBe("there is no file /missing.wasm");
  expect(outcomes.get(n.id("none"))).toBe("There is no such process");
});

test("kill answers whether there was a process, grants can be kept", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  expect(await n.during(n.kernel.kill(n.id("nobody")))).toBe(false);
  expect(await n.during(n.kernel.kill(VFS_PROCESS))).toBe(false);
  expect(await n.during(n.kernel.kill(n.id("b"), { keepGrants: true }))).toBe(true);
  expect(
    n.kernel.capabilitiesOf(n.id("a")).some(({ issuer }) => issuer.process === n.id("b")),
  ).toBe(true);
});

test("a capability can be withdrawn and given back while processes run", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  const grant = [{ holder: n.id("a"), capability: n.messaging("b") }];
  const ask = script().sendRequest({ target: n.at("b"), expectsResponse: 5 });
  await n.during(n.kernel.revoke(grant));
  await n.post("a", ask);
  expect(await n.inbox("a")).toEqual(["timeout b"]);
  await n.during(n.kernel.grant(grant));
  await n.post("b", script().on("request", script().sendResponse({ body: "ok" })));
  await n.post("a", ask);
  expect(await n.inbox("a")).toEqual(["response b ok"]);
});

test("a withdrawn capability cannot be saved again from a message, until it is given back", async () => {
  const n = await createTestNode();
  await n.start(["a", "b", "accomplice"]);
  const right = n.messaging("b");
  const grant = [{ holder: n.id("a"), capability: right }];
  const holds = () =>
    n.kernel.capabilitiesOf(n.id("a")).some(({ issuer }) => issuer.process === n.id("b"));
  // It keeps the capability in a message to itself, received before and after the withdrawal.
  await n.post("a", script().sendRequest({ target: "self", capabilities: [right] }));
  await n.during(n.kernel.revoke(grant));
  await n.post("a", script().saveCapabilities([right]));
  expect(holds()).toBe(false);
  await n.post("accomplice", script().sendRequest({ target: n.at("a"), capabilities: [right] }));
  await n.post("a", script().saveCapabilities([right]));
  expect(holds()).toBe(false);
  await n.during(n.kernel.grant(grant));
  await n.post("a", script().dropCapabilities([right]).saveCapabilities([right]));
  expect(holds()).toBe(true);
});

test("capabilities that are not JSON text are neither given nor saved, with a line (W31)", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  const bad = { issuer: n.at("a"), params: "messaging" };
  await n.grant("a", bad);
  await n.post("a", script().saveCapabilities([bad]));
  expect(n.kernel.capabilitiesOf(n.id("a")).map(({ params }) => params)).toEqual(['"messaging"']);
  expect(n.lines(1).filter((line) => line.includes("JSON text"))).toHaveLength(2);
});

test("listeners hear of processes and capabilities until they stop listening", async () => {
  const n = await createTestNode();
  const events: KernelEvent[] = [];
  const stop = n.kernel.subscribe((event) => events.push(event));
  n.kernel.subscribe(() => {
    throw new Error("a page that failed");
  });
  await n.start(["a"]);
  expect(events).toContainEqual({ kind: "process-started", process: n.id("a") });
  expect(events).toContainEqual({ kind: "capabilities-changed", process: n.id("a") });
  await n.post("a", script().trap());
  expect(events.at(-1)).toMatchObject({
    kind: "process-ended",
    process: n.id("a"),
    reason: "unreachable",
  });
  stop();
  const { length } = events;
  await n.start(["b"]);
  expect(events).toHaveLength(length);
});

test("modules: filtered capabilities, undeliverable requests, grants of their own, ends of processes", async () => {
  let context!: ModuleContext;
  const failed: [number, SendErrorKind][] = [];
  const ended: ProcessId[] = [];
  const module: RuntimeModule = {
    id: "http-server:distro:sys" as ProcessId,
    start: (given) => void (context = given),
    handle: () => {},
    sendError: ({ id }: KernelMessage, kind) => void failed.push([Number(id), kind]),
    processEnded: (process) => void ended.push(process),
  };
  const n = await createTestNode({ modules: [module] });
  await n.start(["a"]);
  await n.start(["b"], { public: true });
  const id = context.send({ target: n.at("a"), body: encoder.encode("x"), expectsResponse: 5 });
  expect(failed).toEqual([]);
  await n.clock.settle();
  expect(failed).toEqual([[Number(id), "timeout"]]);
  const own = { issuer: context.address, params: '{"own":1}' };
  const foreign = { issuer: n.at("a"), params: '"foreign"' };
  context.send({ target: n.at("b"), body: encoder.encode("x"), capabilities: [own, foreign] });
  const [record] = await n.tell("b");
  if (record?.op !== "receive" || record.delivery.kind !== "message") throw new Error("nothing");
  expect(record.delivery.message.capabilities).toEqual([own]);
  expect(await n.during(context.grant(n.id("b"), [own, foreign]))).toBe(true);
  expect(context.holds(n.id("b"), own)).toBe(true);
  expect(context.holds(n.id("b"), foreign)).toBe(false);
  expect(await n.during(context.grant(n.id("nobody"), [own]))).toBe(false);
  expect([context.exists(n.id("b")), context.exists(n.id("nobody"))]).toEqual([true, false]);
  await n.post("b", script().return());
  expect(ended).toEqual([n.id("b")]);
});

test("a module is told when another node is out of reach, also of requests that expect no response", async () => {
  let context!: ModuleContext;
  const failed: SendErrorKind[] = [];
  const module: RuntimeModule = {
    id: "eth:distro:sys" as ProcessId,
    start: (given) => void (context = given),
    handle: () => {},
    sendError: (_message, kind) => void failed.push(kind),
  };
  const n = await createTestNode({ modules: [module] });
  const target = { node: "nobody.os", process: "eth:distro:sys" as ProcessId };
  context.send({ target, body: encoder.encode("x") });
  context.respondTo(target, 7, { body: encoder.encode("x") });
  await n.clock.settle();
  expect(failed).toEqual(["offline"]);
});

test("a module is told of each request that a process has no room for, also when it expects no response", async () => {
  let context!: ModuleContext;
  const failed: (readonly [number, SendErrorKind])[] = [];
  const module: RuntimeModule = {
    id: "http-client:distro:sys" as ProcessId,
    start: (given) => void (context = given),
    handle: () => {},
    sendError: ({ id }: KernelMessage, kind) => void failed.push([Number(id), kind]),
  };
  const n = await createTestNode({ modules: [module], limits: { senderQuotaCount: 2 } });
  await n.start(["a"], { public: true });
  const send = () => Number(context.send({ target: n.at("a"), body: encoder.encode("x") }));
  const ids = [send(), send(), send(), send()];
  expect(failed).toEqual([]);
  await n.clock.settle();
  expect(failed).toEqual(ids.slice(2).map((id) => [id, "timeout"] as const));
});

test("a state that cannot be written or read traps its process without telling it about the disk (W23)", async () => {
  const data = createMemoryStoreData();
  const n = await createTestNode({ data });
  await n.start(["a"]);
  data.states.get = () => {
    throw new Error("EIO /home/alice/kernel.sqlite");
  };
  await n.post("a", script().getState());
  expect(n.lines(0)).toContain("a:test:sys ended: The state could not be read from disk");
  expect(n.lines(0).some((line) => line.includes("EIO"))).toBe(true);
  await n.start(["b"]);
  data.states.set = () => {
    throw new Error("ENOSPC");
  };
  await n.post("b", script().setState("x"));
  expect(n.lines(0)).toContain("b:test:sys ended: The state could not be written to disk");
  expect(n.kernel.process(n.id("b"))).toBeUndefined();
});

test("a process that floods itself is refused above its quota and goes on", async () => {
  const n = await createTestNode({ limits: { senderQuotaCount: 10 } });
  await n.start(["a"]);
  await n.post(
    "a",
    script()
      .repeat(50, script().sendRequest({ target: "self", body: "x" }))
      .note("done"),
  );
  const records = await n.tell("a");
  expect(records.filter(({ op }) => op === "note")).toHaveLength(1);
  expect(n.kernel.process(n.id("a"))?.refusedCount).toBe(40);
});

test("a child named kernel has no more authority than another", async () => {
  const n = await createTestNode();
  await n.start(["a", "victim"], { capabilities: [n.messaging(VFS_PROCESS)] });
  await n.tell("a", script().spawn({ name: "kernel", wasmPath: PROBE_HANDLE }));
  await n.letDrive(["kernel"]);
  await n.post(
    "a",
    script().sendRequest({ target: n.at("kernel"), body: '{"KillProcess":"victim:test:sys"}' }),
  );
  expect(await n.inbox("kernel")).toEqual(['request a {"KillProcess":"victim:test:sys"}']);
  await n.post(
    "kernel",
    script().sendRequest({ target: n.at("victim"), body: "?", expectsResponse: 5 }),
  );
  expect(await n.inbox("kernel")).toEqual(["timeout victim"]);
  expect(n.kernel.process(n.id("victim"))?.state).toBe("running");
});

test("changes of the layers above are committed in the kernel's order", async () => {
  const n = await createTestNode();
  const put = (value: string) =>
    ({ kind: "put-record", space: "packages", key: "chat", value }) as const;
  const first = n.kernel.commit([put("1")]);
  const second = n.kernel.commit([put("2")]);
  await n.during(Promise.all([first, second]));
  expect(await createMemoryStore(n.data).record("packages", "chat")).toBe("2");
});

test("shutdown is idempotent, ends processes without on-exit and answers open questions", async () => {
  const kept = createFunctionExecutor({
    "/wait": async (process) => void (await process.receive()),
  });
  const n = await createTestNode({
    executors: [kept],
    files: new Map([["/wait", new Uint8Array(1)]]),
  });
  await n.start(["a"], { handle: "/wait" });
  const question = n.kernel.ask({
    source: n.id("tool"),
    target: n.at("a"),
    body: encoder.encode("?"),
    timeoutSeconds: 600,
  });
  // It takes the question and ends at once; the answer never comes.
  await n.clock.settle();
  await n.during(Promise.all([n.kernel.shutdown(), n.kernel.shutdown()]));
  await n.kernel.stopped;
  expect(await question).toEqual({ ok: false, error: "timeout" });
  expect(n.clock.pendingTimerCount).toBe(0);
});
