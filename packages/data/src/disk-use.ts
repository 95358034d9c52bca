/**
 * What the files of one database occupy, kept in step with the account of the package that owns it.
 * @module
 */
import type { DiskAccount } from "@kinode-ts/types";
import { DataError } from "./errors.ts";

/**
 * Deleting needs room, too, before it frees any: a database may go this far over the limit for it. Bytes.
 */
export const RESERVE_BYTES = 8 * 1024 * 1024;

export class DiskUse {
  readonly #owner: string;
  readonly #account: DiskAccount | undefined;
  #bytes: number;

  /**
   * @param account - none: nothing is counted, and there is always room
   * @param bytes - what the files have now, which the account knows of already
   */
  constructor(owner: string, account: DiskAccount | undefined, bytes: number) {
    this.#owner = owner;
    this.#account = account;
    this.#bytes = bytes;
  }

  /** Bytes of the files as far as they are booked. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Books the difference to what was known. */
  set bytes(bytes: number) {
    if (bytes !== this.#bytes) this.#account?.book(bytes - this.#bytes);
    this.#bytes = bytes;
  }

  /** Whether the files may grow by so much. */
  hasRoom(bytes: number): boolean {
    return this.#account?.hasRoom(bytes) ?? true;
  }

  /** The refusal of a write, in the form in which engines say that the disk is full. */
  full(): DataError {
    const { usedBytes = 0, limitBytes = Infinity } = this.#account ?? {};
    const text = `database or disk is full: the package ${this.#owner} uses ${usedBytes} of ${limitBytes} bytes; delete something or ask for a larger limit`;
    return new DataError({ code: "data.engine", text });
  }
}
