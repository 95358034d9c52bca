/**
 * The clients of chains and of the name registry from a sandboxed package, against the real module and a real chain; and the
 * terminal's commands about providers. Skipped where anvil has no program for this machine.
 * Source: spec/packages-and-tools.md §17, §25.9.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Chain, findAnvil, startChain } from "@kinode-ts/chain";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";
import { runCommand } from "./run-command.ts";

const CHAIN = 31_337;
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/** Emits a log with the first word of its calldata as topic. */
const EMITTER = "0x00000000000000000000000000000000000000aa";
/** Reverts with `Error(string)`, "no". */
const REVERTER = "0x00000000000000000000000000000000000000bb";
const REVERT_DATA = `08c379a0${"20".padStart(64, "0")}${"2".padStart(64, "0")}${"6e6f".padEnd(64, "0")}`;

const SOURCE = `
import * as v from "@kinode-ts/stdlib";
import { createProvider, ethConfig, kinodeTransport } from "@kinode-ts/stdlib/eth";
import { Kimap, kimapAbi, LOCAL_KIMAP, namehash } from "@kinode-ts/stdlib/kimap";
import { createPublicClient, parseAbi } from ${JSON.stringify(Bun.resolveSync("viem", import.meta.dir))};

const chain = createProvider(${CHAIN}, { timeout: "20s" });
const seen: unknown[] = [];
let feed: any;

const commands: Record<string, (argument: any) => unknown> = {
  async read() {
    const block = await chain.getBlockNumber();
    const latest = await chain.getBlockByNumber("latest", true);
    const [log] = await chain.getLogs({ address: "${EMITTER}", fromBlock: 0n, toBlock: "latest" });
    const receipt = await chain.getTransactionReceipt(log.transactionHash!);
    return {
      block: String(block),
      sameBlock: Number(latest!.number) === Number(block),
      full: typeof latest!.transactions[0],
      balance: String(await chain.getBalance("${ACCOUNT}", "earliest")),
      code: await chain.getCode("${REVERTER}"),
      topic: log.topics[0],
      status: receipt!.status,
      none: (await chain.getTransactionReceipt("0x" + "11".repeat(32) as any)) === undefined,
      gas: String(await chain.estimateGas({ from: "${ACCOUNT}", to: "${ACCOUNT}", value: 1n })),
    };
  },
  async revert() {
    const error: any = await chain.call({ to: "${REVERTER}" }).catch((e) => e);
    return { code: error.code, data: error.rpc?.data };
  },
  async follow() {
    feed = chain.subscribeLogs({ address: "${EMITTER}" });
    await feed.started;
    void (async () => {
      for await (const log of feed) seen.push([log.topics[0], log.removed]);
    })();
  },
  seen: () => seen,
  stop: () => feed.stop(),
  async nothing() {
    return await createProvider(5).getBlockNumber().catch((e) => e.code);
  },
  async config() {
    return await ethConfig.providers().catch((e) => e.code);
  },
  async names() {
    const kimap = new Kimap({ provider: chain, config: LOCAL_KIMAP });
    const { tba, owner, data } = await kimap.get("os");
    const client = createPublicClient({ transport: kinodeTransport(${CHAIN}) });
    const [account] = await client.readContract({
      address: kimap.address,
      abi: kimapAbi,
      functionName: "get",
      args: [namehash("os")],
    });
    return {
      isAccount: tba === LOCAL_KIMAP.osAccount.toLowerCase(),
      same: account.toLowerCase() === tba,
      owned: BigInt(owner) > 0n,
      data: data ?? null,
      back: (await kimap.getNamehashFromTba(tba)) === namehash("os"),
      nobody: await kimap.isTaken("nobody-has-this.os"),
    };
  },
  async viem() {
    const client = createPublicClient({ transport: kinodeTransport(${CHAIN}) });
    const abi = parseAbi(["function get() view returns (uint256)"]);
    const reverted = await client
      .readContract({ address: "${REVERTER}", abi, functionName: "get" })
      .catch((error: any) => error.walk((e: any) => e.reason !== undefined)?.reason ?? String(error));
    const logs = await client.getLogs({ address: "${EMITTER}", fromBlock: 0n });
    return {
      block: typeof (await client.getBlockNumber()),
      chain: await client.getChainId(),
      logs: logs.map((log) => log.topics[0]),
      reverted,
    };
  },
};

export default v.defineProcess(async () => {
  await v.serve(async (message) => {
    const { command, argument } = message.json() as { command: string; argument: unknown };
    try {
      return { ok: (await commands[command]!(argument)) ?? null };
    } catch (thrown) {
      return { failed: String((thrown as Error).stack ?? thrown) };
    }
  });
});
`;

const PROCESS = "onchain:onchain:example.os";
const word = (n: number): string => `0x${n.toString(16).padStart(64, "0")}`;

if (findAnvil() === undefined) {
  console.log("anvil is not installed for this machine: the tests of chains are skipped");
}

describe.skipIf(findAnvil() === undefined)("chains", () => {
  let chain: Chain;
  let node: TestNode;
  beforeAll(async () => {
    chain = await startChain({ port: 0 });
    // PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1
    await chain.rpc("anvil_setCode", [EMITTER, "0x5f355f5fa1"]);
    // CODECOPY of what follows, and REVERT with it
    await chain.rpc("anvil_setCode", [REVERTER, `0x6064600b5f3960645ffd00${REVERT_DATA}`]);
    node = await startTestNode();
    const rights = { request: ["eth:distro:sys"], grant: ["eth:distro:sys", "timer:distro:sys"] };
    await node.install(writeScript("onchain", SOURCE, rights));
  }, 120_000);
  afterAll(async () => {
    await node?.stop();
    await chain?.stop();
    removeScripts();
  });

  const run = (command: string, argument?: unknown): Promise<unknown> =>
    runCommand(node, PROCESS, command, argument);
  const wsUrl = (): string => `ws://127.0.0.1:${chain.port}`;
  /** Settles when it is in a block. */
  const emit = async (n: number): Promise<void> => {
    const call = { from: ACCOUNT, to: EMITTER, data: word(n) };
    const hash = await chain.rpc("eth_sendTransaction", [call]);
    // oxlint-disable-next-line no-await-in-loop -- until it is there
    while ((await chain.rpc("eth_getTransactionReceipt", [hash])) === null) await Bun.sleep(5);
  };

  test("before a provider is added every request ends at once", async () => {
    expect(await run("nothing")).toBe("NoRpcForChain");
    expect((await typeLine(node, "get-providers")).output).toContain("no providers");
    expect((await typeLine(node, "get-block 31337")).errors).toContain("add-rpcurl-provider");
  });

  test("[P17] a provider is added at the terminal, and get-block shows the newest block", async () => {
    const added = await typeLine(node, `add-rpcurl-provider ${CHAIN} ${wsUrl()}`);
    expect(added.output).toContain(`added ${wsUrl()} for chain ${CHAIN}`);
    expect((await typeLine(node, "get-providers")).output).toContain(wsUrl());
    await emit(1);
    const block = Number(await chain.rpc("eth_blockNumber", []));
    expect((await typeLine(node, `get-block ${CHAIN}`)).output).toContain(
      `latest block number: ${block}`,
    );
    expect((await typeLine(node, "kfetch")).output).toContain(
      `1 eth providers for chain ids ${CHAIN}\n`,
    );
    expect((await typeLine(node, "get-block nonsense")).errors).toContain("no chain id");
    expect((await typeLine(node, `add-rpcurl-provider 1 nonsense`)).errors).toContain("no URL");
    expect((await typeLine(node, `remove-provider 1 ${wsUrl()}`)).errors).toContain(
      "there is no provider",
    );
  });

  test("[P25.9] reading: blocks, balances, code, logs, receipts, what is not there", async () => {
    expect(await run("read")).toEqual({
      block: String(Number(await chain.rpc("eth_blockNumber", []))),
      sameBlock: true,
      full: "object",
      balance: "10000000000000000000000",
      code: `0x6064600b5f3960645ffd00${REVERT_DATA}`,
      topic: word(1),
      status: "0x1",
      none: true,
      gas: "21000",
    });
  });

  test("[P25.9] a call that reverts says how", async () => {
    expect(await run("revert")).toEqual({ code: "RpcError", data: `0x${REVERT_DATA}` });
  });

  test("a process without the right may not configure", async () => {
    expect(await run("config")).toBe("PermissionDenied");
  });

  test("[P25.9] a viem client works on top, also for what reverts", async () => {
    expect(await run("viem")).toEqual({
      block: "bigint",
      chain: CHAIN,
      logs: [word(1)],
      reverted: "no",
    });
  });

  test("[P25.9] the name registry: entries, accounts and the way back, also with its ABI", async () => {
    expect(await run("names")).toEqual({
      isAccount: true,
      same: true,
      owned: true,
      data: null,
      back: true,
      nobody: false,
    });
  });

  test("[P25.9] logs come in a loop until it is stopped", async () => {
    await run("follow");
    await emit(2);
    await emit(3);
    const until = async (count: number): Promise<unknown[]> => {
      for (let turn = 0; turn < 5_000; turn++) {
        const seen = (await run("seen")) as unknown[];
        if (seen.length >= count) return seen;
      }
      throw new Error(`only ${JSON.stringify(await run("seen"))} came`);
    };
    expect(await until(2)).toEqual([
      [word(2), false],
      [word(3), false],
    ]);
    const subscribed = (await typeLine(node, "kfetch")).output;
    expect(Number(/(\d+) active eth subscriptions/.exec(subscribed)?.[1])).toBeGreaterThan(0);
    await run("stop");
    await emit(4);
    expect(await run("seen")).toHaveLength(2);
  });
});
