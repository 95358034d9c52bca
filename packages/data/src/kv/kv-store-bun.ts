/**
 * Key-value databases as SQLite files: `<folder>/<package>:<publisher>/<db>/kv.sqlite`.
 * An acknowledged write survives the end of the program, however sudden; a loss of power may take the last ones with it, as in
 * the reference (docs/decisions/0001-store-durability.md weighs the same).
 * @module
 */
import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { DatabaseKey } from "../request.ts";
import type { KvChange, KvDatabase, KvPair, KvRange, KvStore } from "./kv-store.ts";

const FILE = "kv.sqlite";

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The engine's own words hold paths of the host now and then; its codes do not. */
function engineError(thrown: unknown): unknown {
  if (!(thrown instanceof SQLiteError)) return thrown;
  const text = `the storage engine failed: ${thrown.code ?? "unknown"}`;
  return new DataError({ code: "data.engine", text }, { cause: thrown });
}

function ioError(thrown: unknown): DataError {
  const code = (thrown as NodeJS.ErrnoException).code ?? "EIO";
  return new DataError(
    { code: "data.io", text: `the operating system says ${code}` },
    { cause: thrown },
  );
}

function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw engineError(thrown);
  }
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

class SqliteKv implements KvDatabase {
  readonly #database: Database;
  readonly #get: Statement<{ value: Uint8Array }, [Uint8Array]>;
  readonly #set: Statement<unknown, [Uint8Array, Uint8Array]>;
  readonly #delete: Statement<unknown, [Uint8Array]>;

  constructor(path: string) {
    const database = new Database(path, { create: true, strict: true });
    this.#database = database;
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    database.run("PRAGMA busy_timeout = 5000");
    database.run(
      "CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    );
    this.#get = database.query("SELECT value FROM kv WHERE key = ?");
    this.#set = database.query("INSERT OR REPLACE INTO kv VALUES (?, ?)");
    this.#delete = database.query("DELETE FROM kv WHERE key = ?");
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return guarded(() => this.#get.get(key)?.value);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    guarded(() => this.#set.run(key, value));
  }

  delete(key: Uint8Array): void {
    guarded(() => this.#delete.run(key));
  }

  apply(changes: readonly KvChange[]): void {
    guarded(() =>
      this.#database
        .transaction(() => {
          for (const change of changes) {
            if (change.kind === "set") this.#set.run(change.key, change.value);
            else this.#delete.run(change.key);
          }
        })
        .immediate(),
    );
  }

  *scan(range: KvRange, after: Uint8Array | undefined): Iterable<KvPair> {
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
    const values = used.map(([, value]) => value!);
    try {
      yield* this.#database.query<Row, Uint8Array[]>(sql).iterate(...values);
    } catch (thrown) {
      throw engineError(thrown);
    }
  }

  close(): void {
    this.#database.close();
  }
}

/** @param folder - made when missing; nothing outside it is touched */
export function openKvFolder(folder: string): KvStore {
  const folderOf = (key: DatabaseKey): string => join(folder, key.packageId, key.name);
  return {
    open(key) {
      try {
        mkdirSync(folderOf(key), { recursive: true });
      } catch (thrown) {
        throw ioError(thrown);
      }
      return guarded(() => new SqliteKv(join(folderOf(key), FILE)));
    },
    remove(key) {
      const path = folderOf(key);
      if (!existsSync(path)) {
        throw new DataError({ code: "data.io", text: "No such file or directory (os error 2)" });
      }
      try {
        rmSync(path, { recursive: true });
      } catch (thrown) {
        throw ioError(thrown);
      }
    },
  };
}
