/** Source: spec/network-identity.md §3.6, §6 W14. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { KIMAP, nameHash, toHex } from "@kinode-ts/kimap";
import { FakeChain, INDEXER, startIndexer } from "../test/fake-chain.ts";

const START = KIMAP.firstBlock;
const ETH = "eth:distro:sys";

/** A chain with a zone, a router, a node behind it and one with an address. */
function smallChain(length = 1_000): FakeChain {
  const chain = new FakeChain(START + length);
  chain.mint("os", START);
  chain.direct("router.os", START + 1);
  chain.direct("alice.os", START + 2);
  chain.mint("bob.os", START + 3);
  chain.note("bob.os", "~net-key", new Uint8Array(32).fill(2), START + 3);
  chain.note("bob.os", "~routers", Uint8Array.fromHex(nameHash("router.os").slice(2)), START + 3);
  return chain;
}

const ALICE = {
  name: "alice.os",
  public_key: "ab".repeat(32),
  ips: ["127.0.0.1"],
  ports: [["ws", 9_000]],
  routers: [],
};

test("[N76] questions and answers have the forms of the specification, ports as pairs", async () => {
  const { ask } = await startIndexer(smallChain());
  expect(await ask({ NamehashToName: { hash: nameHash("alice.os"), block: 0 } })).toEqual({
    Name: "alice.os",
  });
  expect(await ask({ NamehashToName: { hash: nameHash("nobody.os"), block: 0 } })).toEqual({
    Name: null,
  });
  expect(await ask({ NodeInfo: { name: "alice.os", block: 0 } })).toEqual({ NodeInfo: ALICE });
  expect(await ask({ NodeInfo: { name: "nobody.os", block: 0 } })).toEqual({ NodeInfo: null });
  const { GetState: state } = await ask({ GetState: { block: 0 } });
  expect(Object.keys(state)).toEqual([
    "chain_id",
    "contract_address",
    "names",
    "nodes",
    "last_block",
  ]);
  expect(state).toMatchObject({ chain_id: 8_453, last_block: START + 1_000 });
  expect(toHex(Uint8Array.from(state.contract_address))).toBe(
    KIMAP.registry.toLowerCase() as `0x${string}`,
  );
  expect(state.names).toContainEqual([nameHash("os"), "os"]);
  expect(state.nodes).toContainEqual(["alice.os", ALICE]);
  expect(await ask("Reset")).toEqual({ Reset: { Err: "NoRootCap" } });
});

test("[N73] net is told of names that are nodes, and of no others", async () => {
  const chain = smallChain();
  chain.mint("empty.os", START + 4);
  chain.mint("keyless.os", START + 4);
  chain.note("keyless.os", "~ip", Uint8Array.of(1, 2, 3, 4), START + 4);
  chain.note("keyless.os", "~ws-port", Uint8Array.of(1, 2), START + 4);
  chain.mint("portless.os", START + 4);
  chain.note("portless.os", "~net-key", new Uint8Array(32), START + 4);
  chain.note("portless.os", "~ip", Uint8Array.of(1, 2, 3, 4), START + 4);
  const { told, last } = await startIndexer(chain);
  expect(new Set(told.map(({ name }) => name))).toEqual(
    new Set(["router.os", "alice.os", "bob.os"]),
  );
  expect(last("alice.os")).toEqual({
    name: "alice.os",
    publicKey: "ab".repeat(32),
    ips: ["127.0.0.1"],
    ports: new Map([["ws", 9_000]]),
    routers: [],
  });
  expect(last("bob.os")).toMatchObject({ ips: [], routers: ["router.os"] });
});

test("a new log changes what net knows, at once", async () => {
  const chain = smallChain();
  const { push, last, told } = await startIndexer(chain);
  const before = told.length;
  await push(chain.note("alice.os", "~tcp-port", Uint8Array.of(0x27, 0x10), ++chain.head));
  expect(told.length).toBe(before + 1);
  expect([...last("alice.os")!.ports]).toEqual([
    ["tcp", 10_000],
    ["ws", 9_000],
  ]);
  await push(
    chain.note(
      "alice.os",
      "~routers",
      Uint8Array.fromHex(nameHash("router.os").slice(2)),
      chain.head,
    ),
  );
  expect(last("alice.os")).toMatchObject({ ips: [], routers: ["router.os"] });
});

test("[N75] the note of a name whose mint comes later counts once it is there", async () => {
  const chain = smallChain();
  const { push, last } = await startIndexer(chain);
  const block = ++chain.head;
  const rest = [
    chain.mint("late.os", block),
    chain.note("late.os", "~net-key", new Uint8Array(32).fill(9), block),
    chain.note("late.os", "~routers", Uint8Array.fromHex(nameHash("router.os").slice(2)), block),
  ];
  await push(rest[2]!);
  await push(rest[1]!);
  expect(last("late.os")).toBeUndefined();
  await push(rest[0]!);
  expect(last("late.os")).toMatchObject({ publicKey: "09".repeat(32), routers: ["router.os"] });
});

test("[N77] logs that are removed are undone, whether a provider says so or forgets them", async () => {
  const chain = smallChain();
  const { push, last, node } = await startIndexer(chain);
  const from = chain.head + 1;
  chain.head = from;
  await push(chain.note("alice.os", "~ws-port", Uint8Array.of(0, 80), from));
  expect(last("alice.os")?.ports.get("ws")).toBe(80);
  for (const log of chain.rewrite(from)) await push({ ...log, removed: true });
  expect(last("alice.os")?.ports.get("ws")).toBe(9_000);
  // The other way: nobody says anything.
  const again = ++chain.head;
  await push(chain.note("alice.os", "~ws-port", Uint8Array.of(0, 81), again));
  chain.direct("short.os", again);
  await node.advance(61_000);
  expect(last("short.os")?.publicKey).not.toBe("");
  expect(last("alice.os")?.ports.get("ws")).toBe(81);
  chain.rewrite(again);
  await node.advance(61_000);
  expect(last("alice.os")?.ports.get("ws")).toBe(9_000);
  // Nobody can pass for a name that is gone.
  expect(last("short.os")).toMatchObject({ publicKey: "", ips: [] });
});

test("logs that a provider forgets while their block stands stay", async () => {
  const chain = smallChain();
  const { last, node, told } = await startIndexer(chain);
  chain.direct("new.os", ++chain.head);
  await node.advance(61_000);
  expect(last("new.os")?.publicKey).not.toBe("");
  const { logs } = chain;
  chain.logs = [];
  const before = told.length;
  await node.advance(61_000);
  expect(told.length).toBe(before);
  chain.logs = logs;
});

test("a month of blocks is read in the background, in pieces that a provider gives, and said so", async () => {
  const chain = smallChain(1_300_000);
  chain.maxSpan = 7_000;
  const { ask, lines, last, node } = await startIndexer(chain);
  await node.advance(60_000);
  expect(last("bob.os")).toBeDefined();
  expect(await ask("GetProgress")).toMatchObject({
    Progress: { status: "following", last_block: chain.head, head: chain.head, nodes: 3 },
  });
  expect(lines()[0]).toBe(`names on chain: reading ${1_300_000 - 127} blocks`);
  expect(lines().filter((line) => line.includes("% read")).length).toBe(9);
  expect(lines().at(-1)).toBe("names on chain: up to date, 3 nodes of 4 names");
});

test("questions are answered while the chain is read", async () => {
  const chain = smallChain(100_000);
  for (let i = 0; i < 3_000; i++) chain.mint(`n${i}.os`, START + 10 + i);
  const { node, ask } = await startIndexer(chain);
  node.kill(INDEXER);
  node.states.clear();
  let answered = 0;
  const waiting = chain.answer.bind(chain);
  chain.answer = (method, params) => {
    void node
      .ask(INDEXER, { NamehashToName: { hash: nameHash("os"), block: 0 } }, { expectsResponse: 5 })
      .then(() => answered++);
    return waiting(method, params);
  };
  await (
    await import("@kinode-ts/stdlib/testing")
  )
    .loadProgram(`${import.meta.dir}/kns-indexer.ts`)
    .then((program) => node.start(INDEXER, program));
  await node.advance(5_000);
  chain.answer = waiting;
  expect(answered).toBeGreaterThan(3);
  expect((await ask("GetProgress")).Progress.names).toBe(3_004);
});

test("without a provider nothing happens, and with the first one everything does", async () => {
  const chain = smallChain();
  chain.failure = { Err: "NoRpcForChain" };
  const { node, told, ask, lines, last } = await startIndexer(chain);
  await node.advance(3_600_000);
  expect(lines()).toEqual([]);
  expect(told).toEqual([]);
  expect(await ask("GetProgress")).toMatchObject({ Progress: { status: "waiting" } });
  expect(await ask({ NodeInfo: { name: "alice.os", block: 0 } })).toEqual({ NodeInfo: null });
  // An hour of waiting is at most one question a minute, and a few more at first.
  chain.failure = undefined;
  await node.advance(61_000);
  expect(last("alice.os")).toBeDefined();
});

test("the checkpoint is written again and again, and a restart begins there", async () => {
  const chain = smallChain(2_000);
  const first = await startIndexer(chain);
  const saved = () => JSON.parse(new TextDecoder().decode(first.node.states.get(INDEXER)));
  expect(saved().block).toBe(chain.head - 128);
  for (let i = 0; i < 3; i++) {
    chain.head += 500;
    // oxlint-disable-next-line no-await-in-loop -- in order
    await first.node.advance(370_000);
    expect(saved().block).toBe(chain.head - 128);
  }
  chain.calls.length = 0;
  chain.failure = { Err: "NoRpcForChain" };
  const second = await startIndexer(chain, first.node.states);
  // What is known is known without any provider.
  expect(second.last("alice.os")).toBeDefined();
  expect(second.last("bob.os")).toMatchObject({ routers: ["router.os"] });
  chain.failure = undefined;
  await second.node.advance(61_000);
  expect(await second.ask("GetProgress")).toMatchObject({
    Progress: { status: "following", nodes: 3 },
  });
  expect(chain.calls.filter((method) => method === "eth_getLogs").length).toBe(2);
});

test("a checkpoint that is damaged, or of another chain, is read anew from the chain", async () => {
  const chain = smallChain(2_000);
  const first = await startIndexer(chain);
  const bytes = first.node.states.get(INDEXER)!;
  const text = new TextDecoder().decode(bytes);
  const damaged = [
    "{}",
    "nonsense",
    text.replace('"version":1', '"version":7'),
    text.replace(nameHash("alice.os"), "0x12"),
    text.replace(/"blockHash":"0x..../, '"blockHash":"0x0000'),
  ];
  for (const kept of damaged) {
    const states = new Map([[INDEXER, new TextEncoder().encode(kept)]]);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { ask, node } = await startIndexer(chain, states);
    // oxlint-disable-next-line no-await-in-loop
    await node.advance(130_000);
    // oxlint-disable-next-line no-await-in-loop
    expect(await ask("GetProgress")).toMatchObject({ Progress: { nodes: 3, names: 4 } });
  }
});

test("a reset by the package itself reads everything again", async () => {
  const chain = smallChain();
  const { node, told } = await startIndexer(chain);
  const before = told.length;
  const asked = node.ask(INDEXER, '"Reset"', { from: "reset:kns-indexer:sys" });
  await node.advance(2_000);
  expect(JSON.parse((await asked).body)).toEqual({ Reset: "Success" });
  await node.advance(2_000);
  expect(told.length).toBe(before * 2);
});

test("a name that no log told of is read from the registry when somebody asks", async () => {
  const { encodeAbiParameters, parseAbi, encodeFunctionResult } = await import("viem");
  void encodeAbiParameters;
  const abi = parseAbi([
    "function get(bytes32) view returns (address tba, address owner, bytes data)",
    "function aggregate((address target, bytes callData)[] calls) returns (uint256 blockNumber, bytes[] returnData)",
  ]);
  const entry = (data: `0x${string}`, account = `0x${"00".repeat(20)}` as `0x${string}`) =>
    encodeFunctionResult({ abi, functionName: "get", result: [account, account, data] });
  const chain = smallChain();
  const result = [
    entry("0x", `0x${"11".repeat(20)}`),
    entry(`0x${"cd".repeat(32)}`),
    entry("0x2328"),
    entry("0x"),
    entry("0x"),
    entry("0x0a000001"),
  ];
  chain.registryAnswer = encodeFunctionResult({
    abi,
    functionName: "aggregate",
    result: [1n, result],
  });
  const { ask, last } = await startIndexer(chain);
  expect(await ask({ NodeInfo: { name: "hidden.os", block: 0 } })).toEqual({
    NodeInfo: {
      name: "hidden.os",
      public_key: "cd".repeat(32),
      ips: ["10.0.0.1"],
      ports: [["ws", 9_000]],
      routers: [],
    },
  });
  expect(last("hidden.os")).toBeDefined();
  for (const answer of ["0x", "0x1234", "?"]) {
    chain.registryAnswer = answer as `0x${string}`;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask({ NodeInfo: { name: "other.os", block: 0 } })).toEqual({ NodeInfo: null });
  }
});

test("a question for a block waits until it is read, and no longer than the asker", async () => {
  const chain = smallChain();
  const { ask } = await startIndexer(chain);
  chain.direct("next.os", ++chain.head);
  const question = { NamehashToName: { hash: nameHash("next.os"), block: chain.head } };
  expect(await ask(question, { wait: 2_000 })).toEqual({ Name: "next.os" });
  const never = { NamehashToName: { hash: nameHash("next.os"), block: chain.head + 1_000 } };
  expect(await ask(never, { expectsResponse: 5, wait: 4_500 })).toEqual({ Name: "next.os" });
});

test("no message and no log ends the indexer", async () => {
  const chain = smallChain();
  const { node, ask } = await startIndexer(chain);
  const bodies = ["", "{", "7", "null", "[]", '"x"', '{"NodeInfo":7}', '{"NodeInfo":{"name":7}}'];
  const hashes = ['{"NamehashToName":{"hash":"0x1","block":0}}', '{"GetState":{"block":-1}}'];
  for (const body of [...bodies, ...hashes]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const asked = node.ask(INDEXER, body);
    // oxlint-disable-next-line no-await-in-loop
    await node.settle();
    // oxlint-disable-next-line no-await-in-loop
    expect(Object.keys(JSON.parse((await asked).body))).toEqual(["Err"]);
    node.tell(INDEXER, body);
    node.tell(INDEXER, body, { from: ETH });
  }
  const json = fc.jsonValue();
  await fc.assert(
    fc.asyncProperty(json, fc.constantFrom("Ok", "Err", "x"), async (value, kind) => {
      node.tell(INDEXER, { [kind]: { id: 1, result: value, error: value } }, { from: ETH });
      node.tell(INDEXER, { [kind]: value }, { from: ETH });
      node.tell(INDEXER, { [kind]: value });
      await node.settle();
    }),
    { numRuns: 100 },
  );
  expect(node.endings.has(INDEXER)).toBe(false);
  await node.advance(61_000);
  expect(await ask("GetProgress")).toMatchObject({ Progress: { status: "following", nodes: 3 } });
});

test("a provider that stalls holds up nobody who asks, and the index goes on when it answers again", async () => {
  const chain = smallChain();
  const { node, ask, last } = await startIndexer(chain);
  chain.isStalled = true;
  chain.direct("new.os", ++chain.head);
  await node.advance(600_000);
  expect(await ask({ NamehashToName: { hash: nameHash("alice.os"), block: 0 } })).toEqual({
    Name: "alice.os",
  });
  const unknown = { NodeInfo: { name: "new.os", block: 0 } };
  expect(await ask(unknown, { expectsResponse: 5, wait: 4_900 })).toEqual({ NodeInfo: null });
  chain.isStalled = false;
  await node.advance(200_000);
  expect(last("new.os")).toBeDefined();
});

test("without subscriptions the last blocks are read every ten seconds", async () => {
  const chain = smallChain();
  chain.canSubscribe = false;
  const { node, last } = await startIndexer(chain);
  chain.direct("new.os", ++chain.head);
  await node.advance(11_000);
  expect(last("new.os")).toBeDefined();
});

test("a provider that lies or limits delays the index and does not end it", async () => {
  const chain = smallChain(20_000);
  const answer = chain.answer.bind(chain);
  let count = 0;
  chain.answer = (method, params) => {
    count++;
    if (count % 3 === 0) throw new RangeError("slow down");
    if (count % 7 === 0) return method === "eth_getLogs" ? [7, null, {}, { topics: [] }] : "what?";
    return answer(method, params);
  };
  const { node, ask, last } = await startIndexer(chain);
  await node.advance(900_000);
  chain.answer = answer;
  await node.advance(130_000);
  expect(await ask("GetProgress")).toMatchObject({ Progress: { status: "following", nodes: 3 } });
  expect(last("bob.os")).toBeDefined();
  expect(node.endings.has(INDEXER)).toBe(false);
});
