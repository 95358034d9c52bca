/**
 * The logs that a subscription has delivered lately, to tell after a loss what is new and what was removed meanwhile.
 * @module
 */
import { elementsOf, membersOf, stringOf } from "../json/raw-json.ts";
import { quantity } from "../rpc/quantity.ts";

interface Log {
  /** Which log of which block. */
  readonly key: string;
  readonly block: number;
  readonly isRemoved: boolean;
  /** As it came. */
  readonly text: string;
}

/** @returns `undefined` for a log without a place, as those of pending blocks are */
function readLog(text: string): Log | undefined {
  const fields = membersOf(text);
  const [hash, index] = [stringOf(fields?.get("blockHash")), stringOf(fields?.get("logIndex"))];
  const block = quantity(fields?.get("blockNumber"));
  if (hash === undefined || index === undefined || block === undefined) return undefined;
  return { key: `${hash} ${index}`, block, isRemoved: fields?.get("removed") === "true", text };
}

export class LogMemory {
  readonly #maxCount: number;
  /** Oldest first. */
  readonly #logs = new Map<string, Log>();
  #lastBlock: number | undefined;
  /** Of the blocks below, not everything is remembered. */
  #wholeFrom = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** The newest block known of; `undefined` before anything was heard. */
  get lastBlock(): number | undefined {
    return this.#lastBlock;
  }

  /** First block to be looked at again. */
  fromBlock(overlap: number): number | undefined {
    if (this.#lastBlock === undefined) return undefined;
    return Math.max(0, this.#wholeFrom, this.#lastBlock - overlap);
  }

  /** Everything up to this block has been delivered. */
  reached(block: number): void {
    // What came before the subscription is none of its business.
    if (this.#lastBlock === undefined) this.#wholeFrom = block + 1;
    this.#lastBlock = Math.max(this.#lastBlock ?? 0, block);
  }

  /** Notes a log that is delivered. */
  note(text: string): void {
    const log = readLog(text);
    if (log === undefined) return;
    if (log.isRemoved) {
      this.#logs.delete(log.key);
      return;
    }
    this.#logs.set(log.key, log);
    this.reached(log.block);
    if (this.#wholeFrom === log.block + 1) this.#wholeFrom = log.block;
    if (this.#logs.size <= this.#maxCount) return;
    const [key, oldest] = this.#logs.entries().next().value!;
    this.#logs.delete(key);
    this.#wholeFrom = Math.max(this.#wholeFrom, oldest.block);
  }

  /** Whether it was delivered, and not removed since. */
  knows(text: string): boolean {
    const log = readLog(text);
    return log !== undefined && !log.isRemoved && this.#logs.has(log.key);
  }

  /**
   * What a subscriber has missed: logs that are gone, as removed, then those that are new.
   * @param found - JSON text of all logs from block `from` to block `to`
   * @returns `undefined` for what is no list of logs
   */
  missed(found: string, from: number, to: number): readonly string[] | undefined {
    const logs = elementsOf(found)?.map(readLog);
    if (logs === undefined || !logs.every((log) => log !== undefined)) return undefined;
    const keys = new Set(logs.map(({ key }) => key));
    const gone = [...this.#logs.values()].filter(
      ({ key, block }) => block >= from && block <= to && !keys.has(key),
    );
    const fresh = logs.filter(({ key }) => !this.#logs.has(key));
    // The newest of what is gone first, as a chain is unwound.
    return [...gone.reverse().map(removed), ...fresh.map(({ text }) => text)];
  }
}

function removed({ text }: Log): string {
  const fields = [...(membersOf(text) ?? [])].filter(([name]) => name !== "removed");
  const parts = fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${[...parts, '"removed":true'].join()}}`;
}
