/**
 * Brings the tables of a database up to date: ordered steps, each run once, each wholly or not at all.
 * Not in the reference. What has been run is kept in the database itself, in the table `kinode_migrations`.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { Sqlite, SqlWriter } from "./sqlite.ts";

/** One step. Never change one that has been run anywhere: add another. */
export type Migration = {
  /** Unique, kept in the database. */
  readonly name: string;
} & (
  | {
      /** Statements that write, each one by itself. */
      readonly sql: string | readonly string[];
    }
  | {
      /** For what needs values: reads from `db`, writes to `tx`. */
      readonly up: (tx: SqlWriter, db: Sqlite) => void | Promise<void>;
    }
);

/** Why migrations stopped. */
export type MigrationErrorCode =
  /** The database has been brought further by a newer program. */
  | "NewerDatabase"
  /** It was brought here by other steps than these. */
  | "DifferentMigration"
  /** A step failed and has left nothing; those before it are done. */
  | "MigrationFailed";

type MigrationFault = {
  readonly code: MigrationErrorCode;
  readonly db: string;
  /** 1 for the first step. */
  readonly version: number;
  readonly name: string;
};

/** Migrations that stopped; `code` says why, `fault` at which step of which database. */
export class MigrationError extends KinodeError<MigrationFault> {
  override name = "MigrationError";
  constructor(fault: MigrationFault, text: string, cause?: unknown) {
    super(fault, text, { cause });
  }
}

/** What a run of `migrate` has found and done. */
export interface MigrationResult {
  /** Steps that had been run before. */
  readonly from: number;
  /** Steps that have been run now. */
  readonly to: number;
  /** Names of the steps that this call has run. */
  readonly applied: readonly string[];
}

const TABLE = "kinode_migrations";
const CREATE = `CREATE TABLE IF NOT EXISTS ${TABLE} (version INTEGER PRIMARY KEY, name TEXT NOT NULL)`;

/** Strings, quoted names and comments, which may have a semicolon in them. */
const OPAQUE =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const TRIGGER = /^\s*create\s+(?:temp\w*\s+)?trigger\b/i;

/** The database runs the first statement of a text and ignores the rest, which here would go unnoticed. */
function assertSingle(name: string, sql: string): void {
  const plain = sql.replace(OPAQUE, " ");
  const [, rest = ""] = /;([\s\S]*)/.exec(plain) ?? [];
  if (TRIGGER.test(plain) || rest.trim() === "") return;
  throw new TypeError(
    `Cannot run the migration "${name}": one of its texts has several statements; pass an array with one statement each`,
  );
}

function checkedSteps(migrations: readonly Migration[]): void {
  const names = new Set<string>();
  for (const migration of migrations) {
    const { name } = migration;
    if (names.has(name))
      throw new TypeError(`Two migrations are named "${name}": names are unique`);
    names.add(name);
    if ("sql" in migration) for (const sql of listOf(migration.sql)) assertSingle(name, sql);
  }
}

const listOf = (sql: string | readonly string[]): readonly string[] =>
  typeof sql === "string" ? [sql] : sql;

/** Names of the steps that have been run, in their order. */
async function readApplied(db: Sqlite): Promise<readonly string[]> {
  const rows = await db.query(`SELECT name FROM ${TABLE} ORDER BY version`);
  return rows.map((row) => String(row["name"]));
}

function assertSame(
  db: Sqlite,
  applied: readonly string[],
  migrations: readonly Migration[],
): void {
  applied.forEach((name, i) => {
    const fault = { db: db.name, version: i + 1, name };
    const known = migrations[i];
    if (known === undefined) {
      throw new MigrationError(
        { code: "NewerDatabase", ...fault },
        `The database "${db.name}" is at version ${applied.length}, which is newer than this program's ${migrations.length}: update the program`,
      );
    }
    if (known.name !== name) {
      throw new MigrationError(
        { code: "DifferentMigration", ...fault },
        `Version ${i + 1} of the database "${db.name}" was made by "${name}", not by "${known.name}": keep the migrations that have been run, in their order, and add new ones at the end`,
      );
    }
  });
}

async function apply(db: Sqlite, migration: Migration, version: number): Promise<void> {
  await db.transaction(async (tx) => {
    // First: of two processes that run the same step one fails here.
    await tx.run(`INSERT INTO ${TABLE} VALUES (?, ?)`, [version, migration.name]);
    if ("up" in migration) await migration.up(tx, db);
    else for (const sql of listOf(migration.sql)) await tx.run(sql);
  });
}

/**
 * Runs those of the steps that the database has not seen yet, each in a transaction of its own. Call it after `openSqlite`;
 * several processes may do so at once.
 *
 * ```ts no-run
 * await migrate(db, [
 *   { name: "people", sql: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL)" },
 *   { name: "index names", sql: ["CREATE INDEX people_name ON people (name)"] },
 * ]);
 * ```
 * @throws {MigrationError} the database is newer or was made otherwise, or a step failed
 * @throws {SqliteError} the database cannot be used
 * @throws {TypeError} a name twice, or several statements in one text; nothing has run
 */
export async function migrate(
  db: Sqlite,
  migrations: readonly Migration[],
): Promise<MigrationResult> {
  checkedSteps(migrations);
  await db.run(CREATE);
  let done = await readApplied(db);
  const from = done.length;
  const applied: string[] = [];
  for (;;) {
    assertSame(db, done, migrations);
    const migration = migrations[done.length];
    if (migration === undefined) return { from, to: done.length, applied };
    const version = done.length + 1;
    try {
      await apply(db, migration, version);
      applied.push(migration.name);
    } catch (cause) {
      const now = await readApplied(db);
      if (now.length < version) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new MigrationError(
          { code: "MigrationFailed", db: db.name, version, name: migration.name },
          `The migration "${migration.name}" (version ${version}) of the database "${db.name}" failed and changed nothing: ${why}`,
          cause,
        );
      }
    }
    done = await readApplied(db);
  }
}
