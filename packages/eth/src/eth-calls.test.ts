import { expect, test } from "bun:test";
import {
  type Behaviour as FakeBehaviour,
  createFakeNetwork,
  type FakeNetwork,
  serving,
} from "../test/fake-servers.ts";
import { createVirtualClock, type EthNode, startEth, type VirtualClock } from "../test/eth-node.ts";
import type { EthLimits } from "./index.ts";

interface World {
  readonly clock: VirtualClock;
  readonly network: FakeNetwork;
  start(providers: readonly string[], limits?: Partial<EthLimits>): Promise<EthNode>;
}

function createWorld(): World {
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  return {
    clock,
    network,
    start: (providers, limits) =>
      startEth({ clock, transport: network.transport, providers, ...(limits && { limits }) }),
  };
}

const A = "http://a.example/";
const B = "ws://b.example/";
const C = "https://c.example/key";

test("[N92] a method outside the list, a chain without provider, and garbage have their errors", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(A);
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_feeHistory2"))).toEqual({
    Err: { InvalidMethod: "eth_feeHistory2" },
  });
  expect(await clock.runUntil(node.call("debug_traceCall"))).toEqual({
    Err: { InvalidMethod: "debug_traceCall" },
  });
  expect(await clock.runUntil(node.call("eth_call", [], 5))).toEqual({ Err: "NoRpcForChain" });
  for (const body of [
    "",
    "garbage",
    "{}",
    "[]",
    '"Nothing"',
    '{"Request":{}}',
    "null",
    "-1",
    "1.5",
  ]) {
    expect(await clock.runUntil(node.ask(body))).toEqual({ Err: "MalformedRequest" });
  }
  expect(server.calls).toEqual([]);
});

test("[N92] every method of the list reaches the provider, with its parameters", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(A);
  const node = await start([A]);
  const { ALLOWED_METHODS } = await import("./index.ts");
  for (const method of ALLOWED_METHODS) {
    const text = `{"Request":{"chain_id":1,"method":"${method}","params":["${method}",{"deep":[1.5,12345678901234567890]}]}}`;
    const answer = await clock.runUntil(node.ask(text));
    expect(answer).toEqual({ Response: method === "eth_chainId" ? "0x1" : `${method}!` });
  }
  expect(ALLOWED_METHODS.size).toBe(21);
  expect(new Set(server.calls.map(({ method }) => method))).toEqual(new Set(ALLOWED_METHODS));
});

test("[N94] an error of the provider is returned as it is, after one retry a second later", async () => {
  const { clock, network, start } = createWorld();
  const error = { code: 3, message: "execution reverted", data: "0x08c379a0" };
  const first = network.server(A, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : { error },
  );
  const second = network.server(B);
  const node = await start([A, B]);
  const asked = node.call("eth_call", [{}]);
  await clock.advance(900);
  expect(first.methods).toEqual(["eth_call"]);
  expect(await clock.runUntil(asked)).toEqual({ Err: { RpcError: error } });
  expect(first.methods).toEqual(["eth_call", "eth_call"]);
  expect(second.methods).toEqual([]);
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(1_000);
});

test("[N94] the retry may succeed", async () => {
  const { clock, network, start } = createWorld();
  let count = 0;
  network.server(A, ({ method }) => {
    if (method === "eth_chainId") return { result: "0x1" };
    return count++ === 0 ? { error: { code: -32000, message: "header not found" } } : { result: 1 };
  });
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_call"))).toEqual({ Response: 1 });
});

test("[N94] a dead provider falls through to the next, and the successful one moves first", async () => {
  const { clock, network, start } = createWorld();
  const dead = network.server(A);
  dead.isUp = false;
  const alive = network.server(B);
  network.server(C);
  const node = await start([A, B, C]);
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Response: "eth_gasPrice!" });
  const { Providers } = (await clock.runUntil(node.admin('"GetProviders"'))) as {
    Providers: { provider: { RpcUrl: string } }[];
  };
  expect(Providers.map(({ provider }) => provider.RpcUrl)).toEqual([B, A, C]);
  await clock.runUntil(node.call("eth_blockNumber"));
  expect(alive.methods).toEqual(["eth_gasPrice", "eth_blockNumber"]);
  // Not for ever: once the good one is gone, the other one is asked again.
  dead.isUp = true;
  alive.isUp = false;
  alive.cut();
  network.server(C).isUp = false;
  expect(await clock.runUntil(node.call("eth_hashrate"))).toEqual({ Response: "eth_hashrate!" });
  expect(dead.methods).toEqual(["eth_hashrate"]);
});

test("[N95] an equal request within a second is answered from memory, a later or other one is not", async () => {
  const { clock, network, start } = createWorld();
  let count = 0;
  const server = network.server(A, ({ method }) => ({
    result: method === "eth_chainId" ? "0x1" : ++count,
  }));
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_call", [1]))).toEqual({ Response: 1 });
  await clock.advance(900);
  expect(await clock.runUntil(node.call("eth_call", [1]))).toEqual({ Response: 1 });
  expect(await clock.runUntil(node.call("eth_call", [2]))).toEqual({ Response: 2 });
  await clock.advance(200);
  expect(await clock.runUntil(node.call("eth_call", [1]))).toEqual({ Response: 3 });
  expect(server.methods).toHaveLength(3);
});

test("[N95] a raw transaction is sent each time", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(A);
  const node = await start([A]);
  for (let i = 0; i < 3; i++) {
    expect(await clock.runUntil(node.call("eth_sendRawTransaction", ["0x02"]))).toEqual({
      Response: "eth_sendRawTransaction!",
    });
  }
  expect(server.methods).toEqual(Array(3).fill("eth_sendRawTransaction"));
});

test("the memory of answers is bounded by their number, dropping a tenth, and by their size", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(A, ({ method, params }) => ({
    result: method === "eth_chainId" ? "0x1" : "x".repeat((params as number[])[1] ?? 0),
  }));
  const node = await start([A], { maxCachedCount: 10, maxCachedAnswerLength: 100 });
  for (let i = 0; i < 11; i++) await clock.runUntil(node.call("eth_call", [i]));
  await clock.runUntil(node.call("eth_call", [10]));
  expect(server.methods).toHaveLength(11);
  await clock.runUntil(node.call("eth_call", [0]));
  expect(server.methods).toHaveLength(12);
  for (let i = 0; i < 2; i++) await clock.runUntil(node.call("eth_call", [99, 200]));
  expect(server.methods).toHaveLength(14);
});

test("with nothing to connect to every request ends at once, and nothing is connected to", async () => {
  const { clock, network, start } = createWorld();
  const node = await start([]);
  expect(await clock.runUntil(node.call("eth_blockNumber"))).toEqual({ Err: "NoRpcForChain" });
  const subscribe = { SubscribeLogs: { sub_id: 1, chain_id: 1, kind: "logs", params: {} } };
  expect(await clock.runUntil(node.ask(subscribe))).toEqual({ Err: "NoRpcForChain" });
  expect(clock.monotonicMs()).toBe(0);
  expect(network.tried).toEqual([]);
});

test("starting connects to nothing, also with providers", async () => {
  const { clock, network, start } = createWorld();
  network.server(A);
  network.server(B);
  await start([A, B]);
  await clock.advance(60_000);
  expect(network.tried).toEqual([]);
});

test("a provider that stalls leaves time for the next, and the one after is asked first from then on", async () => {
  const { clock, network, start } = createWorld();
  const stalled = network.server(A, () => undefined);
  network.server(B);
  const node = await start([A, B]);
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Response: "eth_gasPrice!" });
  expect(clock.monotonicMs()).toBeLessThan(2_500);
  const startedMs = clock.monotonicMs();
  await clock.runUntil(node.call("eth_blockNumber"));
  expect(clock.monotonicMs() - startedMs).toBeLessThan(10);
  expect(stalled.calls).toHaveLength(1);
});

test("when all stall the caller is told before it stops waiting", async () => {
  const { clock, network, start } = createWorld();
  network.server(A, () => undefined);
  network.server(B, () => undefined);
  const node = await start([A, B]);
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Err: "RpcTimeout" });
  expect(clock.monotonicMs()).toBeLessThan(5_000);
});

test("a stalled provider does not hold up requests to others", async () => {
  const { clock, network, start } = createWorld();
  network.server(A, () => undefined);
  const node = await start([A]);
  const stuck = node.call("eth_gasPrice");
  network.server("http://other.example/").chainId = 7;
  const add = {
    AddProvider: { chain_id: 7, trusted: true, provider: { RpcUrl: "http://other.example/" } },
  };
  await clock.runUntil(node.admin(add));
  expect(await clock.runUntil(node.call("eth_gasPrice", [], 7))).toEqual({
    Response: "eth_gasPrice!",
  });
  expect(clock.monotonicMs()).toBe(0);
  expect(await clock.runUntil(stuck)).toEqual({ Err: "RpcTimeout" });
});

for (const [what, limited] of [
  ["HTTP 429", { status: 429, raw: "slow down" }],
  [
    "-32005",
    { error: { code: -32005, message: "daily request count exceeded, request rate limited" } },
  ],
] as const) {
  test(`a provider that limits the rate by ${what} is passed over for a while, then asked again`, async () => {
    const { clock, network, start } = createWorld();
    let isLimited = true;
    const first = network.server(A, ({ method }) =>
      method === "eth_chainId" ? { result: "0x1" } : isLimited ? limited : { result: "a" },
    );
    const second = network.server(B);
    const node = await start([A, B]);
    expect(await clock.runUntil(node.call("eth_call", [1]))).toEqual({ Response: "eth_call!" });
    second.isUp = false;
    second.cut();
    expect(await clock.runUntil(node.call("eth_call", [2]))).toMatchObject({
      Err: { RpcError: { code: -32005 } },
    });
    expect(first.methods).toHaveLength(1);
    isLimited = false;
    await clock.advance(11_000);
    expect(await clock.runUntil(node.call("eth_call", [3]))).toEqual({ Response: "a" });
  });
}

test("too large a range of logs is an error of the caller, not of the rate", async () => {
  const { clock, network, start } = createWorld();
  const error = { code: -32005, message: "query returned more than 10000 results" };
  const server = network.server(A, ({ method }) =>
    method === "eth_getLogs" ? { error } : { result: "0x1" },
  );
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_getLogs"))).toEqual({ Err: { RpcError: error } });
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Response: "0x1" });
  expect(server.methods).toEqual(["eth_getLogs", "eth_getLogs", "eth_gasPrice"]);
});

test("a method that a provider does not have is asked of the next, and of the first again after a while", async () => {
  const { clock, network, start } = createWorld();
  const error = { code: -32601, message: "the method does not exist" };
  const first = network.server(A, ({ method }) =>
    method === "eth_hashrate" ? { error } : { result: "0x1" },
  );
  const second = network.server(B);
  const node = await start([A, B], { cacheMs: 0 });
  for (let i = 0; i < 2; i++) {
    expect(await clock.runUntil(node.call("eth_hashrate"))).toEqual({ Response: "eth_hashrate!" });
  }
  expect(first.methods).toEqual(["eth_hashrate"]);
  second.isUp = false;
  second.cut();
  expect(await clock.runUntil(node.call("eth_hashrate"))).toEqual({ Err: { RpcError: error } });
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Response: "0x1" });
  await clock.advance(600_000);
  await clock.runUntil(node.call("eth_hashrate"));
  expect(first.methods).toEqual(["eth_hashrate", "eth_gasPrice", "eth_hashrate"]);
});

const LIES: Readonly<Record<string, string | Uint8Array>> = {
  "no JSON": "<html>login</html>",
  "half of an answer": '{"jsonrpc":"2.0","id":1,"result":',
  "another id": '{"jsonrpc":"2.0","id":999,"result":"0x1"}',
  "an id that is text": '{"jsonrpc":"2.0","id":"1","result":"0x1"}',
  "neither result nor error": '{"jsonrpc":"2.0","id":1}',
  "an error that is none": '{"jsonrpc":"2.0","id":1,"error":"no"}',
  "a list": "[]",
  nothing: "",
  "deep nesting": "[".repeat(100_000) + "]".repeat(100_000),
  "too many parts": `{"id":1,"result":[${"0,".repeat(300_000)}0]}`,
  "too many bytes": `{"id":1,"result":"${"a".repeat(2_000_000)}"}`,
  "bytes that are no text": Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d),
};

for (const [name, raw] of Object.entries(LIES)) {
  for (const url of [A, B]) {
    test(`${new URL(url).protocol} a provider that answers with ${name} is passed over`, async () => {
      const { clock, network, start } = createWorld();
      const liar = network.server(url, ({ method }) =>
        method === "eth_chainId" ? { result: "0x1" } : { raw: raw as string },
      );
      network.server(C);
      const node = await start([url, C], { maxAnswerBytes: 1_000_000, maxAnswerParts: 200_000 });
      const answer = await clock.runUntil(node.call("eth_gasPrice"));
      expect(answer).toEqual({ Response: "eth_gasPrice!" });
      expect(liar.methods).toContain("eth_gasPrice");
      await node.stop();
    });
  }
}

test("the only provider's nonsense is named", async () => {
  const { clock, network, start } = createWorld();
  network.server(A, ({ method }) => (method === "eth_chainId" ? { result: "0x1" } : { raw: "?" }));
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Err: "RpcMalformedResponse" });
});

test("a provider of another chain is never asked for anything else, with a line for the person", async () => {
  const { clock, network, start } = createWorld();
  const other = network.server(A);
  other.chainId = 10;
  const node = await start([A]);
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Err: "NoRpcForChain" });
  expect(await clock.runUntil(node.call("eth_gasPrice"))).toEqual({ Err: "NoRpcForChain" });
  expect(other.calls.map(({ method }) => method)).toEqual(["eth_chainId"]);
  expect(node.harness.prints.map(({ text }) => text).join()).toContain(
    "a.example is left out for a while: it serves chain 10, not 1",
  );
});

test("lines for the person do not hold what may be a key in a URL", async () => {
  const { clock, network, start } = createWorld();
  network.server(C).chainId = 10;
  const node = await start([C]);
  await clock.runUntil(node.call("eth_gasPrice"));
  expect(node.harness.prints.map(({ text }) => text).join()).not.toContain("key");
});

test("a process has so many requests under way and not more; another is served", async () => {
  const { clock, network, start } = createWorld();
  network.server(A, () => undefined);
  network.server("http://other.example/").chainId = 7;
  const node = await start([A], { maxCallsPerProcessCount: 3 });
  const add = {
    AddProvider: { chain_id: 7, trusted: true, provider: { RpcUrl: "http://other.example/" } },
  };
  await clock.runUntil(node.admin(add));
  const stuck = Array.from({ length: 3 }, (_each, i) => node.call("eth_call", [i]));
  expect(await clock.runUntil(node.call("eth_call", [9]))).toMatchObject({
    Err: { RpcError: { code: -32005, message: "too many requests are under way" } },
  });
  const body = { Request: { chain_id: 7, method: "eth_gasPrice", params: null } };
  expect(await clock.runUntil(node.ask(body, { from: "main:other:x.os" }))).toEqual({
    Response: "eth_gasPrice!",
  });
  for (const each of stuck) expect(await clock.runUntil(each)).toEqual({ Err: "RpcTimeout" });
  expect(await clock.runUntil(node.call("eth_gasPrice", [], 7))).toEqual({
    Response: "eth_gasPrice!",
  });
});

test("an idle web socket is closed, and opened again when it is needed", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(B);
  const node = await start([B]);
  await clock.runUntil(node.call("eth_gasPrice"));
  expect(server.connectionCount).toBe(1);
  await clock.advance(299_000);
  expect(server.connectionCount).toBe(1);
  await clock.advance(2_000);
  expect(server.connectionCount).toBe(0);
  await clock.runUntil(node.call("eth_gasPrice"));
  expect(network.tried).toEqual([B, B]);
});

test("answers that nobody waits for close the connection when they are too many", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(B);
  const node = await start([B], { maxStrayMessagesCount: 10 });
  await clock.runUntil(node.call("eth_gasPrice"));
  for (let i = 0; i < 10; i++) server.say('{"id":77,"result":1}');
  expect(server.connectionCount).toBe(1);
  server.say('{"id":77,"result":1}');
  expect(server.connectionCount).toBe(0);
  expect(await clock.runUntil(node.call("eth_blockNumber"))).toEqual({
    Response: "eth_blockNumber!",
  });
});

test("what a provider sends is passed on as it was written", async () => {
  const { clock, network, start } = createWorld();
  const result = '{"big":123456789012345678901234567890,"half":0.10,"text":"\\u00e9"}';
  network.server(A, ({ method, id }) =>
    method === "eth_chainId" ? { result: "0x1" } : { raw: `{"result":${result},"id":${id}}` },
  );
  const node = await start([A]);
  const body = { Request: { chain_id: 1, method: "eth_call", params: [] } };
  const { text } = await clock.runUntil(node.harness.ask("main:app:x.os", { body }));
  expect(text).toBe(`{"Response":${result}}`);
});

test("an answer goes to rsvp, a time-out to the source", async () => {
  const { clock, network, start } = createWorld();
  const server = network.server(A, serving());
  const node = await start([A], { cacheMs: 0 });
  const rsvp = { node: "alice.os", process: "waits:app:x.os" } as never;
  const body = { Request: { chain_id: 1, method: "eth_gasPrice", params: [] } };
  const answered = await clock.runUntil(node.harness.ask("main:app:x.os", { body, rsvp }));
  expect(answered.target).toEqual(rsvp);
  server.behaviour = () => undefined;
  const late = await clock.runUntil(node.harness.ask("main:app:x.os", { body, rsvp }));
  expect(late.json).toEqual({ Err: "RpcTimeout" });
  expect(late.target).toEqual({ node: "alice.os", process: "main:app:x.os" } as never);
});

test("[N91] every error has its documented form", async () => {
  const { clock, network, start } = createWorld();
  let behave = (_method: string): ReturnType<FakeBehaviour> => undefined;
  const server = network.server(B, ({ method }) =>
    method === "eth_chainId" ? { result: "0x1" } : behave(method),
  );
  const node = await start([B], { cacheMs: 0 });
  const rpcError = { code: -32000, message: "nonce too low", data: { reason: 1.5 } };
  const errorOf = async (body: unknown): Promise<unknown> =>
    ((await clock.runUntil(node.ask(body))) as { Err: unknown }).Err;
  const call = (method: string, params: unknown = [], chain_id = 1): unknown => ({
    Request: { chain_id, method, params },
  });
  const subscribe = { SubscribeLogs: { sub_id: 9, chain_id: 1, kind: "logs", params: {} } };
  behave = () => ({ error: rpcError });
  expect(await errorOf(call("eth_call"))).toEqual({ RpcError: rpcError });
  expect(await errorOf("no json")).toBe("MalformedRequest");
  expect(await errorOf(call("eth_call", [], 77))).toBe("NoRpcForChain");
  expect(await errorOf(call("eth_mining"))).toEqual({ InvalidMethod: "eth_mining" });
  expect(await errorOf(call("eth_call", "no list"))).toBe("InvalidParams");
  behave = () => ({ raw: "no answer" });
  expect(await errorOf(call("eth_call"))).toBe("RpcMalformedResponse");
  behave = () => undefined;
  expect(await errorOf(call("eth_call"))).toBe("RpcTimeout");
  const cancelled = node.ask(subscribe);
  await clock.settle();
  expect(await clock.runUntil(node.ask({ UnsubscribeLogs: 9 }))).toBe("Ok");
  expect(await clock.runUntil(cancelled)).toEqual({ Err: { SubscriptionClosed: 9 } });
  const remote = node.harness.ask("eth:distro:sys", { body: call("eth_call"), node: "bob.os" });
  expect((await clock.runUntil(remote)).json).toEqual({ Err: "PermissionDenied" });
  expect(server.calls.length).toBeGreaterThan(0);
});
