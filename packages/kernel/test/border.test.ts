/**
 * Messages over the border of the node, the exempt senders, and what nobody may do by name.
 * Source: spec/kernel.md §11 points 25, 49–53, 58; W8, W9, W13, W27, W28.
 * @module
 */
import { expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import { signCapability } from "@kinode-ts/caps";
import { createMemoryNetwork, createVirtualClock } from "@kinode-ts/testing";
import { type ProbeRecord, probeScript as script } from "@kinode-ts/testing/probe";
import {
  type Address,
  KERNEL_PROCESS,
  type KernelMessage,
  type ModuleContext,
  networkCapability,
  type ProcessId,
  type RuntimeModule,
  type SignedCapability,
  STATE_PROCESS,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { createTestNode, type TestNode } from "./test-node.ts";

const encoder = new TextEncoder();

/** Two nodes on one clock and one network; their processes hold the network capability. */
async function twoNodes(): Promise<[alice: TestNode, bob: TestNode]> {
  const shared = { clock: createVirtualClock(), network: createMemoryNetwork() };
  const alice = await createTestNode({ our: "alice.os", ...shared });
  const bob = await createTestNode({ our: "bob.os", ...shared });
  for (const node of [alice, bob]) {
    await node.start(["a", "b"]);
    for (const name of ["a", "b"]) await node.grant(name, networkCapability(node.our));
  }
  return [alice, bob];
}

function arriving(
  parts: Partial<KernelMessage> & { source: Address; target: Address },
): KernelMessage {
  return {
    id: 77,
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: encoder.encode("hi"),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
    ...parts,
  };
}

const BOB: Address = { node: "bob.os", process: "b:test:sys" as ProcessId };

function capabilitiesIn(records: readonly ProbeRecord[]): string[] {
  return records.flatMap((record) =>
    record.op === "receive" && record.delivery.kind === "message"
      ? record.delivery.message.capabilities.map(({ params }) => params)
      : [],
  );
}

test("two nodes: a request and its response cross the network with the context of the sender", async () => {
  const [alice, bob] = await twoNodes();
  await bob.post("b", script().on("request", script().sendResponse({ body: "pong" })));
  await alice.post(
    "a",
    script().sendRequest({ target: bob.at("b"), body: "ping", expectsResponse: 5, context: "c" }),
  );
  expect(await alice.inbox("a")).toEqual(["response bob.os@b pong c"]);
  expect(await bob.inbox("b")).toEqual(["request a ping"]);
});

test("[K25] the context slot of a remote response is ignored: the local context is returned", async () => {
  const [alice] = await twoNodes();
  await alice.post(
    "a",
    script().sendRequest({ target: BOB, body: "q", expectsResponse: 5, context: "mine" }),
  );
  const { id } = alice.network.sent.at(-1)!;
  // The wire form's slot does not exist in a KernelMessage; what a peer adds to the object has no effect either.
  const message = {
    kind: "response",
    inherit: false,
    body: encoder.encode("r"),
    metadata: undefined,
    capabilities: [],
    context: encoder.encode("theirs"),
  } as const;
  alice.network.injectInto(
    "alice.os",
    arriving({ id, source: BOB, target: alice.at("a"), message }),
  );
  await alice.clock.settle();
  expect(await alice.inbox("a")).toEqual(["response bob.os@b r mine"]);
});

test("[K49] kernel, state and vfs message any local process without capability", async () => {
  const contexts: ModuleContext[] = [];
  const sending = (id: ProcessId): RuntimeModule => ({
    id,
    start: (given) => void contexts.push(given),
    handle: () => {},
  });
  const n = await createTestNode({
    modules: [
      sending(VFS_PROCESS),
      sending(STATE_PROCESS),
      sending("http-server:distro:sys" as ProcessId),
    ],
  });
  await n.start(["a"]);
  for (const context of contexts) context.send({ target: n.at("a"), body: encoder.encode("x") });
  await n.clock.settle();
  expect(await n.inbox("a")).toEqual(["request vfs x", "request state x"]);
  // The kernel's answer needs no capability either.
  await n.grant("a", n.messaging(KERNEL_PROCESS));
  await n.post(
    "a",
    script().sendRequest({
      target: n.at(KERNEL_PROCESS),
      body: '{"RunProcess":"x:y:z"}',
      expectsResponse: 5,
    }),
  );
  expect(await n.inbox("a")).toEqual(['response kernel "RunProcessError"']);
});

test("[K50] an incoming message needs the target's network capability and nothing else", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  await n.start(["p"], { public: true });
  for (const name of ["a", "p"])
    n.network.injectInto("alice.os", arriving({ source: BOB, target: n.at(name) }));
  await n.clock.settle();
  expect(await n.inbox("a")).toEqual([]);
  expect(await n.inbox("p")).toEqual([]);
  await n.grant("a", networkCapability("alice.os"));
  n.network.injectInto("alice.os", arriving({ source: BOB, target: n.at("a") }));
  await n.clock.settle();
  expect(await n.inbox("a")).toEqual(["request bob.os@b hi"]);
});

test("[K51] an incoming message for the kernel is never executed", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  const message = {
    kind: "request",
    inherit: false,
    expectsResponse: 5,
    body: encoder.encode('{"KillProcess":"a:test:sys"}'),
    metadata: undefined,
    capabilities: [],
  } as const;
  for (const source of [
    BOB,
    { node: "bob.os", process: KERNEL_PROCESS },
    n.at(KERNEL_PROCESS),
    { node: "our", process: KERNEL_PROCESS },
  ]) {
    n.network.injectInto("alice.os", arriving({ source, target: n.at(KERNEL_PROCESS), message }));
  }
  await n.clock.settle();
  expect(n.kernel.process(n.id("a"))?.state).toBe("running");
  expect(n.network.sent).toEqual([]);
});

test("[K52] a process named kernel in another package has no authority of the kernel", async () => {
  const n = await createTestNode();
  await n.start(["a", "kernel", "victim"]);
  await n.post(
    "a",
    script().sendRequest({
      target: n.at("kernel"),
      body: '{"KillProcess":"victim:test:sys"}',
      expectsResponse: 5,
    }),
  );
  expect(await n.inbox("kernel")).toEqual(['request a {"KillProcess":"victim:test:sys"}']);
  expect(n.kernel.process(n.id("victim"))?.state).toBe("running");
  // It is not exempt from the checks either.
  await n.start(["other"]);
  await n.post(
    "kernel",
    script().sendRequest({ target: n.at("other"), body: "x", expectsResponse: 5 }),
  );
  expect(await n.inbox("kernel")).toEqual(["timeout other"]);
  expect(await n.inbox("other")).toEqual([]);
});

test("[K53] an incoming message whose target node is not ours is dropped", async () => {
  const [alice] = await twoNodes();
  const before = alice.network.sent.length;
  alice.network.injectInto(
    "alice.os",
    arriving({ source: BOB, target: { node: "carol.os", process: alice.id("a") } }),
  );
  await alice.clock.settle();
  expect(alice.network.sent).toHaveLength(before);
  expect(await alice.inbox("a")).toEqual([]);
});

test("[K58] local capabilities pass unchanged; remote ones naming us need our signature, others pass", async () => {
  const [alice] = await twoNodes();
  await alice.post(
    "b",
    script().sendRequest({
      target: alice.at("a"),
      capabilities: [{ issuer: alice.at("b"), params: '"local"' }],
    }),
  );
  expect(capabilitiesIn(await alice.tell("a"))).toEqual(['"local"']);
  const ours = createNodeSigner(new Uint8Array(32).fill("alice.os".length));
  const theirs = createNodeSigner(new Uint8Array(32).fill(99));
  const claim = (params: string, issuer: Address = alice.at("b")) => ({ issuer, params });
  const capabilities: SignedCapability[] = [
    signCapability(ours, claim('"valid"')),
    signCapability(theirs, claim('"forged"')),
    { ...signCapability(ours, claim('"other text"')), params: '"changed"' },
    { ...claim('"unsigned"'), signature: new Uint8Array(0) },
    { ...claim('"theirs"', BOB), signature: new Uint8Array(0) },
    {
      ...claim('"third"', { node: "carol.os", process: alice.id("c") }),
      signature: new Uint8Array(64),
    },
  ];
  const message = {
    kind: "request",
    inherit: false,
    expectsResponse: undefined,
    body: encoder.encode("x"),
    metadata: undefined,
    capabilities,
  } as const;
  alice.network.injectInto("alice.os", arriving({ source: BOB, target: alice.at("a"), message }));
  await alice.clock.settle();
  expect(capabilitiesIn(await alice.tell("a"))).toEqual(['"valid"', '"theirs"', '"third"']);
});

test("a capability of another node is saved with its issuer's signature and verifies there (W13)", async () => {
  const [alice, bob] = await twoNodes();
  const right = { issuer: bob.at("b"), params: '"right"' };
  await bob.post("b", script().sendRequest({ target: alice.at("a"), capabilities: [right] }));
  await alice.post("a", script().saveCapabilities([right]));
  await alice.post("a", script().sendRequest({ target: bob.at("b"), capabilities: [right] }));
  expect(capabilitiesIn(await bob.tell("b"))).toEqual(['"right"']);
});

test("a peer cannot direct our answers to another node or to us (W27)", async () => {
  const [alice] = await twoNodes();
  await alice.post("a", script().on("request", script().sendResponse({ body: "secret" })));
  for (const rsvp of [
    { node: "carol.os", process: alice.id("x") },
    alice.at("b"),
    { node: "our", process: alice.id("b") },
  ]) {
    const message = {
      kind: "request",
      inherit: false,
      expectsResponse: 5,
      body: encoder.encode("x"),
      metadata: undefined,
      capabilities: [],
    } as const;
    alice.network.injectInto(
      "alice.os",
      arriving({ source: BOB, target: alice.at("a"), rsvp, message }),
    );
  }
  await alice.clock.settle();
  const answers = alice.network.sent.filter(({ message }) => message.kind === "response");
  expect(answers.map(({ target }) => target)).toEqual([BOB, BOB, BOB]);
});

test("failures of messages that claim a foreign source reach nobody (W28)", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  await n.post(
    "a",
    script().sendRequest({ target: n.at("driver:distro:sys"), expectsResponse: 3_600 }),
  );
  const { id } = n.driver.received[0]!;
  // A remote request with the same id and process name to a missing process: nothing is told to our A.
  n.network.injectInto(
    "alice.os",
    arriving({ id, source: { node: "bob.os", process: n.id("a") }, target: n.at("nobody") }),
  );
  await n.clock.settle();
  expect(await n.inbox("a")).toEqual([]);
});

test("a flood from another node is refused above its quota and never blocks", async () => {
  const n = await createTestNode({ limits: { senderQuotaCount: 10 } });
  await n.start(["a", "b"]);
  await n.grant("a", networkCapability("alice.os"));
  await n.post("a", script().sendAndAwait({ target: n.at("b"), expectsResponse: 3_600 }));
  for (let count = 0; count < 100; count++)
    n.network.injectInto("alice.os", arriving({ source: BOB, target: n.at("a") }));
  await n.clock.settle();
  // One beyond the quota: with it the node was asked to wait, which it did not.
  expect(n.kernel.process(n.id("a"))).toMatchObject({ mailboxCount: 11, refusedCount: 89 });
  expect(n.lines(0).filter((line) => line.includes("refuses messages"))).toHaveLength(1);
  await n.post(
    "b",
    script()
      .sendRequest({ target: n.at("a"), body: "local" })
      .sendResponse({ body: "r" }),
  );
  expect(await n.inbox("a")).toContain("request b local");
});

test("ask reaches a process with the authority of the person and gets its answer", async () => {
  const n = await createTestNode();
  await n.start(["a"]);
  await n.post(
    "a",
    script().on("request", script().sendResponse({ body: { from: "newest-message" } })),
  );
  const question = {
    source: n.id("tool:terminal:sys"),
    body: encoder.encode("ping"),
    timeoutSeconds: 2,
  };
  const answer = await n.during(n.kernel.ask({ ...question, target: n.at("a") }));
  expect(answer).toMatchObject({ ok: true, source: n.at("a"), body: encoder.encode("ping") });
  expect(await n.during(n.kernel.ask({ ...question, target: n.at("nobody") }))).toEqual({
    ok: false,
    error: "timeout",
  });
  const remote = n.kernel.ask({ ...question, target: BOB });
  expect(await n.clock.runUntil(remote)).toEqual({ ok: false, error: "offline" });
});

test("injected messages pass the ordinary checks", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"]);
  await n.start(["c"]);
  n.kernel.inject(
    arriving({
      source: { node: "our", process: n.id("a") },
      target: { node: "our", process: n.id("b") },
    }),
  );
  n.kernel.inject(arriving({ source: n.at("a"), target: n.at("c") }));
  n.kernel.inject(arriving({ source: n.at("nobody"), target: n.at("b") }));
  await n.clock.settle();
  expect(await n.inbox("b")).toEqual(["request a hi"]);
  expect(await n.inbox("c")).toEqual([]);
});

test("a stranger cannot fill the terminal with lines about its messages", async () => {
  const n = await createTestNode({ limits: { maxStrangerLinesPerSecond: 5 } });
  await n.start(["a"]);
  const send = (): void =>
    n.network.injectInto("alice.os", arriving({ source: BOB, target: n.at("a") }));
  for (let count = 0; count < 100; count++) send();
  expect(n.lines(0).filter((line) => line.includes("network capability"))).toHaveLength(5);
  await n.clock.advance(1_000);
  send();
  expect(n.lines(0)).toContain("95 lines like the next were not shown");
});
