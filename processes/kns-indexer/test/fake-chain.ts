/**
 * A chain in memory behind a stand-in for `eth:distro:sys`, and what `net:distro:sys` was told.
 * @module
 */
import { decodeNetAction, type KnsUpdate } from "@kinode-ts/codec/net";
import {
  bytesArgument,
  type Hex,
  KIMAP,
  keccak256,
  labelHash,
  childHash,
  nameHash,
  readQuantity,
  toHex,
  toQuantity,
  TOPICS,
  encodeCall,
} from "@kinode-ts/kimap";
import {
  loadProgram,
  TestNode,
  type TestModule,
  type TestProgram,
} from "@kinode-ts/stdlib/testing";

export const INDEXER = "kns-indexer:kns-indexer:sys";
const ETH = "eth:distro:sys";

export interface FakeLog {
  readonly address: string;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly logIndex: Hex;
  readonly removed: boolean;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const withoutSelector = (call: Uint8Array): Hex => toHex(call.subarray(4));

/** Blocks with their logs; each method of JSON-RPC that the indexer uses. */
export class FakeChain {
  head: number;
  /** Counts rewrites: blocks at or above `forkedAt` have other hashes. */
  fork = 0;
  forkedAt = Number.POSITIVE_INFINITY;
  logs: FakeLog[] = [];
  /** Blocks a provider gives in one answer. */
  maxSpan = Number.POSITIVE_INFINITY;
  /** What every request is answered with instead. */
  failure: object | undefined = undefined;
  /** Nothing is answered at all. */
  isStalled = false;
  canSubscribe = true;
  readonly subscriptions = new Map<number, { topics: (null | string | string[])[] }>();
  readonly calls: string[] = [];
  registryAnswer: Hex = "0x";

  constructor(head: number) {
    this.head = head;
  }

  hashOf(block: number): Hex {
    return toHex(keccak256(bytesOf(`${block >= this.forkedAt ? this.fork : 0} ${block}`)));
  }

  #push(
    topic: Hex,
    parent: Hex,
    label: string,
    data: Uint8Array | undefined,
    block: number,
  ): FakeLog {
    const values = [bytesOf(label), ...(data === undefined ? [] : [data])].map(bytesArgument);
    const log: FakeLog = {
      address: KIMAP.registry.toLowerCase(),
      topics: [topic, parent, childHash(parent, labelHash(label)), labelHash(label)],
      data: withoutSelector(encodeCall("0x00000000", values)),
      blockNumber: toQuantity(block),
      blockHash: this.hashOf(block),
      logIndex: toQuantity(this.logs.length),
      removed: false,
    };
    this.logs.push(log);
    return log;
  }

  mint(name: string, block: number): FakeLog {
    const [label = "", ...parent] = name.split(".");
    return this.#push(TOPICS.mint, nameHash(parent.join(".")), label, undefined, block);
  }

  note(name: string, label: string, data: Uint8Array, block: number): FakeLog {
    return this.#push(TOPICS.note, nameHash(name), label, data, block);
  }

  /** A node that is reached at an address. */
  direct(name: string, block: number, key = 0xab): void {
    this.mint(name, block);
    this.note(name, "~net-key", new Uint8Array(32).fill(key), block);
    this.note(name, "~ws-port", Uint8Array.of(0x23, 0x28), block);
    this.note(name, "~ip", Uint8Array.of(127, 0, 0, 1), block);
  }

  /** Everything from a block on goes away; the chain is one block longer than before. */
  rewrite(from: number): FakeLog[] {
    const isGone = (log: FakeLog): boolean => readQuantity(log.blockNumber)! >= from;
    const gone = this.logs.filter(isGone);
    this.logs = this.logs.filter((log) => !isGone(log));
    this.fork++;
    this.forkedAt = from;
    this.head++;
    return gone;
  }

  answer(method: string, params: readonly unknown[]): unknown {
    switch (method) {
      case "eth_blockNumber":
        return toQuantity(this.head);
      case "eth_getBlockByNumber": {
        const block = readQuantity(params[0])!;
        return block > this.head ? null : { hash: this.hashOf(block) };
      }
      case "eth_call":
        return this.registryAnswer;
      case "eth_getLogs": {
        const [{ fromBlock, toBlock, topics }] = params as [
          { fromBlock: Hex; toBlock: Hex; topics: (null | string | string[])[] },
        ];
        const [from, to] = [readQuantity(fromBlock)!, readQuantity(toBlock)!];
        if (to - from + 1 > this.maxSpan) throw new RangeError("too many blocks");
        return this.logs.filter((log) => {
          const block = readQuantity(log.blockNumber)!;
          return block >= from && block <= to && matches(log, topics);
        });
      }
      default:
        throw new TypeError(method);
    }
  }
}

function matches(log: FakeLog, topics: (null | string | string[])[]): boolean {
  return topics.every((wanted, i) => wanted === null || [wanted].flat().includes(log.topics[i]!));
}

/** As `eth:distro:sys` answers. */
function ethModule(chain: FakeChain): TestModule {
  return ({ value }, reply) => {
    const action = value as {
      Request?: { chain_id: number; method: string; params: unknown[] };
      SubscribeLogs?: { sub_id: number; params: { topics: (null | string | string[])[] } };
      UnsubscribeLogs?: number;
    };
    if (chain.isStalled) return;
    if (chain.failure !== undefined) {
      reply(chain.failure);
    } else if (action.Request !== undefined) {
      const { method, params } = action.Request;
      chain.calls.push(method);
      try {
        reply({ Response: chain.answer(method, params) });
      } catch (thrown) {
        reply({ Err: { RpcError: { code: -32_005, message: (thrown as Error).message } } });
      }
    } else if (action.SubscribeLogs !== undefined) {
      if (!chain.canSubscribe) return reply({ Err: { RpcError: { message: "no" } } });
      chain.subscriptions.set(action.SubscribeLogs.sub_id, action.SubscribeLogs.params);
      reply('"Ok"');
    } else {
      const known = chain.subscriptions.delete(action.UnsubscribeLogs!);
      reply(known ? '"Ok"' : { Err: { SubscriptionClosed: action.UnsubscribeLogs! } });
    }
  };
}

const program: Promise<TestProgram> = loadProgram(`${import.meta.dir}/../src/kns-indexer.ts`);

/** A node with the indexer in front of a chain. */
export async function startIndexer(chain: FakeChain, states?: Map<string, Uint8Array>) {
  const node = new TestNode();
  const told: KnsUpdate[] = [];
  for (const [id, bytes] of states ?? []) node.states.set(id, bytes);
  node.addModule(ETH, ethModule(chain));
  node.addModule("net:distro:sys", ({ body }) => {
    const action = decodeNetAction(body);
    if (action.kind === "KnsUpdate") told.push(action.update);
    else if (action.kind === "KnsBatchUpdate") told.push(...action.updates);
    else throw new TypeError(action.kind);
  });
  const start = async (): Promise<void> => {
    node.start(INDEXER, await program, "restart");
    await node.settle();
    // Pauses of a few milliseconds between pieces.
    await node.advance(1_000);
  };
  const ask = async (
    question: unknown,
    options: { expectsResponse?: number; wait?: number } = {},
  ) => {
    const asked = node.ask(INDEXER, JSON.stringify(question), { expectsResponse: 30, ...options });
    await node.advance(options.wait ?? 500);
    return JSON.parse((await asked).body);
  };
  const push = async (log: FakeLog): Promise<void> => {
    for (const [id, { topics }] of chain.subscriptions) {
      if (!matches(log, topics)) continue;
      node.tell(INDEXER, { Ok: { id, result: log } }, { from: ETH });
    }
    await node.settle();
  };
  await start();
  return {
    node,
    told,
    ask,
    push,
    start,
    /** What `net` was told last of a name. */
    last: (name: string) => told.findLast((update) => update.name === name),
    lines: () => node.lines.filter(({ verbosity }) => verbosity === 0).map(({ text }) => text),
  };
}
