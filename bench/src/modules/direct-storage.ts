/**
 * The operations that the processes ask for, done directly in Bun, with the guarantees the modules give.
 * Each function returns microseconds per operation.
 * @module
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Runs `act` for each item; microseconds per item. */
export function timed(count: number, act: (item: number) => void, from = 0): number {
  const startedMs = performance.now();
  for (let item = from; item < from + count; item++) act(item);
  return ((performance.now() - startedMs) * 1_000) / count;
}

export interface DirectFiles {
  write(from: number, count: number, bytes: number): number;
  read(count: number, bytes: number): number;
  append(count: number, bytes: number): number;
  readOne(count: number, bytes: number): number;
}

/** Files by synchronous calls, the fastest that Bun has for them. Nothing is flushed to the disk, as in the vfs. */
export function directFiles(folder: string): DirectFiles {
  mkdirSync(folder, { recursive: true });
  const path = (item: number): string => join(folder, String(item));
  const filled = (bytes: number) => new Uint8Array(bytes).fill(120);
  return {
    write(from, count, bytes) {
      const content = filled(bytes);
      return timed(count, (item) => writeFileSync(path(item), content), from);
    },
    read(count, bytes) {
      return timed(count, (item) => {
        if (readFileSync(path(item)).length !== bytes) throw new Error("not what was written");
      });
    },
    append(count, bytes) {
      const content = filled(bytes);
      const fd = openSync(join(folder, "log"), "w");
      try {
        return timed(count, () => void writeSync(fd, content));
      } finally {
        ftruncateSync(fd, 0);
        closeSync(fd);
      }
    },
    readOne(count, bytes) {
      writeFileSync(join(folder, "one"), filled(bytes));
      const fd = openSync(join(folder, "one"), "r");
      try {
        return timed(count, () => void readSync(fd, new Uint8Array(bytes), 0, bytes, 0));
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** As the modules open theirs: written ahead, and flushed at each commit only when it is to survive a loss of power. */
export function openDirect(path: string, survives: "process" | "power" = "process"): Database {
  const database = new Database(path, { create: true, strict: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${survives === "power" ? "FULL" : "NORMAL"}`);
  return database;
}

export interface DirectTable {
  insert(from: number, count: number): number;
  /** Per row, the commit included. */
  transaction(from: number, count: number): number;
  select(count: number): number;
}

/** A table of text by number in Bun's own SQLite. */
export function directTable(
  path: string,
  bytes: number,
  survives: "process" | "power" = "process",
): DirectTable {
  const database = openDirect(path, survives);
  database.run("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
  const insert = database.query("INSERT INTO item (id, name) VALUES (?, ?)");
  const select = database.query<{ name: string }, [number]>("SELECT name FROM item WHERE id = ?");
  const name = "x".repeat(bytes);
  return {
    insert: (from, count) => timed(count, (item) => void insert.run(item, name), from),
    transaction(from, count) {
      const all = database.transaction(() => {
        for (let item = from; item < from + count; item++) insert.run(item, name);
      });
      const startedMs = performance.now();
      all.immediate();
      return ((performance.now() - startedMs) * 1_000) / count;
    },
    select: (count) =>
      timed(count, (item) => {
        if (select.get(item)?.name.length !== bytes) throw new Error("not what was written");
      }),
  };
}

export interface DirectPairs {
  /** @param round - other values than in the round before */
  set(count: number, round: number): number;
  /** Of the values of that round. */
  get(count: number, round: number): number;
  transaction(count: number, round: number): number;
}

/** Values by key in Bun's own SQLite, in the table that the kv module uses. */
export function directPairs(path: string, bytes: number): DirectPairs {
  const database = openDirect(path);
  database.run("CREATE TABLE kv (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
  const set = database.query("INSERT OR REPLACE INTO kv VALUES (?, ?)");
  const get = database.query<{ value: Uint8Array }, [Uint8Array]>(
    "SELECT value FROM kv WHERE key = ?",
  );
  const encoder = new TextEncoder();
  const key = (item: number): Uint8Array => encoder.encode(`"${item}"`);
  const valueOf = (round: number): Uint8Array =>
    encoder.encode(`"${"x".repeat(bytes + (round & 1))}"`);
  return {
    set(count, round) {
      const value = valueOf(round);
      return timed(count, (item) => void set.run(key(item), value));
    },
    get(count, round) {
      const { length } = valueOf(round);
      return timed(count, (item) => {
        if (get.get(key(item))?.value.length !== length) throw new Error("not what was put");
      });
    },
    transaction(count, round) {
      const value = valueOf(round);
      const all = database.transaction(() => {
        for (let item = 0; item < count; item++) set.run(key(item), value);
      });
      const startedMs = performance.now();
      all.immediate();
      return ((performance.now() - startedMs) * 1_000) / count;
    },
  };
}
