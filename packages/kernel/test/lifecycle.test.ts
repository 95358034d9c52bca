/**
 * Registration, start, end, restart, kill, spawn and the kernel's commands.
 * Source: spec/kernel.md §11 points 7, 8, 62–66, 68–83, 85–86.
 * @module
 */
import { expect, test } from "bun:test";
import { type ProbeRecord, probeScript as script } from "@kinode-ts/testing/probe";
import { type Capability, formatAddress, type OnExit, VFS_PROCESS } from "@kinode-ts/types";
import { createFunctionExecutor } from "../src/index.ts";
import { createTestNode, PROBE_HANDLE, type TestNode } from "./test-node.ts";

const decoder = new TextDecoder();

async function node(names: readonly string[], options = {}): Promise<TestNode> {
  const created = await createTestNode(options);
  await created.start(names);
  return created;
}

function initialize(id: string, extra: object = {}): object {
  return {
    InitializeProcess: {
      id,
      wasm_bytes_handle: PROBE_HANDLE,
      wit_version: 1,
      on_exit: "None",
      initial_capabilities: [],
      public: false,
      ...extra,
    },
  };
}

async function spawned(n: TestNode, parent: string, spawn: object): Promise<unknown> {
  const records = await n.tell(parent, script().spawn({ wasmPath: PROBE_HANDLE, ...spawn }));
  const record = records.findLast((item) => item.op === "spawn");
  return record?.op === "spawn" ? record.result : undefined;
}

async function parentNode(options = {}): Promise<TestNode> {
  const n = await node(["a", "b"], options);
  await n.grant("a", n.messaging(VFS_PROCESS));
  return n;
}

function has(n: TestNode, holder: string, issuer: string, params = '"messaging"'): boolean {
  return n.kernel
    .capabilitiesOf(n.id(holder))
    .some((held) => held.issuer.process === n.id(issuer) && held.params === params);
}

test("[K7] names that are not safe are refused: InitializeProcess answers an error, spawn traps", async () => {
  const n = await parentNode();
  expect(await n.command(initialize("My_proc:test:sys"), "wasm")).toBe("InitializeProcessError");
  await n.post("a", script().spawn({ name: "My_proc", wasmPath: PROBE_HANDLE }));
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
  expect(
    n.lines(0).some((line) => line.includes("a:test:sys ended") && line.includes("My_proc")),
  ).toBe(true);
});

test("[K8] spawn without a name makes a process named by a decimal u64", async () => {
  const n = await parentNode();
  const result = (await spawned(n, "a", {})) as { ok: true; process: string };
  const name = result.process.split(":")[0]!;
  expect(name).toMatch(/^[0-9]+$/);
  expect(BigInt(name) < 2n ** 64n).toBe(true);
  expect(n.kernel.process(n.id(name))?.state).toBe("running");
});

test("[K62] a fresh child holds messaging itself and its parent, the parent messaging the child", async () => {
  const n = await parentNode();
  expect(await spawned(n, "a", { name: "child" })).toEqual({ ok: true, process: n.id("child") });
  await n.letDrive(["child"]);
  const [record] = await n.tell("child", script().ourCapabilities());
  const held = (record as Extract<ProbeRecord, { op: "our-capabilities" }>).capabilities;
  expect(held.map(({ issuer, params }) => `${issuer.process} ${params}`).sort()).toEqual([
    'a:test:sys "messaging"',
    'child:test:sys "messaging"',
  ]);
  expect(has(n, "a", "child")).toBe(true);
});

test("[K63] spawn passes on only what the parent holds or issues", async () => {
  const n = await parentNode();
  const own: Capability = { issuer: n.at("a"), params: '"own"' };
  const forged: Capability = { issuer: n.at("b"), params: '"forged"' };
  await spawned(n, "a", {
    name: "child",
    requestCapabilities: [own, forged, n.messaging(VFS_PROCESS)],
    grantCapabilities: [{ process: n.id("b"), params: '"hello"' }],
  });
  expect(has(n, "child", "a", '"own"')).toBe(true);
  expect(has(n, "child", VFS_PROCESS)).toBe(true);
  expect(has(n, "child", "b", '"forged"')).toBe(false);
  expect(has(n, "b", "child", '"hello"')).toBe(true);
});

test("[K64] a kill revokes what the process issued; with no-revoke it stays", async () => {
  for (const revoked of [true, false]) {
    const n = await node(["a", "b"]);
    await n.grant("a", n.messaging("kernel:distro:sys"), { issuer: n.at("b"), params: '"more"' });
    await n.post(
      "a",
      script().sendRequest({
        target: n.at("kernel:distro:sys"),
        body: '{"KillProcess":"b:test:sys"}',
        ...(revoked ? {} : { metadata: "no-revoke" }),
      }),
    );
    expect(n.kernel.process(n.id("b"))).toBeUndefined();
    expect([has(n, "a", "b"), has(n, "a", "b", '"more"')]).toEqual([!revoked, !revoked]);
  }
});

test("[K65] after a crash and restart others may still message it and it keeps its own capabilities", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  await n.start(["b"], { onExit: { kind: "restart" }, capabilities: [n.messaging("a")] });
  await n.grant("a", n.messaging("b"));
  await n.post("b", script().trap());
  expect(n.kernel.process(n.id("b"))?.state).toBe("restarting");
  await n.clock.advance(3_000);
  await n.post(
    "a",
    script().sendRequest({ target: n.at("b"), body: "still there?", expectsResponse: 5 }),
  );
  expect(await n.inbox("b")).toEqual(["request a still there?"]);
  await n.post("b", script().sendRequest({ target: n.at("a"), body: "yes" }));
  expect(await n.inbox("a")).toEqual(["request b yes"]);
});

test("[K66] a grant to an unknown process has no effect and no error", async () => {
  const n = await node(["a"]);
  const grant = {
    GrantCapabilities: {
      target: "nobody:test:sys",
      capabilities: [{ issuer: "alice.os@a:test:sys", params: '"messaging"' }],
    },
  };
  n.printer.clear();
  expect(await n.command(grant)).toBe("timeout");
  expect(n.lines(0)).toEqual([]);
  expect(await n.command({ Debug: { Process: "nobody:test:sys" } })).toEqual({
    Debug: { Process: null },
  });
});

test("[P26] row 3: who may message the kernel gives away what it holds or issues, and nothing else without the right to", async () => {
  const n = await node(["evil", "victim", "accomplice"]);
  const kernel = n.at("kernel:distro:sys");
  const root = { issuer: n.at("vfs:distro:sys"), params: '{"root":true}' };
  const held = { issuer: n.at("victim"), params: '"held"' };
  const own = { issuer: n.at("evil"), params: '"own"' };
  await n.grant("evil", n.messaging("kernel:distro:sys"), held);
  const give = async (target: string) => {
    const capabilities = [
      n.messaging("kernel:distro:sys"),
      root,
      { issuer: kernel, params: '{"root":true}' },
      { issuer: n.at("victim"), params: '"secret"' },
      held,
      own,
    ].map(({ issuer, params }) => ({ issuer: formatAddress(issuer), params }));
    const body = JSON.stringify({ GrantCapabilities: { target: n.id(target), capabilities } });
    await n.post("evil", script().sendRequest({ target: kernel, body }));
  };
  const seen = (name: string) => [
    has(n, name, VFS_PROCESS, '{"root":true}'),
    has(n, name, "kernel:distro:sys", '{"root":true}'),
    has(n, name, "victim", '"secret"'),
    has(n, name, "victim", '"held"'),
    has(n, name, "evil", '"own"'),
  ];
  await give("evil");
  expect(seen("evil")).toEqual([false, false, false, true, true]);
  n.printer.clear();
  await give("accomplice");
  expect(seen("accomplice")).toEqual([false, false, false, true, true]);
  expect(n.lines(0).join("\n")).toContain("evil:test:sys neither holds nor issues");
  // With the kernel's own right it may give any: so the terminal gives those of scripts.
  await n.grant("evil", { issuer: kernel, params: '{"root":true}' });
  await give("accomplice");
  expect(seen("accomplice")).toEqual([true, true, true, true, true]);
});

test("[K68] on-exit requests carry only capabilities the process holds or issues", async () => {
  const n = await node(["a", "b"]);
  await n.post(
    "a",
    script()
      .setOnExit([
        {
          target: n.at("b"),
          body: "bye",
          capabilities: [
            { issuer: n.at("a"), params: '"own"' },
            { issuer: n.at("vfs:distro:sys"), params: '{"root":true}' },
          ],
        },
      ])
      .return(),
  );
  const [record] = await n.tell("b");
  if (record?.op !== "receive" || record.delivery.kind !== "message") throw new Error("nothing");
  expect(record.delivery.message.capabilities.map(({ params }) => params)).toEqual(['"own"']);
});

test("[K69] what is sent between initialize and run is delivered after the start, without the run message", async () => {
  const n = await node(["a"]);
  await n.start(["b"], { run: false });
  await n.grant("a", n.messaging("b"));
  await n.post(
    "a",
    script()
      .sendRequest({ target: n.at("b"), body: "1" })
      .sendRequest({ target: n.at("b"), body: "2" }),
  );
  expect(await n.command({ RunProcess: "b:test:sys" })).toBe("StartedProcess");
  expect(await n.inbox("b")).toEqual(["request a 1", "request a 2"]);
  expect(await n.command({ RunProcess: "b:test:sys" })).toBe("StartedProcess");
  expect(await n.inbox("b")).toEqual([]);
});

test("[K70] InitializeProcess without a blob or with an existing id answers an error and harms nobody", async () => {
  const n = await node(["a", "b"]);
  expect(await n.command(initialize("c:test:sys"))).toBe("InitializeProcessError");
  expect(await n.command(initialize("b:test:sys"), "other")).toBe("InitializeProcessError");
  await n.post("a", script().sendRequest({ target: n.at("b"), body: "same" }));
  expect(await n.inbox("b")).toEqual(["request a same"]);
  expect(has(n, "b", "a")).toBe(true);
});

test("[K71] RunProcess of an unknown id answers RunProcessError", async () => {
  const n = await node([]);
  expect(await n.command({ RunProcess: "nobody:test:sys" })).toBe("RunProcessError");
  expect(await n.command({ RunProcess: "vfs:distro:sys" })).toBe("RunProcessError");
});

test("[K72] KillProcess answers for a process, and not for an unknown id", async () => {
  const n = await node(["a"]);
  expect(await n.command({ KillProcess: "a:test:sys" })).toEqual({ KilledProcess: "a:test:sys" });
  expect(await n.command({ KillProcess: "a:test:sys" })).toBe("timeout");
});

async function processMap(n: TestNode): Promise<Record<string, Record<string, unknown>>> {
  const answer = (await n.command({ Debug: "ProcessMap" })) as {
    Debug: { ProcessMap: Record<string, Record<string, unknown>> };
  };
  return answer.Debug.ProcessMap;
}

test("[K73] with on-exit None a process is gone after it returned or trapped", async () => {
  const n = await node(["a", "b"]);
  expect(Object.keys(await processMap(n))).toContain("a:test:sys");
  await n.post("a", script().return());
  await n.post("b", script().trap());
  const map = await processMap(n);
  expect(map["a:test:sys"]).toBeUndefined();
  expect(map["b:test:sys"]).toBeUndefined();
});

for (const [how, end] of [
  ["a clean return", script().return()],
  ["a trap", script().trap()],
] as const) {
  test(`[K74] on-exit Restart runs it again as it was after ${how}`, async () => {
    const n = await createTestNode();
    const right: Capability = { issuer: n.at("x"), params: '"right"' };
    await n.start(["a"], { onExit: { kind: "restart" }, public: true, capabilities: [right] });
    await n.post("a", script().note("before the end"));
    await n.post("a", end);
    await n.clock.advance(3_000);
    expect(await n.tell("a", script().our())).toEqual([{ op: "our", address: n.at("a") }]);
    expect(n.kernel.process(n.id("a"))).toMatchObject({ state: "running", public: true });
    expect(has(n, "a", "x", '"right"')).toBe(true);
  });
}

test("[K75] an instant crasher restarts with growing delays, at most ten minutes", async () => {
  const startsMs: number[] = [];
  const clockOf: { now?: () => number } = {};
  const executor = createFunctionExecutor({
    "/test:sys/pkg/crash.wasm": () => {
      startsMs.push(clockOf.now!());
      throw new Error("crash");
    },
  });
  const n = await createTestNode({
    executors: [executor],
    files: new Map([["/test:sys/pkg/crash.wasm", new Uint8Array(1)]]),
  });
  clockOf.now = () => n.clock.monotonicMs();
  await n.start(["a"], { onExit: { kind: "restart" }, handle: "/test:sys/pkg/crash.wasm" });
  await n.clock.advance(3_600_000);
  const delays = startsMs
    .slice(1)
    .map((start, index) => Math.round((start - startsMs[index]!) / 1_000));
  expect(delays.slice(0, 11)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
});

test("[K76] on-exit requests reach each target it may message, from the dead process, expecting nothing", async () => {
  const n = await node(["a", "b", "c"]);
  await n.start(["stranger"]);
  await n.post(
    "a",
    script()
      .setOnExit([
        { target: n.at("b"), body: "1", expectsResponse: 7 },
        { target: n.at("stranger"), body: "2" },
        { target: { node: "our", process: n.id("c") }, body: "3", blob: { bytes: "blob" } },
      ])
      .trap(),
  );
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
  const [record] = await n.tell("b");
  if (record?.op !== "receive" || record.delivery.kind !== "message") throw new Error("nothing");
  expect(record.delivery.source).toEqual(n.at("a"));
  expect(record.delivery.message).toMatchObject({ kind: "request", expectsResponse: undefined });
  expect(decoder.decode(record.delivery.message.body)).toBe("1");
  expect(await n.inbox("c")).toEqual(["request a 3"]);
  expect(await n.inbox("stranger")).toEqual([]);
});

test("[K77] KillProcess does not carry out on-exit", async () => {
  const n = await node(["a", "b"]);
  await n.post("a", script().setOnExit([{ target: n.at("b"), body: "bye" }]));
  await n.command({ KillProcess: "a:test:sys" });
  await n.start(["r"], { onExit: { kind: "restart" } });
  await n.command({ KillProcess: "r:test:sys" });
  await n.clock.advance(10_000);
  expect(await n.inbox("b")).toEqual([]);
  expect(n.kernel.process(n.id("r"))).toBeUndefined();
});

test("[K78] set-on-exit decides at the exit and after a node restart, also from None to Restart", async () => {
  const n = await node(["a", "b"]);
  await n.post("a", script().setOnExit("restart"));
  await n.post("a", script().trap());
  await n.clock.advance(3_000);
  expect(n.kernel.process(n.id("a"))).toMatchObject({
    state: "running",
    onExit: { kind: "restart" },
  });
  await n.post("b", script().setOnExit("restart"));
  await n.during(n.kernel.shutdown());
  const again = await createTestNode({ data: n.data, files: n.files });
  await again.clock.settle();
  expect(again.kernel.process(n.id("b"))).toMatchObject({
    state: "running",
    onExit: { kind: "restart" },
  });
  expect(has(again, "b", "a")).toBe(true);
});

test("[K79] garbage as a program initializes, then ends as crashed; the others go on", async () => {
  const n = await node(["a", "b"]);
  expect(
    await n.command(
      initialize("junk:test:sys", { wasm_bytes_handle: "/test:sys/pkg/junk.wasm" }),
      "garbage",
    ),
  ).toBe("InitializedProcess");
  expect(await n.command({ RunProcess: "junk:test:sys" })).toBe("StartedProcess");
  await n.clock.settle();
  expect(n.kernel.process(n.id("junk"))).toBeUndefined();
  expect(n.lines(0).some((line) => line.includes("junk:test:sys ended"))).toBe(true);
  await n.post("a", script().sendRequest({ target: n.at("b"), body: "on" }));
  expect(await n.inbox("b")).toEqual(["request a on"]);
});

test("a program that cannot be prepared says why, applies on-exit and frees its id", async () => {
  const n = await createTestNode({
    executors: [
      {
        accepts: ({ handle }) => handle.endsWith("/odd.wasm"),
        prepare: () => Promise.reject(new Error("unknown import wasi:http/types")),
      },
    ],
  });
  await n.command(initialize("odd:test:sys", { wasm_bytes_handle: "/test:sys/pkg/odd.wasm" }), "x");
  await n.command({ RunProcess: "odd:test:sys" });
  await n.clock.settle();
  expect(n.lines(0)).toContain("odd:test:sys ended: unknown import wasi:http/types");
  expect(await n.command(initialize("odd:test:sys"), "x")).toBe("InitializedProcess");
});

test("an executor that throws at the start costs that process only", async () => {
  const start = (): never => {
    throw new Error("out of order");
  };
  const n = await createTestNode({
    executors: [
      { accepts: ({ handle }) => handle === "/odd", prepare: () => Promise.resolve({ start }) },
    ],
    files: new Map([["/odd", new Uint8Array(1)]]),
  });
  await n.start(["odd"], { handle: "/odd" });
  expect(n.lines(0)).toContain("odd:test:sys ended: out of order");
  expect(n.kernel.process(n.id("odd"))).toBeUndefined();
});

test("[K82] spawn of an unreadable path is no-file-at-path, of a name in use name-taken", async () => {
  const n = await node(["a", "b"]);
  expect(await spawned(n, "a", { name: "child" })).toEqual({ ok: false, error: "no-file-at-path" });
  await n.grant("a", n.messaging(VFS_PROCESS));
  expect(await spawned(n, "a", { name: "child", wasmPath: "/none" })).toEqual({
    ok: false,
    error: "no-file-at-path",
  });
  expect(await spawned(n, "a", { name: "b" })).toEqual({ ok: false, error: "name-taken" });
  expect(await n.inbox("b")).toEqual([]);
  expect(await spawned(n, "a", { name: "child" })).toEqual({ ok: true, process: n.id("child") });
});

test("[K83] state: none, then the bytes across node restart, kill and re-initialization, then none", async () => {
  const state = async (n: TestNode, more = script()) =>
    (await n.tell("a", more.getState())).map((record) =>
      record.op === "get-state" && record.bytes !== undefined
        ? decoder.decode(record.bytes)
        : undefined,
    );
  const n = await createTestNode();
  await n.start(["a"], { onExit: { kind: "restart" } });
  expect(await state(n)).toEqual([undefined]);
  await n.post("a", script().setState("kept"));
  await n.during(n.kernel.shutdown());
  const again = await createTestNode({ data: n.data, files: n.files });
  await again.letDrive(["a"]);
  expect(await state(again)).toEqual(["kept"]);
  await again.command({ KillProcess: "a:test:sys" });
  await again.start(["a"]);
  expect(await state(again)).toEqual(["kept"]);
  expect(await state(again, script().setState(""))).toEqual([""]);
  expect(await state(again, script().clearState())).toEqual([undefined]);
});

test("[K86] a process that never receives and is sent 10 000 messages does not delay others", async () => {
  const n = await createTestNode({
    executors: [createFunctionExecutor({ "/deaf": () => new Promise<void>(() => {}) })],
    files: new Map([["/deaf", new Uint8Array(1)]]),
  });
  await n.start(["a", "b", "c"]);
  await n.start(["deaf"], { handle: "/deaf" });
  await n.grant("a", n.messaging("deaf"));
  await n.post("c", script().on("request", script().sendResponse({ body: "r" })));
  const flood = script().repeat(10_000, script().sendRequest({ target: n.at("deaf"), body: "x" }));
  await n.post("a", flood);
  // While A is still flooding, B and C talk.
  const records = await n.tell(
    "b",
    script().repeat(
      100,
      script().sendAndAwait({ target: n.at("c"), body: "q", expectsResponse: 1 }),
    ),
  );
  expect(
    records.filter((item) => item.op === "send-and-await" && item.delivery.kind === "message"),
  ).toHaveLength(100);
  expect(n.clock.monotonicMs()).toBe(0);
  // A itself is let go: slowed for a while, then refused, never stuck.
  await n.clock.advance(3_000);
  await n.post("a", script().note("free"));
  expect((await n.tell("a")).some((item) => item.op === "note")).toBe(true);
  const info = n.kernel.process(n.id("deaf"))!;
  expect(info.mailboxCount + info.refusedCount).toBe(10_000);
  expect(info.refusedCount).toBeGreaterThan(0);
});

test("a killed process is woken, stops receiving and leaves nothing behind", async () => {
  const n = await node(["a", "b"]);
  await n.post(
    "a",
    script().sendAndAwait({ target: n.at("b"), body: "q", expectsResponse: 3_600 }),
  );
  await n.command({ KillProcess: "a:test:sys" });
  await n.post("b", script().sendResponse({ body: "to nobody" }).note("fine"));
  expect((await n.tell("b")).some((item) => item.op === "note")).toBe(true);
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
});

test("the bounds on children and processes are told and harm nobody", async () => {
  const n = await parentNode({ limits: { maxChildrenCount: 2, maxProcessCount: 5 } });
  const results = [];
  for (const name of ["c1", "c2", "c3"]) results.push(await spawned(n, "a", { name }));
  expect(results.map((result) => (result as { ok: boolean }).ok)).toEqual([true, true, false]);
  await n.command({ KillProcess: "c1:test:sys" });
  expect(await spawned(n, "a", { name: "c3" })).toEqual({ ok: true, process: n.id("c3") });
  expect(await n.command(initialize("d1:test:sys"), "x")).toBe("InitializedProcess");
  expect(await n.command(initialize("d2:test:sys"), "x")).toBe("InitializeProcessError");
  expect(n.lines(0).some((line) => line.includes("its limit"))).toBe(true);
});

test("a million pending requests end the process that makes them, not the node", async () => {
  const n = await node(["a", "b"], { limits: { maxOutstandingCount: 1_000 } });
  await n.post(
    "a",
    script().repeat(1_001, script().sendRequest({ target: n.at("b"), expectsResponse: 3_600 })),
  );
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
  expect(
    n.lines(0).some((line) => line.includes("More than 1000 requests without an answer")),
  ).toBe(true);
  expect(await n.tell("b", script().our())).toContainEqual({ op: "our", address: n.at("b") });
});

test("a message above the size limit traps its sender with the bound in the text", async () => {
  const n = await node(["a", "b"], { limits: { maxMessageBytes: 1_000 } });
  await n.post(
    "a",
    script().sendRequest({ target: n.at("b"), blob: { bytes: "x".repeat(1_000) } }),
  );
  expect(n.lines(0).some((line) => line.includes("the limit is 1000"))).toBe(true);
  expect(await n.inbox("b")).toEqual([]);
});

test("printing is bounded per second and the rest is counted", async () => {
  const n = await node(["a"], { limits: { maxPrintsPerSecond: 10 } });
  await n.post("a", script().repeat(50, script().print(0, "spam")));
  expect(n.lines(0).filter((line) => line === "test:sys: spam")).toHaveLength(10);
  await n.clock.advance(1_100);
  expect(n.lines(0).some((line) => line.includes("printed 40 lines more than 10"))).toBe(true);
  await n.post("a", script().print(0, "again"));
  expect(n.lines(0)).toContain("test:sys: again");
});

test("lines about a process do not use up what it may print itself", async () => {
  const n = await node(["a"], { limits: { maxPrintsPerSecond: 10 } });
  await n.post("a", script().repeat(50, script().setState("x")).print(0, "still heard"));
  expect(n.lines(0)).toContain("test:sys: still heard");
  await n.clock.advance(1_100);
  expect(n.lines(0).some((line) => line.includes("more than 10"))).toBe(false);
  expect(n.lines(1).some((line) => line.startsWith("40 lines about a:test:sys more"))).toBe(true);
});

test("senders that flood each other in a circle do not wait for each other", async () => {
  const n = await node(["a", "b"], { limits: { senderQuotaCount: 8, maxMailboxCount: 64 } });
  const flood = (to: string) =>
    script()
      .repeat(100, script().sendRequest({ target: n.at(to), body: "x" }))
      .note("done");
  await Promise.all([n.post("a", flood("b")), n.post("b", flood("a"))]);
  await n.clock.advance(20_000);
  expect((await n.tell("a")).some((item) => item.op === "note")).toBe(true);
  expect((await n.tell("b")).some((item) => item.op === "note")).toBe(true);
});

test("a slowed sender goes on when the receiver has drained, and nothing is lost", async () => {
  const n = await node(["a", "b"], { limits: { senderQuotaCount: 16 } });
  await n.post(
    "a",
    script()
      .repeat(500, script().sendRequest({ target: n.at("b"), body: "x" }))
      .note("done"),
  );
  await n.clock.settle();
  expect((await n.inbox("b")).filter((item) => item === "request a x")).toHaveLength(500);
  expect(n.kernel.process(n.id("b"))!.refusedCount).toBe(0);
});

const RESTART: OnExit = { kind: "restart" };

test("a process killed while it waits for its restart does not come back", async () => {
  const n = await createTestNode();
  await n.start(["a"], { onExit: RESTART });
  await n.post("a", script().trap());
  expect(n.kernel.process(n.id("a"))?.state).toBe("restarting");
  expect(await n.command({ KillProcess: "a:test:sys" })).toEqual({ KilledProcess: "a:test:sys" });
  await n.clock.advance(60_000);
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
  expect(n.data.processes.has(n.id("a"))).toBe(false);
});

test("kernel commands: what cannot be read is a line and no answer", async () => {
  const n = await node(["a"]);
  for (const bad of [
    "nonsense",
    { Booted: 1 },
    { RunProcess: "a:b" },
    { KillProcess: 5 },
    initialize("x:y:z", { public: 1 }),
    { A: 1, B: 2 },
  ]) {
    n.printer.clear();
    expect(await n.command(bad, "x")).toBe("timeout");
    expect(n.lines(0)).toHaveLength(1);
  }
});

test("kernel commands: Debug answers have the documented form", async () => {
  const n = await node(["a"]);
  expect(await n.command({ Debug: { Process: "a:test:sys" } })).toEqual({
    Debug: {
      Process: {
        wasm_bytes_handle: PROBE_HANDLE,
        wit_version: 1,
        on_exit: "None",
        capabilities: [{ issuer: "alice.os@a:test:sys", params: '"messaging"' }],
        public: false,
      },
    },
  });
  const cap = { issuer: "alice.os@a:test:sys", params: '"messaging"' };
  expect(await n.command({ Debug: { HasCap: { on: "a:test:sys", cap } } })).toEqual({
    Debug: { HasCap: true },
  });
  expect(await n.command({ Debug: { HasCap: { on: "zz:test:sys", cap } } })).toEqual({
    Debug: { HasCap: null },
  });
});

test("a native process that throws something ends as crashed with its text", async () => {
  const main = async (process: { host: { our: unknown } }) => {
    await Promise.resolve();
    throw new Error(`boom ${typeof process.host.our}`);
  };
  const n = await createTestNode({
    executors: [createFunctionExecutor({ "/boom": main })],
    files: new Map([["/boom", new Uint8Array(1)]]),
  });
  await n.start(["a"], { handle: "/boom" });
  expect(n.lines(0)).toContain("a:test:sys ended: boom object");
  expect(n.kernel.process(n.id("a"))).toBeUndefined();
});
