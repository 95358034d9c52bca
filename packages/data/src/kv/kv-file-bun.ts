/**
 * One key-value database as a SQLite file, opened for this program alone.
 *
 * SQLite itself never waits for the disk here (`synchronous = OFF`): whoever holds a file calls `syncLog`, `copyLog`,
 * `syncPages`, `restartLog` or `emptyLog`, and `syncLog` in this order, with nothing written in between, and so keeps what
 * `synchronous = NORMAL` promises without stopping the node's thread. The log's pages are on the disk before they are copied,
 * the copies before the log begins anew, and its new beginning before anything else is written: what is left of the old log
 * can not be mistaken for new pages after a loss of power. A log that keeps its room is written to in half the time.
 * @module
 */
import { Database, type Statement } from "bun:sqlite";
import { closeSync, fstatSync, fsync, openSync } from "node:fs";
import { promisify } from "node:util";
import type { KvChange, KvPair, KvRange } from "./kv-store.ts";

const sync = promisify(fsync);

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** First key that does not begin with the prefix; `undefined` when there is none. */
function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  const end = prefix.slice();
  for (let last = end.length - 1; last >= 0; last--) {
    if (end[last]! < 255) {
      end[last]!++;
      return end.subarray(0, last + 1);
    }
  }
  return undefined;
}

/** Of pages in memory, per database. */
const CACHE_KIB = 4 * 1024;

/** Changed pages that a transaction keeps in memory: writing them is one step at its end, so they are few. */
const SPILL_PAGES = 256;

const SETTINGS = [
  // No other connection: then the log needs neither shared memory nor a lock for each transaction.
  "PRAGMA locking_mode = EXCLUSIVE",
  "PRAGMA synchronous = OFF",
  "PRAGMA auto_vacuum = INCREMENTAL",
  "PRAGMA journal_mode = WAL",
  "PRAGMA wal_autocheckpoint = 0",
  `PRAGMA cache_size = -${CACHE_KIB}`,
  `PRAGMA cache_spill = ${SPILL_PAGES}`,
  "CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
];

/** Half the work of `INSERT OR REPLACE`, which deletes a row and makes another. */
const SET = "INSERT INTO kv VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2";

export class KvFile {
  readonly #path: string;
  readonly #database: Database;
  readonly #get: Statement<{ value: Uint8Array }, [Uint8Array]>;
  readonly #set: Statement<unknown, [Uint8Array, Uint8Array]>;
  readonly #delete: Statement<unknown, [Uint8Array]>;
  /** NOTE: closing any descriptor of a file gives up SQLite's lock on it, so these live as long as the database. */
  #pages: number | undefined;
  #log: number | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#database = new Database(path, { create: true, strict: true });
    try {
      for (const setting of SETTINGS) this.#database.run(setting);
      this.#get = this.#database.query("SELECT value FROM kv WHERE key = ?");
      this.#set = this.#database.query(SET);
      this.#delete = this.#database.query("DELETE FROM kv WHERE key = ?");
    } catch (thrown) {
      this.#database.close();
      throw thrown;
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#get.get(key)?.value;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#set.run(key, value);
  }

  delete(key: Uint8Array): void {
    this.#delete.run(key);
  }

  begin(): void {
    this.#database.run("BEGIN IMMEDIATE");
  }

  commit(): void {
    this.#database.run("COMMIT");
  }

  /** SQLite may have given up the transaction already. */
  rollback(): void {
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
  }

  perform(change: KvChange): void {
    if (change.kind === "set") this.#set.run(change.key, change.value);
    else this.#delete.run(change.key);
  }

  scan(range: KvRange, after: Uint8Array | undefined): Iterable<KvPair> {
    const prefixEnd = range.prefix === undefined ? undefined : afterPrefix(range.prefix);
    const bounds: [sql: string, value: Uint8Array | undefined][] = [
      ["key >= ?", range.prefix],
      ["key < ?", prefixEnd],
      ["key >= ?", range.start],
      ["key < ?", range.end],
      [range.reverse === true ? "key < ?" : "key > ?", after],
    ];
    const used = bounds.filter(([, value]) => value !== undefined);
    const where = used.length === 0 ? "" : ` WHERE ${used.map(([sql]) => sql).join(" AND ")}`;
    const order = range.reverse === true ? "DESC" : "ASC";
    const sql = `SELECT key, value FROM kv${where} ORDER BY key ${order}`;
    return this.#database.query<Row, Uint8Array[]>(sql).iterate(...used.map(([, value]) => value!));
  }

  get pagesBytes(): number {
    return fstatSync((this.#pages ??= openSync(this.#path, "r+"))).size;
  }

  get logBytes(): number {
    const log = this.#openLog();
    return log === undefined ? 0 : fstatSync(log).size;
  }

  /** Share of the pages that hold nothing. */
  get freeShare(): number {
    const pages = this.#number("PRAGMA page_count");
    return pages === 0 ? 0 : this.#number("PRAGMA freelist_count") / pages;
  }

  /** Gives back at most so many free pages at the next `copyLog`; whether there were any. */
  giveBack(pages: number): boolean {
    const before = this.#number("PRAGMA freelist_count");
    if (before > 0) this.#database.query(`PRAGMA incremental_vacuum(${pages})`).all();
    return this.#number("PRAGMA freelist_count") < before;
  }

  /** Also when it is empty: that it is has to be on the disk before new pages are. */
  async syncLog(): Promise<void> {
    const log = this.#openLog();
    if (log !== undefined) await sync(log);
  }

  copyLog(): void {
    this.#database.query("PRAGMA wal_checkpoint(PASSIVE)").all();
  }

  async syncPages(): Promise<void> {
    await sync((this.#pages ??= openSync(this.#path, "r+")));
  }

  /** The next page goes to the beginning of the log, which keeps its room; the new beginning is written here. */
  restartLog(): void {
    this.#database.query("PRAGMA wal_checkpoint(RESTART)").all();
    // Changes nothing that anybody reads, and is a commit.
    this.#database.run("PRAGMA user_version = 1");
  }

  emptyLog(): void {
    this.#database.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
  }

  close(): void {
    this.#database.close();
    for (const descriptor of [this.#pages, this.#log]) {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** SQLite makes it with the first write, and deletes it when it closes. */
  #openLog(): number | undefined {
    try {
      return (this.#log ??= openSync(`${this.#path}-wal`, "r+"));
    } catch {
      return undefined;
    }
  }

  #number(pragma: string): number {
    return Number(this.#database.query<unknown, []>(pragma).values()[0]?.[0] ?? 0);
  }
}
