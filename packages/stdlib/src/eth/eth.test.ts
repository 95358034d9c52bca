/** The client against a module in memory; the real one is in apps/node/test/stdlib-eth.test.ts. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import * as v from "../index.ts";
import { TestNode, useHost } from "../testing/index.ts";
import { createProvider, EthError, ethConfig, kinodeTransport, ProviderRpcError } from "./index.ts";

const ME = "me:test:sys";
const ETH = "eth:distro:sys";

afterEach(() => useHost(undefined));

interface Action {
  readonly Request?: {
    readonly chain_id: number;
    readonly method: string;
    readonly params: unknown;
  };
}

/** Runs a body in a process whose eth module answers with what `answer` gives, as JSON text. */
async function run<T>(
  body: () => Promise<T>,
  answer: (action: Action, text: string) => string,
): Promise<T> {
  let result: T | undefined;
  const node = new TestNode();
  node.addModule(ETH, ({ text }, reply) => reply(answer(JSON.parse(text) as Action, text)));
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(
      v.defineProcess(async () => {
        result = await body();
      }).init,
    );
  });
  await node.advance(10);
  expect(node.endings.get(ME)).toBe("returned");
  return result as T;
}

const given = (result: unknown): string => JSON.stringify({ Response: result });

test("each operation asks as JSON-RPC wants it, and numbers come back as numbers", async () => {
  const asked: unknown[] = [];
  const results: Readonly<Record<string, unknown>> = {
    eth_blockNumber: "0x10",
    eth_gasPrice: "0x3b9aca00",
    eth_chainId: "0x2105",
    eth_accounts: [],
    eth_getBalance: "0xde0b6b3a7640000",
    eth_getTransactionCount: "0x7",
    eth_getCode: "0x60",
    eth_getStorageAt: "0x01",
    eth_getBlockByNumber: null,
    eth_getBlockByHash: null,
    eth_getTransactionByHash: null,
    eth_getTransactionReceipt: null,
    eth_getLogs: [],
    eth_call: "0x",
    eth_estimateGas: "0x5208",
    eth_feeHistory: {
      oldestBlock: "0x1",
      baseFeePerGas: ["0x2"],
      gasUsedRatio: [0.5],
      reward: [["0x3"]],
    },
    eth_sendRawTransaction: "0xfeed",
  };
  const told = await run(
    async () => {
      const chain = createProvider(8453);
      return [
        await chain.getBlockNumber(),
        await chain.getGasPrice(),
        await chain.getChainId(),
        await chain.getAccounts(),
        await chain.getBalance("0xaa"),
        await chain.getTransactionCount("0xaa", 5n),
        await chain.getCode("0xaa", "earliest"),
        await chain.getStorageAt("0xaa", 1n),
        await chain.getBlockByNumber(16n, true),
        await chain.getBlockByHash("0xbb"),
        await chain.getTransactionByHash("0xcc"),
        await chain.getTransactionReceipt("0xcc"),
        await chain.getLogs({ address: "0xaa", fromBlock: 1n, toBlock: "latest" }),
        await chain.call({ to: "0xaa", data: "0x01", value: 10n }),
        await chain.estimateGas({ to: "0xaa" }),
        await chain.getFeeHistory(1, "latest", [50]),
        await chain.sendRawTransaction(Uint8Array.of(2, 255)),
      ];
    },
    ({ Request: request }) => {
      asked.push([request!.chain_id, request!.method, request!.params]);
      return given(results[request!.method]);
    },
  );
  expect(told).toEqual([
    16n,
    1_000_000_000n,
    8453,
    [],
    10n ** 18n,
    7,
    "0x60",
    "0x01",
    undefined,
    undefined,
    undefined,
    undefined,
    [],
    "0x",
    21_000n,
    { oldestBlock: 1n, baseFeePerGas: [2n], gasUsedRatio: [0.5], reward: [[3n]] },
    "0xfeed",
  ]);
  expect(asked).toEqual([
    [8453, "eth_blockNumber", []],
    [8453, "eth_gasPrice", []],
    [8453, "eth_chainId", []],
    [8453, "eth_accounts", []],
    [8453, "eth_getBalance", ["0xaa", "latest"]],
    [8453, "eth_getTransactionCount", ["0xaa", "0x5"]],
    [8453, "eth_getCode", ["0xaa", "earliest"]],
    [8453, "eth_getStorageAt", ["0xaa", "0x1", "latest"]],
    [8453, "eth_getBlockByNumber", ["0x10", true]],
    [8453, "eth_getBlockByHash", ["0xbb", false]],
    [8453, "eth_getTransactionByHash", ["0xcc"]],
    [8453, "eth_getTransactionReceipt", ["0xcc"]],
    [8453, "eth_getLogs", [{ address: "0xaa", fromBlock: "0x1", toBlock: "latest" }]],
    [8453, "eth_call", [{ to: "0xaa", data: "0x01", value: "0xa" }, "latest"]],
    [8453, "eth_estimateGas", [{ to: "0xaa" }]],
    [8453, "eth_feeHistory", ["0x1", "latest", [50]]],
    [8453, "eth_sendRawTransaction", ["0x02ff"]],
  ]);
});

test("every error of the wire becomes one with its name", async () => {
  const errors: readonly (readonly [unknown, string])[] = [
    ["MalformedRequest", "MalformedRequest"],
    ["NoRpcForChain", "NoRpcForChain"],
    [{ SubscriptionClosed: 3 }, "SubscriptionClosed"],
    [{ InvalidMethod: "eth_x" }, "InvalidMethod"],
    ["InvalidParams", "InvalidParams"],
    ["PermissionDenied", "PermissionDenied"],
    ["RpcTimeout", "RpcTimeout"],
    ["RpcMalformedResponse", "RpcMalformedResponse"],
    ["RateLimited", "RateLimited"],
    [{ RpcError: { code: 3, message: "execution reverted", data: "0x01" } }, "RpcError"],
  ];
  for (const [error, code] of errors) {
    const thrown = await run(
      () =>
        createProvider(1)
          .getBlockNumber()
          .catch((e: unknown) => e),
      () => JSON.stringify({ Err: error }),
    );
    expect(thrown).toBeInstanceOf(EthError);
    expect((thrown as EthError).code).toBe(code as EthError["code"]);
    if (code === "RpcError") {
      expect((thrown as EthError).rpc).toEqual({
        code: 3,
        message: "execution reverted",
        data: "0x01",
      });
    }
  }
});

test("what makes no sense is an error, not a wrong value", async () => {
  for (const answer of [
    "no json",
    '"Ok"',
    "{}",
    given("not a number"),
    given(null),
    "7",
    '{"Err":{}}',
  ]) {
    const thrown = await run(
      () =>
        createProvider(1)
          .getBlockNumber()
          .catch((e: unknown) => e),
      () => answer,
    );
    expect(thrown).toBeInstanceOf(EthError);
  }
});

test("a transport's errors have the numbers that viem looks for", async () => {
  const error = { code: 3, message: "execution reverted", data: "0x08c379a0" };
  const [reverted, unknown] = await run(
    async () => {
      const { request } = kinodeTransport(1)({});
      return [
        await request({ method: "eth_call", params: [] }).catch((e: unknown) => e),
        await request({ method: "debug_x" }).catch((e: unknown) => e),
      ];
    },
    ({ Request: request }) =>
      JSON.stringify({
        Err: request!.method === "eth_call" ? { RpcError: error } : { InvalidMethod: "debug_x" },
      }),
  );
  expect(reverted).toBeInstanceOf(ProviderRpcError);
  expect(reverted).toMatchObject({ code: 3, data: "0x08c379a0", details: "execution reverted" });
  expect(unknown).toMatchObject({ code: -32601 });
});

test("configuration: each action in its form, a refusal as an error", async () => {
  const bodies: unknown[] = [];
  const thrown = await run(
    async () => {
      await ethConfig.addProvider({ chain_id: 1, trusted: true, provider: { RpcUrl: "wss://x" } });
      await ethConfig.removeProvider(1, "wss://x");
      await ethConfig.setProviders([]);
      await ethConfig.setPublic(true);
      await ethConfig.setPublic(false);
      for (const change of ["allowNode", "unallowNode", "denyNode", "undenyNode"] as const) {
        await ethConfig[change]("bob.os");
      }
      return await ethConfig.providers().catch((e: unknown) => e);
    },
    (_action, text) => {
      bodies.push(JSON.parse(text));
      return text === '"GetProviders"' ? '"PermissionDenied"' : '"Ok"';
    },
  );
  expect(bodies).toEqual([
    { AddProvider: { chain_id: 1, trusted: true, provider: { RpcUrl: "wss://x" } } },
    { RemoveProvider: [1, "wss://x"] },
    { SetProviders: [] },
    "SetPublic",
    "SetPrivate",
    { AllowNode: "bob.os" },
    { UnallowNode: "bob.os" },
    { DenyNode: "bob.os" },
    { UndenyNode: "bob.os" },
    "GetProviders",
  ]);
  expect(thrown).toMatchObject({ code: "PermissionDenied" });
});
