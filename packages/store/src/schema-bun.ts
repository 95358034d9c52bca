/**
 * Layout of the kernel's database and how older layouts become the present one.
 *
 * schema 2   table       columns
 *            meta        key, value                        "schema" → version of the layout
 *            process     id, handle, wit_version, on_exit (msgpack), public
 *            capability  holder, key, issuer_node, issuer_process, params, signature
 *            state       process, bytes
 *            record      space, key, value (JSON text)
 *
 * A change of layout changes this table, `SCHEMA_VERSION` and adds a migration, in one commit.
 * @module
 */
import type { Database } from "bun:sqlite";

export const SCHEMA_VERSION = 2;

/** `MIGRATIONS[n]` turns layout n into layout n + 1; layout 0 is an empty file. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE process (
     id TEXT PRIMARY KEY, handle TEXT NOT NULL, wit_version INTEGER, on_exit BLOB NOT NULL,
     public INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE capability (
     holder TEXT NOT NULL, key TEXT NOT NULL, issuer_node TEXT NOT NULL,
     issuer_process TEXT NOT NULL, params TEXT NOT NULL, signature BLOB NOT NULL,
     PRIMARY KEY (holder, key)
   ) WITHOUT ROWID;
   CREATE TABLE state (process TEXT PRIMARY KEY, bytes BLOB NOT NULL);`,
  `CREATE TABLE record (
     space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (space, key)
   ) WITHOUT ROWID;`,
];

/** Version of the layout in the file; 0 for an empty one. */
export function schemaVersion(database: Database): number {
  const one = (sql: string): { value: string } | null => {
    using statement = database.prepare(sql);
    return statement.get() as { value: string } | null;
  };
  if (one("SELECT name AS value FROM sqlite_master WHERE name = 'meta'") === null) return 0;
  return Number(one("SELECT value FROM meta WHERE key = 'schema'")?.value ?? 0);
}

/** Brings the file to `SCHEMA_VERSION`, wholly or not at all. */
export function migrate(database: Database, from: number, to: number = SCHEMA_VERSION): void {
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(from, to)) database.run(step);
    database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', ?)", [String(to)]);
  })();
}
