/**
 * Looks into the databases of a node that has ended.
 * @module
 */
import { Database } from "bun:sqlite";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Ledger } from "./ledger.ts";

interface Checked {
  readonly databaseCount: number;
  readonly rowCount: number;
}

function databasesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(sqlite|db)$/.test(name))
    .map((name) => join(folder, name));
}

const hasTable = (database: Database, name: string): boolean =>
  database.query("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== null;

/** What workers left: the count of the step in which they last wrote here. */
function marks(database: Database): { readonly name: string; readonly n: number }[] {
  if (hasTable(database, "mark")) {
    return database.query("SELECT name, n FROM mark WHERE slot = 0").all() as never;
  }
  if (!hasTable(database, "kv")) return [];
  const rows = database.query("SELECT key, value FROM kv").all() as {
    readonly key: Uint8Array;
    readonly value: Uint8Array;
  }[];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().replaceAll('"', "");
  return rows
    .map(({ key, value }) => ({ name: text(key), n: Number(text(value).split(":")[0]) }))
    .filter(({ name }) => !name.includes("/"));
}

/** Checks every SQLite file of the home folder; faults go to the ledger. */
export function checkDatabases(home: string, ledger: Ledger, ended: ReadonlySet<string>): Checked {
  let rowCount = 0;
  const paths = databasesBelow(home);
  for (const path of paths) {
    const name = path.slice(home.length + 1);
    try {
      const database = new Database(path);
      const [result] = database.query("PRAGMA integrity_check").values() as [string][];
      if (result?.[0] !== "ok") ledger.fault(`${name} is damaged: ${result?.[0]}`);
      for (const mark of marks(database)) {
        rowCount++;
        const process = `${mark.name}:soak:example.os`;
        const told = ledger.lastOf(process, name.endsWith(".db") ? "sqlite" : "kv");
        if (!ended.has(process) && mark.n !== told)
          ledger.fault(`${name} says ${mark.n} for ${mark.name}, which told ${told}`);
      }
      database.close();
    } catch (thrown) {
      ledger.fault(`${name} cannot be read: ${String(thrown)}`);
    }
  }
  return { databaseCount: paths.length, rowCount };
}
