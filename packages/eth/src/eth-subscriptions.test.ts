import { expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { createFakeNetwork, type FakeNetwork, type FakeServer } from "../test/fake-servers.ts";
import { createVirtualClock, type EthNode, startEth, type VirtualClock } from "../test/eth-node.ts";
import type { EthLimits } from "./index.ts";

const A = "ws://a.example/";
const B = "ws://b.example/";
const FILTER = { address: "0xaa", topics: [["0x01"]], fromBlock: "0x1", toBlock: "latest" };

interface Log {
  readonly blockHash: string;
  readonly blockNumber: string;
  readonly logIndex: string;
  readonly data: string;
  readonly removed?: boolean;
}

const log = (block: number, index = 0, hash = `0xb${block}`): Log => ({
  blockHash: hash,
  blockNumber: `0x${block.toString(16)}`,
  logIndex: `0x${index}`,
  data: `${block}.${index} ${hash}`,
});

/** A chain that a server tells of: its head, and its logs. */
interface Chain {
  head: number;
  logs: Log[];
  /** Parameters of every eth_getLogs. */
  readonly queries: { fromBlock: string; toBlock: string }[];
}

function serveChain(network: FakeNetwork, url: string, chain: Chain): FakeServer {
  let feeds = 0;
  return network.server(url, ({ method, params }) => {
    if (method === "eth_chainId") return { result: "0x1" };
    if (method === "eth_blockNumber") return { result: `0x${chain.head.toString(16)}` };
    if (method === "eth_subscribe") return { result: `0xfeed${++feeds}` };
    if (method !== "eth_getLogs") return { result: true };
    const [query] = params as [{ fromBlock: string; toBlock: string }];
    chain.queries.push(query);
    const isIn = ({ blockNumber }: Log): boolean =>
      Number(blockNumber) >= Number(query.fromBlock) &&
      Number(blockNumber) <= Number(query.toBlock);
    return { result: chain.logs.filter(isIn) };
  });
}

interface World {
  readonly clock: VirtualClock;
  readonly network: FakeNetwork;
  readonly chain: Chain;
  readonly node: EthNode;
  subscribe(subId?: number, options?: object, from?: string): Promise<unknown>;
  updates(): unknown[];
}

async function start(providers: readonly string[], limits?: Partial<EthLimits>): Promise<World> {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const chain: Chain = { head: 100, logs: [], queries: [] };
  const options = { clock, transport: network.transport, providers };
  const node = await startEth({ ...options, ...(limits && { limits }) });
  return {
    clock,
    network,
    chain,
    node,
    subscribe: (subId = 1, more = {}, from = "main:app:x.os") => {
      const body = {
        SubscribeLogs: { sub_id: subId, chain_id: 1, kind: "logs", params: FILTER, ...more },
      };
      return clock.runUntil(node.ask(body, { from }));
    },
    updates: () => node.harness.sent.map(({ body }) => JSON.parse(new TextDecoder().decode(body))),
  };
}

test("[N91] each kind of subscription is made with its parameters, updated and ended in the documented forms", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  for (const [i, kind] of ["logs", "newHeads", "newPendingTransactions", "syncing"].entries()) {
    const params = kind === "logs" ? FILTER : null;
    expect(await world.subscribe(i, { kind, params })).toBe("Ok");
  }
  expect(
    server.calls.filter(({ method }) => method === "eth_subscribe").map(({ params }) => params),
  ).toEqual([
    // Some servers refuse block numbers there.
    ["logs", { address: "0xaa", topics: [["0x01"]] }],
    ["newHeads"],
    ["newPendingTransactions"],
    ["syncing"],
  ]);
  server.push("0xfeed2", { number: "0x65" });
  expect(world.updates()).toEqual([{ Ok: { id: 1, result: { number: "0x65" } } }]);
  expect(world.node.harness.sent[0]).toMatchObject({
    target: { node: "alice.os", process: "main:app:x.os" },
    rsvp: undefined,
  });
  expect(world.node.harness.sent[0]!.expectsResponse).toBeUndefined();
  for (let i = 0; i < 4; i++) {
    expect(await world.clock.runUntil(world.node.ask({ UnsubscribeLogs: i }))).toBe("Ok");
  }
  expect(server.methods.filter((method) => method === "eth_unsubscribe")).toHaveLength(4);
  expect(await world.subscribe(1, { kind: "other" })).toEqual({ Err: "MalformedRequest" });
});

test("logs that were removed are passed on as they come", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  const gone = { ...log(101), removed: true };
  server.push("0xfeed1", log(101));
  server.push("0xfeed1", gone);
  expect(world.updates()).toEqual([
    { Ok: { id: 1, result: log(101) } },
    { Ok: { id: 1, result: gone } },
  ]);
});

test("a lost subscription is made again, elsewhere if need be, and misses nothing", async () => {
  const world = await start([A, B]);
  const first = serveChain(world.network, A, world.chain);
  const second = serveChain(world.network, B, world.chain);
  await world.subscribe();
  await world.clock.settle();
  first.push("0xfeed1", log(101));
  first.isUp = false;
  first.cut();
  world.chain.head = 140;
  world.chain.logs = [log(101), log(102), log(140, 1)];
  await world.clock.advance(10);
  expect(second.subscriptions).toEqual(["0xfeed1"]);
  expect(world.updates()).toEqual(
    [log(101), log(102), log(140, 1)].map((result) => ({ Ok: { id: 1, result } })),
  );
  second.push("0xfeed1", log(141));
  expect(world.updates()).toHaveLength(4);
});

test("logs that were removed while nobody listened are told of as removed", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.settle();
  for (const block of [101, 102, 103]) server.push("0xfeed1", log(block));
  server.cut();
  world.chain.head = 104;
  world.chain.logs = [log(101), log(102, 0, "0xother")];
  await world.clock.advance(10);
  expect(world.updates().slice(3)).toEqual(
    [{ ...log(103), removed: true }, { ...log(102), removed: true }, log(102, 0, "0xother")].map(
      (result) => ({ Ok: { id: 1, result } }),
    ),
  );
});

test("a server that is behind does not make delivered logs look removed", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.settle();
  for (const block of [101, 110]) server.push("0xfeed1", log(block));
  server.cut();
  world.chain.head = 105;
  world.chain.logs = [log(101)];
  await world.clock.advance(10);
  expect(world.updates()).toHaveLength(2);
});

test("what comes twice, as missed and as new, is told once and in order", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.advance(1);
  server.cut();
  world.chain.head = 101;
  world.chain.logs = [log(101)];
  const behaviour = server.behaviour;
  server.behaviour = (call) => {
    if (call.method === "eth_getLogs") {
      server.push("0xfeed2", log(101));
      server.push("0xfeed2", log(102));
    }
    return behaviour(call);
  };
  await world.clock.advance(10);
  expect(world.updates()).toEqual(
    [log(101), log(102)].map((result) => ({ Ok: { id: 1, result } })),
  );
});

test("a subscription that is lost before it is known where the chain is ends, since logs may be missing", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  server.cut();
  await world.clock.advance(10);
  expect(world.updates()).toEqual([
    { Err: { id: 1, error: "the connection to the provider was lost" } },
  ]);
});

test("what came before the subscription is not told of after a loss", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  world.chain.logs = [log(90), log(100)];
  await world.subscribe();
  await world.clock.advance(1);
  server.cut();
  world.chain.head = 102;
  world.chain.logs = [log(90), log(100), log(101)];
  await world.clock.advance(10);
  expect(world.updates()).toEqual([{ Ok: { id: 1, result: log(101) } }]);
});

test("a quiet subscription knows how far the chain is, so that little is asked for after a loss", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.advance(1);
  world.chain.head = 5_000;
  await world.clock.advance(31_000);
  server.cut();
  world.chain.head = 5_010;
  await world.clock.advance(10);
  expect(world.chain.queries).toEqual([
    expect.objectContaining({
      fromBlock: `0x${(4_968).toString(16)}`,
      toBlock: `0x${(5_010).toString(16)}`,
    }),
  ]);
});

test("a connection that is cut without a word is noticed", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.advance(1);
  const behaviour = server.behaviour;
  server.behaviour = () => undefined;
  await world.clock.advance(39_000);
  server.behaviour = behaviour;
  await world.clock.advance(30_000);
  expect(server.subscriptions).toHaveLength(2);
  expect(world.updates()).toEqual([]);
});

test("when no server can be had for two minutes the subscriber is told, once, and the subscription is over", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  await world.clock.settle();
  server.isUp = false;
  server.cut();
  await world.clock.advance(110_000);
  expect(world.updates()).toEqual([]);
  await world.clock.advance(20_000);
  expect(world.updates()).toEqual([
    { Err: { id: 1, error: "the connection to the provider was lost" } },
  ]);
  const tried = world.network.tried.length;
  await world.clock.advance(600_000);
  expect(world.network.tried).toHaveLength(tried);
  expect(await world.clock.runUntil(world.node.ask({ UnsubscribeLogs: 1 }))).toEqual({
    Err: "MalformedRequest",
  });
});

test("a chain whose servers cannot push is looked at now and then: logs, removed ones, heads", async () => {
  const H = "http://h.example/";
  const world = await start([H]);
  const server = serveChain(world.network, H, world.chain);
  const behaviour = server.behaviour;
  server.behaviour = (call) =>
    call.method === "eth_getBlockByNumber"
      ? { result: { number: (call.params as string[])[0], transactions: ["0x1"], hash: "0xh" } }
      : behaviour(call);
  expect(await world.subscribe(1)).toBe("Ok");
  expect(await world.subscribe(2, { kind: "newHeads", params: null })).toBe("Ok");
  const none = { kind: "newPendingTransactions", params: null };
  expect(await world.subscribe(3, none)).toEqual({ Err: "NoRpcForChain" });
  await world.clock.advance(9_000);
  expect(world.updates()).toEqual([]);
  world.chain.head = 102;
  world.chain.logs = [log(100), log(101), log(102)];
  await world.clock.advance(5_000);
  const of = (id: number): unknown[] =>
    (world.updates() as { Ok: { id: number; result: unknown } }[])
      .filter(({ Ok }) => Ok.id === id)
      .map(({ Ok }) => Ok.result);
  expect(of(1)).toEqual([log(101), log(102)]);
  expect(of(2)).toEqual(["0x65", "0x66"].map((number) => ({ number, hash: "0xh" })));
  world.chain.logs = [log(100), log(101), log(102, 0, "0xother")];
  await world.clock.advance(5_000);
  expect(of(1).slice(2)).toEqual([{ ...log(102), removed: true }, log(102, 0, "0xother")]);
  expect(await world.clock.runUntil(world.node.ask({ UnsubscribeLogs: 1 }))).toBe("Ok");
  const calls = server.calls.length;
  world.chain.head = 103;
  world.chain.logs.push(log(103));
  await world.clock.runUntil(world.node.ask({ UnsubscribeLogs: 2 }));
  await world.clock.advance(20_000);
  expect(server.calls).toHaveLength(calls);
});

test("looking ends with an error when no server answers for two minutes, and goes on after a shorter silence", async () => {
  const H = "http://h.example/";
  const world = await start([H]);
  const server = serveChain(world.network, H, world.chain);
  await world.subscribe();
  server.isUp = false;
  await world.clock.advance(60_000);
  server.isUp = true;
  world.chain.head = 101;
  world.chain.logs = [log(101)];
  await world.clock.advance(10_000);
  expect(world.updates()).toEqual([{ Ok: { id: 1, result: log(101) } }]);
  server.isUp = false;
  await world.clock.advance(130_000);
  expect(world.updates().slice(1)).toEqual([
    { Err: { id: 1, error: "the connection to the provider was lost" } },
  ]);
});

test("a provider that refuses to subscribe says why; one over HTTP does not take its place", async () => {
  const error = { code: -32000, message: "too many subscriptions" };
  const world = await start([A, "http://c.example/"]);
  world.network.server("http://c.example/");
  const server = world.network.server(A, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : { error },
  );
  expect(await world.subscribe()).toEqual({ Err: { RpcError: error } });
  server.isUp = false;
  server.cut();
  expect(await world.subscribe()).toEqual({ Err: "NoRpcForChain" });
});

test("a process, and the node, have so many subscriptions and not more; one with the same id takes the old one's place", async () => {
  const world = await start([A], {
    maxSubscriptionsPerSubscriberCount: 2,
    maxSubscriptionsCount: 3,
  });
  const server = serveChain(world.network, A, world.chain);
  const full = { Err: { RpcError: { code: -32005, message: "too many subscriptions" } } };
  expect([await world.subscribe(1), await world.subscribe(2)]).toEqual(["Ok", "Ok"]);
  expect(await world.subscribe(3)).toEqual(full);
  expect(await world.subscribe(2)).toBe("Ok");
  expect(await world.subscribe(1, {}, "main:other:x.os")).toBe("Ok");
  expect(await world.subscribe(1, {}, "main:third:x.os")).toEqual(full);
  server.push("0xfeed2", log(101));
  expect(world.updates()).toEqual([]);
  server.push("0xfeed3", log(101));
  expect(world.updates()).toEqual([{ Ok: { id: 2, result: log(101) } }]);
});

test("subscriptions end with their process, and with the node", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  const { createEth } = await import("./index.ts");
  const { createModuleHarness } = await import("@kinode-ts/testing/module-harness");
  const module = createEth({
    clock: world.clock,
    random: { bytes: (n) => new Uint8Array(n), u64: () => 7 },
    transport: world.network.transport,
    files: {
      read: async (name) => world.node.files.get(name),
      write: async () => {},
    },
  });
  const harness = createModuleHarness(module);
  await harness.start();
  const ask = (subId: number, source: string) =>
    world.clock.runUntil(
      harness.ask(source, {
        body: { SubscribeLogs: { sub_id: subId, chain_id: 1, kind: "newHeads", params: null } },
      }),
    );
  await ask(1, "main:app:x.os");
  await ask(1, "main:other:x.os");
  module.processEnded?.("main:app:x.os" as ProcessId);
  server.push("0xfeed1", 1);
  server.push("0xfeed2", 2);
  expect(harness.sent.map(({ target }) => target.process as string)).toEqual(["main:other:x.os"]);
  await module.stop?.();
  expect(server.connectionCount).toBe(0);
  await world.clock.advance(600_000);
  expect(harness.sent).toHaveLength(1);
});

test("an update for nobody makes the provider end that subscription", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  await world.subscribe();
  server.push("0xstray", log(1));
  expect(server.calls.at(-1)).toMatchObject({ method: "eth_unsubscribe", params: ["0xstray"] });
  expect(world.updates()).toEqual([]);
});

test("[N91] ids of the full 64 bits stay exact", async () => {
  const world = await start([A]);
  const server = serveChain(world.network, A, world.chain);
  const max = "18446744073709551615";
  const subscribe = `{"SubscribeLogs":{"sub_id":${max},"chain_id":1,"kind":"newHeads","params":null}}`;
  expect(await world.clock.runUntil(world.node.ask(subscribe))).toBe("Ok");
  server.push("0xfeed1", 1);
  const text = new TextDecoder().decode(world.node.harness.sent[0]!.body);
  expect(text).toBe(`{"Ok":{"id":${max},"result":1}}`);
  expect(await world.clock.runUntil(world.node.ask(`{"UnsubscribeLogs":${max}}`))).toBe("Ok");
  expect(
    await world.clock.runUntil(world.node.ask('{"UnsubscribeLogs":18446744073709551616}')),
  ).toEqual({ Err: "MalformedRequest" });
});
