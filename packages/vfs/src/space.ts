/**
 * Books what requests add to the disk and take from it, and refuses what does not fit.
 * @module
 */
import { andThen, type Awaitable, type DiskAccount, type DiskAccounts } from "@kinode-ts/types";
import type { Change } from "./disk.ts";
import { ioErrorText, type VfsError } from "./errors.ts";

/** A change that was made. */
export type Done = Extract<Change, { kind: "done" | "no-room" }>;

/** The space of one package. */
export class Space {
  readonly owner: string;
  readonly account: DiskAccount;
  /** Operations under way that change sizes. */
  #underWayCount = 0;
  /** Those of them that take their time; they do not reject. */
  readonly #underWay = new Set<Promise<void>>();
  /** Grows with each operation that has ended. */
  #endedCount = 0;

  constructor(owner: string, account: DiskAccount) {
    this.owner = owner;
    this.account = account;
  }

  /**
   * Does work that changes the length of one file. What it may take is booked before, so that two at once cannot take the
   * same room; then what it has really taken.
   * @param growth - bytes by which the file will probably grow: for one trip to the disk; with more it takes two
   * @param work - is told by how many bytes the file may grow
   * @returns the change, which is `done`
   * @throws {VfsError} it does not fit, and nothing was done; or what `work` failed with
   */
  change(growth: number, work: (room: number) => Awaitable<Change>): Awaitable<Done> {
    const { limitBytes, usedBytes } = this.account;
    const isLimited = Number.isFinite(limitBytes);
    const booked = isLimited ? Math.min(growth, Math.max(0, limitBytes - usedBytes)) : growth;
    return andThen(this.#booked(booked, isLimited ? booked : Infinity, work), (change) =>
      change.kind === "done" ? change : this.#changeExactly(change, work),
    );
  }

  /** The growth is known; others that have booked more than they need may have to end before. */
  async #changeExactly(
    { before, after }: Change,
    work: (room: number) => Awaitable<Change>,
  ): Promise<Done> {
    const growth = after - before;
    while (!this.account.hasRoom(growth) && this.#underWay.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- until there is room, or nothing left to wait for
      await Promise.race(this.#underWay);
    }
    this.need(growth);
    const change = await this.#booked(growth, growth, work);
    if (change.kind === "done") return change;
    // By hand, the file was made shorter meanwhile.
    throw this.#full(change.after - change.before);
  }

  #booked(
    booked: number,
    room: number,
    work: (room: number) => Awaitable<Change>,
  ): Awaitable<Exclude<Change, { kind: "failed" }>> {
    this.account.book(booked);
    this.#underWayCount++;
    const end = (bytes: number): void => {
      this.account.book(bytes - booked);
      this.#underWayCount--;
      this.#endedCount++;
    };
    const done = (change: Change) => {
      end(change.kind === "no-room" ? 0 : change.after - change.before);
      if (change.kind === "failed") throw change.error;
      return change;
    };
    const failed = (error: unknown): never => {
      end(0);
      throw error;
    };
    let change: Awaitable<Change>;
    try {
      change = work(room);
    } catch (error) {
      return failed(error);
    }
    return change instanceof Promise ? this.#follow(change.then(done, failed)) : done(change);
  }

  #follow<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(ignore, ignore);
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
    return work;
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

  #full(bytes: number): VfsError {
    const { usedBytes, limitBytes } = this.account;
    return ioErrorText(
      `Disk quota exceeded (os error 122): ${this.owner} uses ${usedBytes} of ${limitBytes} bytes and this takes ${bytes} more; remove something, or let it have more with: kinode limit ${this.owner} --disk <size>`,
    );
  }
}

const ignore = (): void => {};

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
