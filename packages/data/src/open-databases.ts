/**
 * Databases that are open, at most `limit`, the least recently used closed first: eviction is invisible. One that is busy is
 * not closed (spec/runtime-modules.md §3.5 row 4).
 * Source: spec/runtime-modules.md §3.2 point 8, §9.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import type { DatabaseKey } from "./request.ts";

export interface Closable {
  readonly busy?: boolean;
  /** Settles when what it is busy with is done. */
  idle?(): Promise<void>;
  close(): Awaitable<void>;
}

export class OpenDatabases<D extends Closable> {
  readonly #open: (key: DatabaseKey) => D;
  readonly #onPressure: () => void;
  readonly #maxPerOwner: number;
  /** By key text, in order of use, the least recent first. */
  readonly #databases = new Map<string, D>();
  /** They hold their files until they are closed. */
  readonly #closing = new Set<Promise<void>>();
  #limit: number;

  /**
   * @param onPressure - told when opening one forced another to be closed
   * @param maxPerOwner - so many of one package at most, unless all of them are busy: others' must not be closed for them
   */
  constructor(
    open: (key: DatabaseKey) => D,
    limit: number,
    onPressure: () => void,
    maxPerOwner = Infinity,
  ) {
    this.#maxPerOwner = maxPerOwner;
    this.#open = open;
    this.#limit = Math.max(1, limit);
    this.#onPressure = onPressure;
  }

  get count(): number {
    return this.#databases.size;
  }

  /** The database, opened when it is not. */
  use(key: DatabaseKey): D {
    const open = this.#databases.get(key.text);
    if (open !== undefined) {
      if (this.#databases.size > 1) {
        this.#databases.delete(key.text);
        this.#databases.set(key.text, open);
      }
      return open;
    }
    this.#makePlace(key);
    if (this.#shrink(this.#limit - 1)) this.#onPressure();
    const database = this.#open(key);
    this.#databases.set(key.text, database);
    return database;
  }

  /** Waits while as many as may be are open and none of them can be closed at once. Then the database is open. */
  room(key: DatabaseKey): Awaitable<void> {
    if (this.#databases.has(key.text) || this.#heldCount < this.#limit) return;
    return this.#waitForRoom(key);
  }

  get #heldCount(): number {
    return this.#databases.size + this.#closing.size;
  }

  async #waitForRoom(key: DatabaseKey): Promise<void> {
    while (!this.#databases.has(key.text) && this.#heldCount >= this.#limit) {
      if (this.#shrink(Math.max(0, this.#limit - 1 - this.#closing.size))) this.#onPressure();
      const idle = [...this.#databases.values()].flatMap((database) => database.idle?.() ?? []);
      const events = [...this.#closing, ...idle];
      if (this.#heldCount < this.#limit || events.length === 0) break;
      // oxlint-disable-next-line no-await-in-loop -- others may take the room first
      await Promise.race(events);
    }
    this.use(key);
  }

  close(key: DatabaseKey): Awaitable<void> {
    const database = this.#databases.get(key.text);
    this.#databases.delete(key.text);
    return database?.close();
  }

  async closeAll(): Promise<void> {
    const all = [...this.#databases.values()];
    this.#databases.clear();
    await Promise.all(all.map(async (database) => database.close()));
  }

  setLimit(limit: number): void {
    this.#limit = Math.max(1, limit);
    this.#shrink(this.#limit);
  }

  #shrink(count: number): boolean {
    let closed = false;
    for (const [text, database] of this.#databases) {
      if (this.#databases.size <= count) break;
      if (database.busy === true) continue;
      this.#databases.delete(text);
      this.#letGo(database.close());
      closed = true;
    }
    return closed;
  }

  /** Closes what the same package used least recently, when it has as many open as it may. */
  #makePlace({ packageId }: DatabaseKey): void {
    if (this.#databases.size < this.#maxPerOwner) return;
    const own = [...this.#databases].filter(([text]) => text.startsWith(`${packageId}/`));
    if (own.length < this.#maxPerOwner) return;
    const idle = own.find(([, database]) => database.busy !== true);
    if (idle === undefined) return;
    this.#databases.delete(idle[0]);
    this.#letGo(idle[1].close());
  }

  #letGo(closed: Awaitable<void>): void {
    if (!(closed instanceof Promise)) return;
    const settled = closed.then(
      () => void this.#closing.delete(settled),
      () => void this.#closing.delete(settled),
    );
    this.#closing.add(settled);
  }
}
