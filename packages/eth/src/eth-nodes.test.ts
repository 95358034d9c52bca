import { expect, test } from "bun:test";
import { ETH_PROCESS, type KernelMessage, type ProcessId } from "@kinode-ts/types";
import { createFakeNetwork, type FakeNetwork, serving } from "../test/fake-servers.ts";
import {
  createVirtualClock,
  type EthNode,
  nodeProvider,
  startEth,
  urlProvider,
  type VirtualClock,
} from "../test/eth-node.ts";
import { startTwoNodes, type TwoNodes } from "../test/two-nodes.ts";
import type { EthLimits } from "./index.ts";

const APP = "main:app:x.os";
const URL_B = "ws://b.example/";
const CALL = { Request: { chain_id: 1, method: "eth_gasPrice", params: [] } };
const SUBSCRIBE = {
  SubscribeLogs: { sub_id: 5, chain_id: 1, kind: "logs", params: { address: "0xaa" } },
};
const MINUTE = 60_000;

async function withNodes(
  limits: Partial<EthLimits> = {},
): Promise<TwoNodes & { clock: VirtualClock; network: FakeNetwork }> {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const lists = { consumer: [nodeProvider("bob.os")], provider: [urlProvider(URL_B)] };
  const nodes = await startTwoNodes(clock, network.transport, lists, limits);
  return { ...nodes, clock, network };
}

/** Asks the consumer's module as a process there. */
async function ask(
  { consumer, clock }: { consumer: TwoNodes["consumer"]; clock: VirtualClock },
  body: unknown,
): Promise<unknown> {
  return (await clock.runUntil(consumer.ask(APP, { body, expectsResponse: 60 }))).json;
}

/** What the subscriber was told. */
const updates = ({ consumer }: TwoNodes): unknown[] =>
  consumer.sent
    .filter(({ target }) => target.node === "alice.os")
    .map(({ body }) => JSON.parse(new TextDecoder().decode(body)));

// --- access ------------------------------------------------------------------------------------

async function withAccess(settings: unknown): Promise<{
  node: EthNode;
  from: (name: string, body: unknown) => Promise<unknown>;
}> {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  network.server(URL_B);
  const saved = { ".eth_access_settings": settings, ".eth_providers": [urlProvider(URL_B)] };
  const node = await startEth({ clock, transport: network.transport, saved });
  const from = async (name: string, body: unknown): Promise<unknown> =>
    (await clock.runUntil(node.harness.ask(ETH_PROCESS, { body, node: name }))).json;
  return { node, from };
}

const DENIED = { Err: "PermissionDenied" };
const SERVED = { Response: "eth_gasPrice!" };

test("[N93] another node is refused unless all may or it may; being denied wins", async () => {
  const closed = await withAccess({
    public: false,
    allow: ["friend.os", "both.os"],
    deny: ["both.os"],
  });
  expect(await closed.from("bob.os", CALL)).toEqual(DENIED);
  expect(await closed.from("friend.os", CALL)).toEqual(SERVED);
  expect(await closed.from("both.os", CALL)).toEqual(DENIED);
  const open = await withAccess({ public: true, allow: [], deny: ["foe.os"] });
  expect(await open.from("bob.os", CALL)).toEqual(SERVED);
  expect(await open.from("foe.os", CALL)).toEqual(DENIED);
});

test("[N93] without settings nobody else is served, nor may anybody subscribe or learn of subscriptions", async () => {
  const { node, from } = await withAccess({ public: false, allow: [], deny: [] });
  for (const body of [CALL, SUBSCRIBE, { UnsubscribeLogs: 5 }, 5]) {
    expect(await from("bob.os", body)).toEqual(DENIED);
  }
  await node.admin('"SetPublic"');
  expect(await from("bob.os", CALL)).toEqual(SERVED);
  await node.admin(JSON.stringify({ DenyNode: "bob.os" }));
  expect(await from("bob.os", CALL)).toEqual(DENIED);
  expect(await from("carol.os", CALL)).toEqual(SERVED);
});

// --- calls -------------------------------------------------------------------------------------

test("a call goes to the node that provides the chain, under the same id, and its answer comes back", async () => {
  const all = await withNodes();
  all.network.server(URL_B);
  expect(await ask(all, CALL)).toEqual(SERVED);
  const [request, response] = all.passed;
  expect(request).toMatchObject({ from: "alice.os", body: CALL, rsvp: undefined, expects: 60 });
  expect(response).toMatchObject({ from: "bob.os", id: request!.id, body: SERVED });
  expect(request!.id).toBe(all.consumer.answers[0]!.id);
});

test("answers of other nodes are not given again", async () => {
  const all = await withNodes();
  const server = all.network.server(URL_B);
  await ask(all, CALL);
  await all.clock.advance(1_100);
  await ask(all, CALL);
  expect(server.methods).toHaveLength(2);
  expect(all.passed).toHaveLength(4);
});

test("a node that is offline ends the request at once; one that is silent does before the sender stops waiting", async () => {
  const all = await withNodes();
  all.cut.isCut = true;
  expect(await ask(all, CALL)).toEqual({ Err: "NoRpcForChain" });
  expect(all.clock.monotonicMs()).toBe(0);
  all.cut.isCut = false;
  all.network.server(URL_B, () => undefined);
  const { clock, consumer } = all;
  const asked = consumer.ask(APP, { body: CALL, expectsResponse: 5 });
  expect((await clock.runUntil(asked)).json).toEqual({ Err: "RpcTimeout" });
  expect(clock.monotonicMs()).toBeLessThan(5_000);
});

test("what one node asks for is never asked of a third", async () => {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const lists = { consumer: [nodeProvider("bob.os")], provider: [nodeProvider("alice.os")] };
  const all = { ...(await startTwoNodes(clock, network.transport, lists)), clock };
  expect(await ask(all, CALL)).toEqual({ Err: "NoRpcForChain" });
  expect(all.passed).toHaveLength(2);
});

test("[N98] a response from a node other than the one asked is ignored, whatever its id", async () => {
  const all = await withNodes();
  all.network.server(URL_B, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : undefined,
  );
  const { consumer, clock, inject, passed } = all;
  const asked = consumer.ask(APP, { body: CALL, expectsResponse: 20 });
  await clock.settle();
  const { id } = passed[0]!;
  const response = { message: { kind: "response" } as KernelMessage["message"] };
  const lie = { Response: "0xlie" };
  inject("consumer", { ...response, id, body: lie });
  // Nor from another process of the right node.
  const elsewhere = { node: "bob.os", process: "main:app:x.os" as ProcessId };
  inject("consumer", { ...response, id, source: elsewhere, body: lie });
  await clock.settle();
  expect(consumer.answers).toEqual([]);
  inject("consumer", {
    ...response,
    id,
    source: { node: "bob.os", process: ETH_PROCESS },
    body: SERVED,
  });
  expect((await clock.runUntil(asked)).json).toEqual(SERVED);
});

test("a node whose answer makes no sense is passed over for a while, not for ever", async () => {
  const { clock, consumer, inject, passed, ...rest } = await withNodes();
  const server = rest.network.server(URL_B, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : undefined,
  );
  const asked = consumer.ask(APP, { body: CALL, expectsResponse: 20 });
  await clock.settle();
  const source = { node: "bob.os", process: ETH_PROCESS };
  const message = { kind: "response" } as KernelMessage["message"];
  inject("consumer", { id: passed[0]!.id, source, message, body: ["nonsense"] });
  expect((await clock.runUntil(asked)).json).toEqual({ Err: "NoRpcForChain" });
  server.behaviour = serving();
  expect(await ask({ clock, consumer }, CALL)).toEqual({ Err: "NoRpcForChain" });
  await clock.advance(10 * MINUTE);
  expect(await ask({ clock, consumer }, CALL)).toEqual(SERVED);
});

test("requests of one node are served one by one, and refused when too many wait; others are not held up", async () => {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const server = network.server(URL_B);
  const saved = { ".eth_access_settings": { public: true, allow: [], deny: [] } };
  const node = await startEth({
    clock,
    transport: network.transport,
    saved,
    providers: [URL_B],
    limits: { maxQueuedPerNodeCount: 10, cacheMs: 0 },
  });
  const flood = Array.from({ length: 20 }, () =>
    node.harness.ask(ETH_PROCESS, { body: CALL, node: "bob.os", expectsResponse: 60 }),
  );
  await clock.settle();
  expect(server.methods).toHaveLength(1);
  const refused = node.harness.answers.filter(({ text }) => text.includes("-32005"));
  expect(refused).toHaveLength(9);
  const other = await clock.runUntil(
    node.harness.ask(ETH_PROCESS, { body: CALL, node: "carol.os" }),
  );
  expect(other.json).toEqual(SERVED);
  expect(clock.monotonicMs()).toBeLessThan(200);
  await clock.advance(2_000);
  expect(server.methods).toHaveLength(12);
  expect(
    (await Promise.all(flood)).filter(({ text }) => text === JSON.stringify(SERVED)),
  ).toHaveLength(11);
});

// --- subscriptions -----------------------------------------------------------------------------

const serveFeed = (network: FakeNetwork) =>
  network.server(URL_B, ({ method }) => {
    if (method === "eth_chainId") return { result: "0x1" };
    return { result: method === "eth_subscribe" ? "0xfeed" : "0x10" };
  });

test("[N96] a subscription at another node: the subscriber in rsvp, updates, signs of life every 30 s, an end", async () => {
  const all = await withNodes();
  const server = serveFeed(all.network);
  expect(await ask(all, SUBSCRIBE)).toBe("Ok");
  const [request, response] = all.passed.splice(0);
  const { sub_id: remoteId, ...rest } = (request!.body as typeof SUBSCRIBE).SubscribeLogs;
  expect(request).toMatchObject({
    from: "alice.os",
    kind: "request",
    rsvp: `alice.os@${APP}`,
    expects: 60,
  });
  expect(rest).toEqual({ chain_id: 1, kind: "logs", params: { address: "0xaa" } });
  expect(remoteId).not.toBe(5);
  expect(response).toMatchObject({ from: "bob.os", kind: "response", id: request!.id, body: "Ok" });

  server.push("0xfeed", { data: "0x01" });
  await all.clock.settle();
  const [update] = all.passed.splice(0);
  expect(update).toMatchObject({
    from: "bob.os",
    kind: "request",
    body: { Ok: { id: remoteId, result: { data: "0x01" } } },
    rsvp: `alice.os@${APP}`,
    expects: undefined,
  });
  expect(updates(all)).toEqual([{ Ok: { id: 5, result: { data: "0x01" } } }]);

  await all.clock.advance(29_000);
  expect(all.passed).toEqual([]);
  await all.clock.advance(2_000);
  expect(all.passed).toMatchObject([{ from: "alice.os", body: remoteId, expects: 30 }]);
  await all.clock.advance(60_000);
  // The provider knows it, so it says nothing.
  expect(all.passed.map(({ from, body }) => [from, body])).toEqual(
    Array(3).fill(["alice.os", remoteId]),
  );
  all.passed.splice(0);

  expect(await ask(all, { UnsubscribeLogs: 5 })).toBe("Ok");
  await all.clock.settle();
  expect(all.passed).toMatchObject([{ from: "alice.os", body: { UnsubscribeLogs: remoteId } }]);
  expect(server.methods.at(-1)).toBe("eth_unsubscribe");
  await all.clock.advance(5 * MINUTE);
  expect(all.passed).toHaveLength(1);
});

test("[N96] the provider answers a sign of life only when it does not know the subscription, and that ends it", async () => {
  const all = await withNodes();
  serveFeed(all.network);
  await ask(all, SUBSCRIBE);
  const remoteId = (all.passed[0]!.body as typeof SUBSCRIBE).SubscribeLogs.sub_id;
  // The provider has forgotten it.
  const source = { node: "alice.os", process: ETH_PROCESS };
  all.inject("provider", { source, body: { UnsubscribeLogs: remoteId } });
  all.passed.splice(0);
  await all.clock.advance(30_000);
  expect(all.passed).toMatchObject([
    { from: "alice.os", body: remoteId },
    {
      from: "bob.os",
      kind: "response",
      body: { Err: { id: remoteId, error: "Subscription not found" } },
    },
    { from: "alice.os", body: { UnsubscribeLogs: remoteId } },
  ]);
  expect(all.passed[1]!.id).toBe(all.passed[0]!.id);
  expect(updates(all)).toEqual([{ Err: { id: 5, error: expect.any(String) } }]);
});

test("[N96] it is given up when the provider is offline, says that it is over, or says nothing for two hours", async () => {
  for (const how of ["offline", "error", "silence"] as const) {
    const all = await withNodes();
    serveFeed(all.network);
    await ask(all, SUBSCRIBE);
    const remoteId = (all.passed[0]!.body as typeof SUBSCRIBE).SubscribeLogs.sub_id;
    all.passed.splice(0);
    if (how === "offline") {
      all.cut.isCut = true;
      await all.clock.advance(31_000);
    } else if (how === "error") {
      const source = { node: "bob.os", process: ETH_PROCESS };
      all.inject("consumer", { source, body: { Err: { id: remoteId, error: "gone" } } });
    } else {
      await all.clock.advance(119 * MINUTE);
      expect(updates(all)).toEqual([]);
      await all.clock.advance(2 * MINUTE);
    }
    await all.clock.settle();
    expect(updates(all)).toEqual([{ Err: { id: 5, error: expect.any(String) } }]);
    expect(all.passed.map(({ body }) => body)).toContainEqual({ UnsubscribeLogs: remoteId });
    expect(await ask(all, { UnsubscribeLogs: 5 })).toEqual({ Err: "MalformedRequest" });
  }
});

test("[N96] an update that was not asked of its sender is answered by an unsubscription and reaches nobody", async () => {
  const all = await withNodes();
  serveFeed(all.network);
  await ask(all, SUBSCRIBE);
  const remoteId = (all.passed[0]!.body as typeof SUBSCRIBE).SubscribeLogs.sub_id;
  all.passed.splice(0);
  const rsvp = { node: "alice.os", process: APP as ProcessId };
  all.inject("consumer", { rsvp, body: { Ok: { id: remoteId, result: "lie" } } });
  const source = { node: "bob.os", process: ETH_PROCESS };
  all.inject("consumer", { source, rsvp, body: { Ok: { id: 12_345, result: "lie" } } });
  all.inject("consumer", { rsvp, body: { Err: { id: remoteId, error: "lie" } } });
  expect(updates(all)).toEqual([]);
  expect(all.passed.map(({ body }) => body)).toEqual([
    { UnsubscribeLogs: remoteId },
    { UnsubscribeLogs: 12_345 },
  ]);
});

test("a consumer that cannot be reached loses its subscriptions at the provider", async () => {
  const all = await withNodes();
  const server = serveFeed(all.network);
  await ask(all, SUBSCRIBE);
  all.cut.isCut = true;
  server.push("0xfeed", { data: "0x01" });
  await all.clock.settle();
  expect(server.methods.at(-1)).toBe("eth_unsubscribe");
});

test("a consumer that gives no sign of life loses its subscriptions at the provider", async () => {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const server = serveFeed(network);
  const saved = { ".eth_access_settings": { public: true, allow: [], deny: [] } };
  const node = await startEth({ clock, transport: network.transport, saved, providers: [URL_B] });
  const from = { node: "rust.os", expectsResponse: 60 };
  expect(
    (await clock.runUntil(node.harness.ask(ETH_PROCESS, { ...from, body: SUBSCRIBE }))).json,
  ).toBe("Ok");
  for (let i = 0; i < 20; i++) {
    await clock.advance(30_000);
    node.harness.post(ETH_PROCESS, { node: "rust.os", expectsResponse: 30, body: "5" });
  }
  expect(server.methods).not.toContain("eth_unsubscribe");
  await clock.advance(8 * MINUTE);
  expect(server.methods).toContain("eth_unsubscribe");
});

test("denying a node ends what it has", async () => {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const server = serveFeed(network);
  const saved = { ".eth_access_settings": { public: true, allow: [], deny: [] } };
  const node = await startEth({ clock, transport: network.transport, saved, providers: [URL_B] });
  const body = SUBSCRIBE;
  await clock.runUntil(node.harness.ask(ETH_PROCESS, { node: "bob.os", body }));
  await node.admin(JSON.stringify({ DenyNode: "bob.os" }));
  await clock.settle();
  expect(server.methods.at(-1)).toBe("eth_unsubscribe");
  server.push("0xfeed", {});
  expect(node.harness.sent).toEqual([]);
});

test("[N99] a process cancels a subscription at another node by its own id, and nobody else can", async () => {
  const all = await withNodes();
  serveFeed(all.network);
  expect(await ask(all, SUBSCRIBE)).toBe("Ok");
  const { consumer, clock } = all;
  const other = await clock.runUntil(
    consumer.ask("main:other:x.os", { body: { UnsubscribeLogs: 5 } }),
  );
  expect(other.json).toEqual({ Err: "MalformedRequest" });
  consumer.give("main:admin:x.os", '{"root":true}');
  const state = await clock.runUntil(consumer.ask("main:admin:x.os", { body: '"GetState"' }));
  expect(state.json).toEqual({
    State: {
      active_subscriptions: { [`alice.os@${APP}`]: { 5: "bob.os" } },
      outstanding_requests: [],
    },
  });
  expect(await ask(all, { UnsubscribeLogs: 5 })).toBe("Ok");
  const after = await clock.runUntil(consumer.ask("main:admin:x.os", { body: '"GetState"' }));
  expect(after.json).toMatchObject({ State: { active_subscriptions: {} } });
});

test("a subscription that no provider takes ends with an error to the source, also when rsvp is set", async () => {
  const all = await withNodes();
  all.network.server(URL_B, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : undefined,
  );
  const rsvp = { node: "alice.os", process: "waits:app:x.os" as ProcessId };
  const asked = all.consumer.ask(APP, { body: SUBSCRIBE, expectsResponse: 60, rsvp });
  const answer = await all.clock.runUntil(asked);
  expect(answer.json).toEqual({ Err: "RpcTimeout" });
  expect(answer.target.process as string).toBe(APP);
  expect(all.clock.monotonicMs()).toBeLessThanOrEqual(30_000);
});
