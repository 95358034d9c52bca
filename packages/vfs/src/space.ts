/**
 * Books what requests add to the disk and take from it, and refuses what does not fit.
 * @module
 */
import type { Awaitable, DiskAccount, DiskAccounts } from "@kinode-ts/types";
import { andThen } from "./awaitable.ts";
import { ioErrorText, type VfsError } from "./errors.ts";

/** The space of one package. */
export class Space {
  readonly owner: string;
  readonly account: DiskAccount;
  /** Operations under way that change sizes. */
  #underWayCount = 0;
  /** Grows with each operation that has ended. */
  #endedCount = 0;

  constructor(owner: string, account: DiskAccount) {
    this.owner = owner;
    this.account = account;
  }

  /**
   * Does work that changes the size of something from `before` to `after` bytes. What grows is booked before, so that two
   * at once cannot take the same room; after a failure, what is really there counts.
   * @param measure - the size as it is then
   * @throws {VfsError} it does not fit; nothing was done
   */
  change<T>(
    before: number,
    after: number,
    work: () => Awaitable<T>,
    measure: () => Awaitable<number>,
  ): Awaitable<T> {
    this.begin(before, after);
    const done = (value: T): T => {
      this.end(before, after);
      return value;
    };
    const failed = (error: unknown): Awaitable<never> => this.fail(before, after, measure, error);
    let result: Awaitable<T>;
    try {
      result = work();
    } catch (error) {
      return failed(error);
    }
    return result instanceof Promise ? result.then(done, failed) : done(result);
  }

  /** A change is about to be made; `end` or `fail` follows. @throws {VfsError} it does not fit */
  begin(before: number, after: number): void {
    this.need(after - before);
    this.account.book(Math.max(0, after - before));
    this.#underWayCount++;
  }

  /** What shrinks is free when it is done. */
  end(before: number, after: number): void {
    this.#end(Math.min(0, after - before));
  }

  /** What is really there counts then. @throws `error` */
  fail(
    before: number,
    after: number,
    measure: () => Awaitable<number>,
    error: unknown,
  ): Awaitable<never> {
    return andThen(sizeAfterFailure(measure, before), (size) => {
      this.#end(size - before - Math.max(0, after - before));
      throw error;
    });
  }

  /** Bytes that are gone; negative: that have come. */
  free(bytes: number): void {
    this.account.book(-bytes);
    this.#endedCount++;
  }

  /** @throws {VfsError} `vfs.io`: there is no room for so many bytes more */
  need(bytes: number): void {
    if (!this.account.hasRoom(bytes)) throw this.#full(bytes);
  }

  /** Whether nothing has changed since `stamp` and nothing is under way. */
  isQuietSince(stamp: number): boolean {
    return this.#underWayCount === 0 && this.#endedCount === stamp;
  }

  get stamp(): number {
    return this.#endedCount;
  }

  #end(delta: number): void {
    this.account.book(delta);
    this.#underWayCount--;
    this.#endedCount++;
  }

  #full(bytes: number): VfsError {
    const { usedBytes, limitBytes } = this.account;
    return ioErrorText(
      `Disk quota exceeded (os error 122): ${this.owner} uses ${usedBytes} of ${limitBytes} bytes and this takes ${bytes} more; remove something, or let it have more with: kinode limit ${this.owner} --disk <size>`,
    );
  }
}

function sizeAfterFailure(measure: () => Awaitable<number>, before: number): Awaitable<number> {
  try {
    const size = measure();
    return size instanceof Promise ? size.catch(() => before) : size;
  } catch {
    return before;
  }
}

/** The spaces of all packages, opened at first use. */
export class Spaces {
  readonly #accounts: DiskAccounts;
  readonly #spaces = new Map<string, Space>();

  constructor(accounts: DiskAccounts) {
    this.#accounts = accounts;
  }

  /** A promise the first time, while the package is counted. */
  of(owner: string): Awaitable<Space> {
    const known = this.#spaces.get(owner);
    if (known !== undefined) return known;
    const account = this.#accounts.account(owner);
    return account instanceof Promise
      ? account.then((counted) => this.#open(owner, counted))
      : this.#open(owner, account);
  }

  #open(owner: string, account: DiskAccount): Space {
    let space = this.#spaces.get(owner);
    if (space === undefined) {
      space = new Space(owner, account);
      this.#spaces.set(owner, space);
    }
    return space;
  }
}
