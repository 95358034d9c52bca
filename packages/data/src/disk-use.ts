/**
 * What the files of one database occupy, kept in step with the account of the package that owns it.
 * @module
 */
import type { Awaitable, DiskAccount, DiskAccounts, PackageId } from "@kinode-ts/types";
import { DataError } from "./errors.ts";

/** What a database may have over the limit while it works: deleting needs room, too, before it gives any. Bytes. */
export const RESERVE_BYTES = 8 * 1024 * 1024;

/** What SQLite says. */
export const FULL = "database or disk is full";

/**
 * The account of a package; none when nothing is counted.
 * @throws {DataError} `data.io`: the disk did not answer while its files were counted
 */
export function accountOf(
  accounts: DiskAccounts | undefined,
  owner: PackageId,
): Awaitable<DiskAccount | undefined> {
  const account = accounts?.account(owner);
  return account instanceof Promise ? account.catch(uncounted) : account;
}

function uncounted(thrown: unknown): never {
  const text = "Connection timed out (os error 110): the disk does not answer";
  throw new DataError({ code: "data.io", text }, { cause: thrown });
}

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

  /** By how much the package may grow yet; negative when it is over its limit. */
  get roomBytes(): number {
    return this.#account === undefined
      ? Infinity
      : this.#account.limitBytes - this.#account.usedBytes;
  }

  /** Whether the files may grow by so much. */
  hasRoom(bytes: number): boolean {
    return this.#account?.hasRoom(bytes) ?? true;
  }

  /** The refusal of a write, in the form in which engines say that the disk is full. */
  full(): DataError {
    const { usedBytes = 0, limitBytes = Infinity } = this.#account ?? {};
    const text = `${FULL}: the package ${this.#owner} uses ${usedBytes} of ${limitBytes} bytes; delete something or ask for a larger limit`;
    return new DataError({ code: "data.engine", text });
  }
}
