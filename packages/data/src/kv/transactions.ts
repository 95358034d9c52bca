/**
 * Changes that wait for their commit. A transaction belongs to one process and one database (spec §3.2 point 6).
 * @module
 */
import type { ProcessId, Random } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import type { DataLimits } from "../limits.ts";
import type { DatabaseKey } from "../request.ts";
import type { KvChange } from "./kv-store.ts";

interface Transaction {
  readonly database: string;
  readonly changes: KvChange[];
  bytes: number;
}

interface Holder {
  readonly transactions: Map<number, Transaction>;
  bytes: number;
}

const ID_BITS = 52n;

export class Transactions {
  readonly #random: Random;
  readonly #limits: DataLimits;
  readonly #holders = new Map<ProcessId, Holder>();

  constructor(random: Random, limits: DataLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  /** @throws {DataError} `data.engine`: too many are open */
  begin(process: ProcessId, key: DatabaseKey): number {
    let holder = this.#holders.get(process);
    if (holder === undefined) {
      this.#holders.set(process, (holder = { transactions: new Map(), bytes: 0 }));
    }
    const bound = this.#limits.maxTransactionsCount;
    if (holder.transactions.size >= bound) {
      throw tooMuch(`${bound} transactions are open; commit one before beginning another`);
    }
    // Random, so that an id kept from before a restart of the node is not somebody's today.
    const id = Number(BigInt.asUintN(Number(ID_BITS), BigInt(this.#random.u64())));
    holder.transactions.set(id, { database: key.text, changes: [], bytes: 0 });
    return id;
  }

  /** @throws {DataError} `data.no-tx`; `data.engine`: it has grown too large, and is gone */
  add(process: ProcessId, key: DatabaseKey, id: number | bigint, change: KvChange): void {
    const [holder, transaction] = this.#find(process, key, id);
    const bytes = change.key.length + (change.kind === "set" ? change.value.length : 0) + 64;
    const bound = this.#limits.maxTransactionBytes;
    if (holder.bytes + bytes > bound) {
      this.#forget(process, holder, Number(id), transaction);
      throw tooMuch(`open transactions would be larger than ${bound} bytes; this one is given up`);
    }
    transaction.changes.push(change);
    transaction.bytes += bytes;
    holder.bytes += bytes;
  }

  /** Its changes; the transaction is over. @throws {DataError} `data.no-tx` */
  take(process: ProcessId, key: DatabaseKey, id: number | bigint): readonly KvChange[] {
    const [holder, transaction] = this.#find(process, key, id);
    this.#forget(process, holder, Number(id), transaction);
    return transaction.changes;
  }

  drop(process: ProcessId): void {
    this.#holders.delete(process);
  }

  #find(process: ProcessId, key: DatabaseKey, id: number | bigint): readonly [Holder, Transaction] {
    const holder = this.#holders.get(process);
    const transaction = typeof id === "number" ? holder?.transactions.get(id) : undefined;
    if (holder === undefined || transaction?.database !== key.text) {
      throw new DataError({ code: "data.no-tx", id });
    }
    return [holder, transaction];
  }

  #forget(process: ProcessId, holder: Holder, id: number, transaction: Transaction): void {
    holder.transactions.delete(id);
    holder.bytes -= transaction.bytes;
    if (holder.transactions.size === 0) this.#holders.delete(process);
  }
}

function tooMuch(text: string): DataError {
  return new DataError({ code: "data.engine", text });
}
