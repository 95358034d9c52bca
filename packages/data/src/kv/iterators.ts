/**
 * Positions in ranges of keys. One keeps a key, not a cursor of the engine: it survives writes, and the database may be closed
 * meanwhile. Source: spec/runtime-modules.md §3.3 (an extension, with its defects mended).
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import type { DataLimits } from "../limits.ts";
import type { DatabaseKey } from "../request.ts";
import type { KvDatabase, KvPair, KvRange } from "./kv-store.ts";

interface Position {
  readonly database: string;
  readonly range: KvRange;
  after: Uint8Array | undefined;
}

export interface Batch {
  readonly pairs: readonly KvPair[];
  readonly done: boolean;
}

export class Iterators {
  readonly #limits: DataLimits;
  readonly #holders = new Map<ProcessId, Map<number, Position>>();
  #lastId = 0;

  constructor(limits: DataLimits) {
    this.#limits = limits;
  }

  start(process: ProcessId, key: DatabaseKey, range: KvRange): number {
    let positions = this.#holders.get(process);
    if (positions === undefined) this.#holders.set(process, (positions = new Map()));
    if (positions.size >= this.#limits.maxIteratorsCount) {
      positions.delete(positions.keys().next().value!);
    }
    const id = ++this.#lastId;
    positions.set(id, { database: key.text, range, after: undefined });
    return id;
  }

  /** At most `count` pairs; `done` when none follow, and then the iterator is gone. @throws {DataError} `data.no-iterator` */
  next(
    process: ProcessId,
    key: DatabaseKey,
    id: number | bigint,
    count: number,
    database: KvDatabase,
  ): Batch {
    const positions = this.#holders.get(process);
    const position = typeof id === "number" ? positions?.get(id) : undefined;
    if (positions === undefined || position?.database !== key.text) {
      throw new DataError({ code: "data.no-iterator" });
    }
    const limit = Math.min(count, this.#limits.maxBatchCount);
    const pairs: KvPair[] = [];
    let bytes = 0;
    for (const pair of database.scan(position.range, position.after)) {
      bytes += pair.key.length + pair.value.length;
      const isFull =
        pairs.length >= limit || (bytes > this.#limits.maxBatchBytes && pairs.length > 0);
      if (isFull) return { pairs, done: false };
      pairs.push(pair);
      position.after = pair.key;
    }
    this.close(process, id);
    return { pairs, done: true };
  }

  /** One that is closed already is fine. */
  close(process: ProcessId, id: number | bigint): void {
    const positions = this.#holders.get(process);
    positions?.delete(Number(id));
    if (positions?.size === 0) this.#holders.delete(process);
  }

  drop(process: ProcessId): void {
    this.#holders.delete(process);
  }
}
