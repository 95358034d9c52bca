/**
 * Damaged logs, from a provider that lies, through everything that reads them.
 * @module
 */
import {
  childHash,
  decodeAddress,
  decodeEntries,
  decodeEntry,
  decodeLog,
  encodeCall,
  entryKind,
  type Hex,
  isReachable,
  isValidName,
  KIMAP,
  labelHash,
  nameHash,
  NODE_NOTES,
  ROOT_HASH,
  bytesArgument,
  toHex,
  TOPICS,
} from "@kinode-ts/kimap";
import { Ledger } from "../../src/ledger.ts";
import { nodeInfoOf } from "../../src/net-feed.ts";

export interface FuzzReport {
  readonly cases: number;
  /** Logs that were taken for logs of the registry. */
  readonly believed: number;
  readonly names: number;
  readonly slowestMs: number;
}

/** mulberry32: the same numbers for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const LABELS = ["os", "dev", "alice", "bob", "a", "z".repeat(63), "r1", "0-9"];
const DATA_LENGTHS = [0, 1, 2, 4, 16, 31, 32, 33, 64, 96, 1_000];
const JUNK: readonly unknown[] = [
  null,
  undefined,
  7,
  "",
  "0x",
  "0x0",
  [],
  {},
  true,
  "0xffffffffffffffff",
  -1,
  Number.NaN,
  "é",
  "__proto__",
];

/** One log, right or damaged, and what is done with it. */
export class LogFuzzer {
  readonly #next: () => number;
  /** Hashes of names that were seen, so that logs fit each other now and then. */
  readonly #parents: Hex[] = [ROOT_HASH, nameHash("os"), nameHash("alice.os")];

  constructor(seed: number) {
    this.#next = numbers(seed);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#next() % list.length]!;
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 0xff);
  }

  /** A log as the registry makes them. */
  #goodLog(): Record<string, unknown> {
    const kind = this.#pick(["mint", "note", "note", "fact"] as const);
    const parent = this.#pick(this.#parents);
    const label =
      kind === "mint" ? this.#pick(LABELS) : kind === "note" ? this.#pick(NODE_NOTES) : "!fact";
    const data = kind === "mint" ? [] : [this.#bytes(this.#pick(DATA_LENGTHS))];
    const values = [new TextEncoder().encode(label), ...data].map(bytesArgument);
    const hash = childHash(parent, labelHash(label));
    if (kind === "mint" && this.#parents.length < 64) this.#parents.push(hash);
    const block = this.#next() % 300;
    return {
      address: KIMAP.registry,
      topics: [TOPICS[kind], parent, hash, labelHash(label)],
      data: toHex(encodeCall("0x00000000", values).subarray(4)),
      blockNumber: `0x${block.toString(16)}`,
      blockHash: toHex(new Uint8Array(32).fill((block + (this.#next() % 2)) & 0xff)),
      logIndex: `0x${(this.#next() % 50).toString(16)}`,
      removed: this.#next() % 8 === 0,
    };
  }

  #damageText(text: string): string {
    const at = this.#next() % (text.length + 1);
    switch (this.#next() % 5) {
      case 0:
        return text.slice(0, at);
      case 1:
        return (
          text.slice(0, at) + this.#pick(["0", "f", "ff", "x", "é", "\u0000"]) + text.slice(at + 1)
        );
      case 2:
        return text.slice(0, at) + "f".repeat(64) + text.slice(at + 64);
      case 3:
        return text.slice(0, at) + text.slice(at + 2);
      default:
        return text + text.slice(2, 2 + (this.#next() % 128));
    }
  }

  #damage(log: Record<string, unknown>): unknown {
    const field = this.#pick(Object.keys(log));
    switch (this.#next() % 4) {
      case 0:
        return { ...log, [field]: this.#pick(JUNK) };
      case 1: {
        const topics = [...(log["topics"] as string[])];
        const at = this.#next() % 4;
        topics[at] = this.#damageText(topics[at]!);
        return { ...log, topics };
      }
      case 2:
        return { ...log, data: this.#damageText(log["data"] as string) };
      default:
        return this.#next() % 16 === 0 ? this.#pick(JUNK) : { ...log, [field]: undefined };
    }
  }

  log(): unknown {
    const log = this.#goodLog();
    return this.#next() % 3 === 0 ? log : this.#damage(log);
  }

  /** Whether to settle, and up to which block. */
  settles(): number | undefined {
    return this.#next() % 500 === 0 ? this.#next() % 200 : undefined;
  }
}

/** Cases that one index sees before another begins. */
const CASES_PER_LEDGER = 2_000;

/**
 * @throws the first thing that goes wrong, with the number of its case
 */
export function fuzzLogs(cases: number, seed: number): FuzzReport {
  const fuzzer = new LogFuzzer(seed);
  let ledger = new Ledger(-1);
  let believed = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases; i++) {
    if (i % CASES_PER_LEDGER === 0) ledger = new Ledger(-1);
    const log = fuzzer.log();
    const startedMs = performance.now();
    try {
      const event = decodeLog(log, KIMAP);
      const { data } = (log ?? {}) as { data?: unknown };
      void [decodeEntry(data), decodeEntries(data), decodeAddress(data)];
      if (event !== undefined) {
        believed++;
        if (entryKind(event.event.label) === undefined) throw new Error("a label that is none");
        ledger.add(event);
      }
      for (const hash of ledger.takeChanged()) {
        const info = nodeInfoOf(ledger, hash);
        if (info === undefined) continue;
        if (!isValidName(info.name)) throw new Error(`"${info.name}" is no name`);
        if (nameHash(info.name) !== hash) throw new Error(`"${info.name}" has another hash`);
        if (isReachable(info) && info.publicKey.length !== 64) throw new Error("a bad key");
      }
      const settled = fuzzer.settles();
      if (settled !== undefined) ledger.settle(settled);
    } catch (thrown) {
      throw new Error(`case ${i} of seed ${seed}: ${String(thrown)}\n${JSON.stringify(log)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
  }
  return { cases, believed, names: ledger.size, slowestMs };
}
