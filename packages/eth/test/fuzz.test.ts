/**
 * Damaged requests of processes and of other nodes, damaged answers of providers, connections that break, configuration that
 * changes meanwhile: every request ends in time, once, in a documented form, and nothing is thrown or kept.
 * `KINODE_FUZZ_CASES=100000 bun test test/fuzz.test.ts` for a long run; `KINODE_SEED` for another one.
 */
import { expect, test } from "bun:test";
import { createSeededRandom, type SeededRandom } from "@kinode-ts/testing";
import { ETH_PROCESS } from "@kinode-ts/types";
import { createFakeNetwork, type FakeServer, type RpcCall } from "./fake-servers.ts";
import { ADMIN, APP, createVirtualClock, nodeProvider, startEth, urlProvider } from "./eth-node.ts";

const CASES = Number(process.env["KINODE_FUZZ_CASES"] ?? 2_000);
const SEED = Number(process.env["KINODE_SEED"] ?? 20_261_121);
const URLS = ["ws://a.example/", "http://b.example/", "ws://c.example/"];

const FILTER = { address: "0xaa", topics: [["0x01"]], fromBlock: "0x1" };
const BODIES: readonly unknown[] = [
  { Request: { chain_id: 1, method: "eth_blockNumber", params: null } },
  { Request: { chain_id: 1, method: "eth_getLogs", params: [FILTER] } },
  { Request: { chain_id: 1, method: "eth_call", params: [{ data: "0x" }, "latest"] } },
  { Request: { chain_id: 7, method: "eth_call", params: [] } },
  { SubscribeLogs: { sub_id: 1, chain_id: 1, kind: "logs", params: FILTER } },
  { SubscribeLogs: { sub_id: 2, chain_id: 1, kind: "newHeads", params: null } },
  { UnsubscribeLogs: 1 },
  { AddProvider: urlProvider(URLS[0]!) },
  { AddProvider: nodeProvider("bob.os", 7) },
  { SetProviders: URLS.map((url) => urlProvider(url)) },
  { RemoveProvider: [1, URLS[1]] },
  { AllowNode: "bob.os" },
  { DenyNode: "carol.os" },
  "SetPublic",
  "SetPrivate",
  "GetProviders",
  "GetAccessSettings",
  "GetState",
  { Ok: { id: 1, result: {} } },
  { Err: { id: 1, error: "gone" } },
  5,
];
const JUNK = ["", "\0", '"', "}", "[[[[", "null", "1e999", "\u{1f600}", '{"Err":', ",,", "-1"];

function damage(text: string, dice: SeededRandom): string {
  let damaged = text;
  for (let left = dice.below(3); left >= 0; left--) {
    const at = dice.below(damaged.length + 1);
    damaged = damaged.slice(0, at) + dice.pick(JUNK) + damaged.slice(at + dice.below(8));
  }
  return damaged;
}

function answerOf(
  { id, method }: RpcCall,
  dice: SeededRandom,
): ReturnType<FakeServer["behaviour"]> {
  const results: Readonly<Record<string, unknown>> = {
    eth_chainId: "0x1",
    eth_subscribe: `0x${dice.below(9)}`,
    eth_getLogs: [{ blockHash: "0xb", blockNumber: "0x5", logIndex: "0x0" }],
  };
  const fine = { result: results[method] ?? `0x${dice.below(99)}` };
  if (dice.chance(0.6)) return fine;
  const text = JSON.stringify({ jsonrpc: "2.0", id, ...fine });
  switch (dice.below(8)) {
    case 0:
      return undefined;
    case 1:
      return "break";
    case 2:
      return { error: { code: dice.pick([3, -32_000, -32_005, -32_601, 429]), message: "no" } };
    case 3:
      return { status: dice.pick([200, 404, 429, 500]), raw: damage(text, dice) };
    case 4:
      return { result: "0x2" };
    default:
      return { raw: damage(text, dice) };
  }
}

const ERRORS =
  /^\{"Err":("MalformedRequest"|"NoRpcForChain"|"InvalidParams"|"PermissionDenied"|"RpcTimeout"|"RpcMalformedResponse"|\{"(RpcError|SubscriptionClosed|InvalidMethod)":|\{"id":)/;
const ANSWERS = /^(\{"(Response|Providers|AccessSettings|State)":|"Ok"$|"PermissionDenied"$)/;

test(`${CASES} damaged requests to damaged providers (seed ${SEED})`, async () => {
  const dice = createSeededRandom(SEED);
  const clock = createVirtualClock();
  const network = createFakeNetwork(clock);
  const servers = URLS.map((url) => network.server(url, (call) => answerOf(call, dice)));
  const node = await startEth({
    clock,
    transport: network.transport,
    saved: {
      ".eth_access_settings": { public: true, allow: [], deny: [] },
      ".eth_providers": [...URLS.map((url) => urlProvider(url)), nodeProvider("bob.os", 7)],
    },
  });
  const asked = new Set<unknown>();
  let answered = 0;
  let succeeded = 0;
  for (let index = 0; index < CASES; index++) {
    const body = JSON.stringify(dice.pick(BODIES));
    const isRemote = dice.chance(0.2);
    const id = node.harness.post(dice.pick([APP, APP, ADMIN, ETH_PROCESS]), {
      body: dice.chance(0.6) ? body : damage(body, dice),
      expectsResponse: 10,
      ...(isRemote ? { node: dice.pick(["bob.os", "carol.os"]) } : {}),
    });
    // Updates and signs of life of other nodes are not always answered.
    if (!isRemote) asked.add(id);
    if (dice.chance(0.02)) dice.pick(servers).cut();
    if (dice.chance(0.1)) dice.pick(servers).say(damage('{"id":1,"result":[{"a":1}]}', dice));
    if (dice.chance(0.1)) dice.pick(servers).push(`0x${dice.below(9)}`, { blockNumber: "0x7" });
    if (dice.chance(0.05)) dice.pick(servers).isUp = dice.chance(0.7);
    if (index % 20 === 19) await clock.advance(dice.below(3_000));
    if (index % 500 === 499 || index === CASES - 1) {
      await clock.advance(11_000);
      for (const answer of node.harness.answers.slice(answered)) {
        answered++;
        const isFirst = asked.delete(answer.id) || answer.target.node !== "alice.os";
        const isDocumented = ERRORS.test(answer.text) || ANSWERS.test(answer.text);
        if (!isFirst) throw new Error(`answered twice: ${answer.text}`);
        if (!isDocumented) throw new Error(`case up to ${index}: ${answer.text}`);
        if (answer.text.startsWith('{"Response"')) succeeded++;
      }
      expect([...asked]).toEqual([]);
    }
  }
  expect(succeeded).toBeGreaterThan(CASES / 100);
  expect(node.harness.prints.filter(({ text }) => text.includes("internal fault"))).toEqual([]);
  await node.stop();
  await clock.advance(1_000_000);
  expect(servers.map(({ connectionCount }) => connectionCount)).toEqual([0, 0, 0]);
  expect(clock.pendingTimerCount).toBe(0);
}, 600_000);
