/**
 * Against a real chain. Skipped where anvil has no program for this machine.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createBunTransport } from "@kinode-ts/http";
import { anvilBinary, type Chain, startAnvil } from "./anvil.ts";
import { type EthNode, startEth } from "./eth-node.ts";
import { realClock } from "./real-clock.ts";

const CHAIN = 31_337;
/** Emits one log with its calldata's first word as topic: PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1. */
const EMITTER = "0x5f355f5fa1";
const EMITTER_ADDRESS = "0x00000000000000000000000000000000000000aa";
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

const word = (n: number): string => `0x${n.toString(16).padStart(64, "0")}`;

if (anvilBinary() === undefined)
  console.log("anvil is not installed for this machine: its tests are skipped");

describe.skipIf(anvilBinary() === undefined)("a real chain", () => {
  let chain: Chain;
  let node: EthNode | undefined;
  beforeAll(async () => {
    chain = await startAnvil();
    await chain.rpc("anvil_setCode", [EMITTER_ADDRESS, EMITTER]);
  });
  afterEach(async () => {
    await node?.stop();
    node = undefined;
  });
  afterAll(() => chain.stop());

  const start = async (providers: readonly string[], limits = {}): Promise<EthNode> =>
    (node = await startEth({
      clock: realClock,
      transport: createBunTransport({
        refusalOf: () => undefined,
        maxSocketBufferedBytes: 1 << 20,
      }),
      providers,
      chainId: CHAIN,
      limits,
    }));
  const emit = (n: number): Promise<unknown> =>
    chain.rpc("eth_sendTransaction", [{ from: ACCOUNT, to: EMITTER_ADDRESS, data: word(n) }]);
  const subscribe = (subId: number, kind = "logs"): Promise<unknown> => {
    const params = kind === "logs" ? { address: EMITTER_ADDRESS, fromBlock: "0x0" } : null;
    return node!.ask({ SubscribeLogs: { sub_id: subId, chain_id: CHAIN, kind, params } });
  };
  const updates = (): { Ok?: { id: number; result: Record<string, unknown> }; Err?: unknown }[] =>
    node!.harness.sent.map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  const until = async (isThere: () => boolean): Promise<void> => {
    for (const endMs = Date.now() + 15_000; !isThere(); await Bun.sleep(5)) {
      if (Date.now() > endMs)
        throw new Error(`it never came; updates: ${JSON.stringify(updates())}`);
    }
  };

  for (const kind of ["http", "web socket"] as const) {
    test(`calls over ${kind}: a result, an error, a chain that is not there`, async () => {
      await start([kind === "http" ? chain.httpUrl : chain.wsUrl], { retryAfterMs: 10 });
      expect(await node!.call("eth_chainId")).toEqual({ Response: "0x7a69" });
      const balance = await node!.call("eth_getBalance", [ACCOUNT, "latest"]);
      expect(balance).toMatchObject({ Response: expect.stringMatching(/^0x[0-9a-f]+$/) });
      expect(await node!.call("eth_getBalance", ["nobody"])).toMatchObject({
        Err: { RpcError: { code: -32602 } },
      });
      expect(await node!.call("eth_chainId", [], 1)).toEqual({ Err: "NoRpcForChain" });
    });
  }

  test("a subscription to logs, and to new heads", async () => {
    await start([chain.wsUrl]);
    expect(await subscribe(7)).toBe("Ok");
    expect(await subscribe(8, "newHeads")).toBe("Ok");
    await emit(1);
    await emit(2);
    await until(() => updates().length >= 4);
    const logs = updates().filter(({ Ok }) => Ok?.id === 7);
    expect(logs.map(({ Ok }) => Ok!.result["topics"])).toEqual([[word(1)], [word(2)]]);
    expect(updates().filter(({ Ok }) => Ok?.id === 8)).toHaveLength(2);
    expect(await node!.ask({ UnsubscribeLogs: 7 })).toBe("Ok");
    expect(await node!.ask({ UnsubscribeLogs: 7 })).toEqual({ Err: "MalformedRequest" });
  });
});
