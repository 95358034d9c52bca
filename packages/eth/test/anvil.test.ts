/**
 * Against a real chain. Skipped where anvil has no program for this machine.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Chain, findAnvil, startChain } from "@kinode-ts/chain";
import { createBunTransport } from "@kinode-ts/http";
import { type EthNode, startEth } from "./eth-node.ts";
import { realClock } from "./real-clock.ts";

const CHAIN = 31_337;
/** Emits one log with its calldata's first word as topic: PUSH0 CALLDATALOAD PUSH0 PUSH0 LOG1. */
const EMITTER = "0x5f355f5fa1";
const EMITTER_ADDRESS = "0x00000000000000000000000000000000000000aa";
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

const word = (n: number): string => `0x${n.toString(16).padStart(64, "0")}`;

if (findAnvil() === undefined)
  console.log("anvil is not installed for this machine: its tests are skipped");

describe.skipIf(findAnvil() === undefined)("a real chain", () => {
  let chain: Chain;
  let node: EthNode | undefined;
  beforeAll(async () => {
    chain = await startChain({ port: 0 });
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
  const wsUrl = (): string => `ws://127.0.0.1:${chain.port}`;
  const emit = (n: number): Promise<unknown> =>
    chain.rpc("eth_sendTransaction", [{ from: ACCOUNT, to: EMITTER_ADDRESS, data: word(n) }]);
  const subscribe = (subId: number, kind = "logs"): Promise<unknown> => {
    const params = kind === "logs" ? { address: EMITTER_ADDRESS, fromBlock: "0x0" } : null;
    return node!.ask({ SubscribeLogs: { sub_id: subId, chain_id: CHAIN, kind, params } });
  };
  const updates = (): { Ok?: { id: number; result: Record<string, unknown> }; Err?: unknown }[] =>
    node!.harness.sent.map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  const until = async (isThere: () => boolean): Promise<void> => {
    for (const endMs = Date.now() + 60_000; !isThere(); await Bun.sleep(5)) {
      if (Date.now() > endMs)
        throw new Error(`it never came; updates: ${JSON.stringify(updates())}`);
    }
  };

  for (const kind of ["http", "web socket"] as const) {
    test(`calls over ${kind}: a result, an error, a chain that is not there`, async () => {
      await start([kind === "http" ? chain.url : wsUrl()], { retryAfterMs: 10 });
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
    await start([wsUrl()]);
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

  test("a subscription where the only server is reached over HTTP", async () => {
    await start([chain.url], { pollMs: 50 });
    expect(await subscribe(7)).toBe("Ok");
    expect(await subscribe(8, "newHeads")).toBe("Ok");
    await emit(31);
    await emit(32);
    await until(() => updates().length >= 4);
    const topics = updates().flatMap(({ Ok }) => (Ok?.id === 7 ? [Ok.result["topics"]] : []));
    expect(topics).toEqual([[word(31)], [word(32)]]);
  });

  test("logs that a reorganisation takes back come again as removed, also from a server that does not say so", async () => {
    await start([chain.url], { pollMs: 50 });
    await subscribe(1);
    await emit(1);
    await until(() => updates().length === 1);
    await chain.rpc("anvil_reorg", [1, []]);
    await chain.rpc("anvil_dropAllTransactions", []);
    await emit(2);
    await until(() => updates().length === 3);
    const told = updates().map(({ Ok }) => [
      (Ok!.result["topics"] as unknown[])[0],
      Ok!.result["removed"],
    ]);
    expect(told).toEqual([
      [word(1), false],
      [word(1), true],
      [word(2), false],
    ]);
  });

  test("a provider whose connection breaks is connected to again, and nothing is missed", async () => {
    const relay = startRelay(chain.port);
    try {
      await start([`ws://127.0.0.1:${relay.port}`]);
      await subscribe(1);
      await emit(10);
      await until(() => updates().length === 1);
      relay.cut();
      await emit(11);
      await emit(12);
      await until(() => updates().length === 3);
      await emit(13);
      await until(() => updates().length === 4);
      const topics = updates().map(({ Ok }) => (Ok!.result["topics"] as unknown[])[0]);
      expect(topics).toEqual([10, 11, 12, 13].map(word));
    } finally {
      relay.stop();
    }
  });

  test("logs that were taken back while the connection was broken come as removed", async () => {
    const relay = startRelay(chain.port);
    try {
      await start([`ws://127.0.0.1:${relay.port}`]);
      const snapshot = await chain.rpc("evm_snapshot", []);
      await subscribe(1);
      await emit(20);
      await until(() => updates().length === 1);
      relay.hold();
      await chain.rpc("evm_revert", [snapshot]);
      await emit(21);
      relay.release();
      await until(() => updates().length === 3);
      const told = updates().map(({ Ok }) => [
        (Ok!.result["topics"] as unknown[])[0],
        Ok!.result["removed"],
      ]);
      expect(told).toEqual([
        [word(20), false],
        [word(20), true],
        [word(21), false],
      ]);
    } finally {
      relay.stop();
    }
  });
});

/** Passes bytes on to the chain, and can stop doing so. */
function startRelay(port: number): {
  readonly port: number;
  /** Breaks every connection. */
  cut(): void;
  /** The same, and takes no new ones. */
  hold(): void;
  release(): void;
  stop(): void;
} {
  const ends = new Set<() => void>();
  let isHeld = false;
  type Pair = { upstream?: Bun.Socket<undefined>; early: Uint8Array[] };
  const server = Bun.listen<Pair>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { early: [] };
        if (isHeld) return void socket.end();
        const end = (): void => {
          ends.delete(end);
          socket.data.upstream?.terminate();
          socket.terminate();
        };
        ends.add(end);
        void Bun.connect({
          hostname: "127.0.0.1",
          port,
          socket: {
            open: (upstream) => {
              socket.data.upstream = upstream;
              for (const bytes of socket.data.early.splice(0)) upstream.write(bytes);
            },
            data: (_upstream, bytes) => void socket.write(bytes),
            close: end,
          },
        });
      },
      data(socket, bytes) {
        const { upstream, early } = socket.data;
        if (upstream === undefined) early.push(Uint8Array.from(bytes));
        else upstream.write(bytes);
      },
      close: (socket) => socket.data?.upstream?.terminate(),
    },
  });
  const cut = (): void => {
    for (const end of [...ends]) end();
  };
  return {
    port: server.port,
    cut,
    hold: () => {
      isHeld = true;
      cut();
    },
    release: () => {
      isHeld = false;
    },
    stop: () => {
      cut();
      server.stop(true);
    },
  };
}
