/**
 * Writes that wait for their commit. A transaction belongs to one process and one database (spec §3.2 point 6, §4.5).
 * @module
 */
import type { ProcessId, Random } from "@kinode-ts/types";
import { DataError } from "./errors.ts";
import type { DataLimits } from "./limits.ts";
import type { DatabaseKey } from "./request.ts";

interface Transaction<W> {
  readonly database: string;
  readonly writes: W[];
  bytes: number;
}

interface Holder<W> {
  readonly transactions: Map<number, Transaction<W>>;
  bytes: number;
}

/** Bits of an id: it stays exact as a number. */
const ID_BITS = 52;
/** Charged for each write beside its own bytes. */
const WRITE_OVERHEAD_BYTES = 64;

export class Transactions<W> {
  readonly #random: Random;
  readonly #limits: DataLimits;
  readonly #holders = new Map<ProcessId, Holder<W>>();

  constructor(random: Random, limits: DataLimits) {
    this.#random = random;
    this.#limits = limits;
  }

  /** @throws {DataError} `data.engine`: too many are open, or who asked has ended: nobody could commit it */
  begin(process: ProcessId, key: DatabaseKey, caller: { readonly ended: boolean }): number {
    if (caller.ended) throw new DataError({ code: "data.engine", text: "the process has ended" });
    let holder = this.#holders.get(process);
    if (holder === undefined) {
      this.#holders.set(process, (holder = { transactions: new Map(), bytes: 0 }));
    }
    const bound = this.#limits.maxTransactionsCount;
    if (holder.transactions.size >= bound) {
      throw tooMuch(`${bound} transactions are open; commit one before beginning another`);
    }
    // Random, so that an id kept from before a restart of the node is not somebody's today.
    const id = Number(BigInt.asUintN(ID_BITS, BigInt(this.#random.u64())));
    holder.transactions.set(id, { database: key.text, writes: [], bytes: 0 });
    return id;
  }

  /**
   * @param bytes - size of what the write keeps in memory
   * @throws {DataError} `data.no-tx`; `data.engine`: the transaction has grown too large, and is gone
   */
  add(process: ProcessId, key: DatabaseKey, id: number | bigint, write: W, bytes: number): void {
    const [holder, transaction] = this.#find(process, key, id);
    const charged = bytes + WRITE_OVERHEAD_BYTES;
    const bound = this.#limits.maxTransactionBytes;
    if (holder.bytes + charged > bound) {
      this.#forget(process, holder, Number(id), transaction);
      throw tooMuch(`open transactions would be larger than ${bound} bytes; this one is given up`);
    }
    transaction.writes.push(write);
    transaction.bytes += charged;
    holder.bytes += charged;
  }

  /** Its writes in their order; the transaction is over. @throws {DataError} `data.no-tx` */
  take(process: ProcessId, key: DatabaseKey, id: number | bigint): readonly W[] {
    const [holder, transaction] = this.#find(process, key, id);
    this.#forget(process, holder, Number(id), transaction);
    return transaction.writes;
  }

  drop(process: ProcessId): void {
    this.#holders.delete(process);
  }

  #find(
    process: ProcessId,
    key: DatabaseKey,
    id: number | bigint,
  ): readonly [Holder<W>, Transaction<W>] {
    const holder = this.#holders.get(process);
    const transaction = typeof id === "number" ? holder?.transactions.get(id) : undefined;
    if (holder === undefined || transaction?.database !== key.text) {
      throw new DataError({ code: "data.no-tx", id });
    }
    return [holder, transaction];
  }

  #forget(process: ProcessId, holder: Holder<W>, id: number, transaction: Transaction<W>): void {
    holder.transactions.delete(id);
    holder.bytes -= transaction.bytes;
    if (holder.transactions.size === 0) this.#holders.delete(process);
  }
}

function tooMuch(text: string): DataError {
  return new DataError({ code: "data.engine", text });
}
