/**
 * Client of `sqlite:distro:sys`: SQL databases, per package and name. Every function rejects with a `SqliteError`.
 * Source: spec/packages-and-tools.md §25.6, spec/runtime-modules.md §4.
 * @module
 */
import { KinodeError, SQLITE_PROCESS, type U64 } from "@kinode-ts/types";
import {
  atEnd,
  type DatabaseFail,
  type DatabaseOptions,
  type DatabasePlace,
  databaseRequest,
  placeOf,
} from "./database-wire.ts";
import { parseJsonBytes } from "./json.ts";
import {
  blobOf,
  hasForm,
  isListOf,
  isRecord,
  isU64,
  type ModuleAnswer,
  payloadOf,
} from "./module-answer.ts";
import type { Schema } from "./schema.ts";
import { applySchema } from "./schema.ts";
import { our } from "./send.ts";
import { encodeUtf8 } from "./utf8.ts";

const WIRE_CODES = [
  "NoDb",
  "NoTx",
  "NoWriteCap",
  "NoReadCap",
  "NotAWriteKeyword",
  "NotAReadKeyword",
  "InvalidParameters",
  "MismatchingPackageId",
  "AddCapFailed",
  "MalformedRequest",
  "RusqliteError",
  "IOError",
] as const;

/** Names of the wire; `SendError`: no answer came in time; `UnexpectedAnswer`: what came is none of the database's answers. */
export type SqliteErrorCode = (typeof WIRE_CODES)[number] | "SendError" | "UnexpectedAnswer";

type SqliteFault = { readonly code: SqliteErrorCode; readonly db: string; readonly detail: string };

/** The database refused, or could not be reached. What SQLite itself says is `RusqliteError` with the text as `fault.detail`. */
export class SqliteError extends KinodeError<SqliteFault> {
  override name = "SqliteError";
  constructor(code: SqliteErrorCode, db: string, detail: string, cause?: unknown) {
    const what = `${code} at the database "${db}"`;
    super({ code, db, detail }, detail === "" ? what : `${what}: ${detail}`, { cause });
  }
}

/** A value to bind. A `number` is an INTEGER when it is whole, else a REAL; a `bigint` is an INTEGER of 64 bits. */
export type SqlParameter = string | number | bigint | boolean | null | Uint8Array;

/** A row: 64-bit integers beyond ±(2^53 − 1) are `bigint`, blobs base64 text (see `blobBytes`). */
export type SqlRow = Readonly<Record<string, string | number | bigint | null>>;

/** Whose database, and how long each request to it may take (default 5 s). */
export type SqliteOptions = DatabaseOptions;

export {
  migrate,
  type Migration,
  MigrationError,
  type MigrationErrorCode,
  type MigrationResult,
} from "./sqlite-migrations.ts";

/** Where statements that write go: a database, or a `transaction` of it, which runs them at its end. */
export interface SqlWriter {
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<void>;
}

/** Options of one statement that writes. */
export interface SqlWriteOptions {
  /** What a `transaction` of this database has given to its body: then this is a statement of it. */
  readonly tx?: SqlWriter | undefined;
}

const SQLITE = `our@${SQLITE_PROCESS}`;
const failOf: DatabaseFail<SqliteErrorCode> = (db) => (code, detail, cause) =>
  new SqliteError(code, db, detail, cause);
const isTx = hasForm<{ tx_id: U64 }>({ tx_id: isU64 });
const isRows = isListOf(isRecord);

/** Sends one action. Rejects with a `SqliteError`, also when the answer is none to this action. */
function sqliteRequest(
  place: DatabasePlace,
  action: unknown,
  expected = "Ok",
  blob?: { readonly bytes: Uint8Array },
): Promise<ModuleAnswer> {
  return databaseRequest(SQLITE, place, action, expected, blob, WIRE_CODES, failOf);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of a blob that a row has as base64 text. @throws {TypeError} it is no base64 */
export function blobBytes(base64: string | number | bigint | null | undefined): Uint8Array {
  if (typeof base64 !== "string" || !BASE64.test(base64)) {
    throw new TypeError(`Cannot read ${typeof base64} as the base64 of a blob: pass a blob column`);
  }
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((base64.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < base64.length; i += 4) {
    let bits = 0;
    for (let j = 0; j < 4; j++) bits = (bits << 6) | Math.max(0, LETTERS.indexOf(base64[i + j]!));
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = bits >> shift;
  }
  return bytes;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    text += LETTERS[bits >> 18]! + LETTERS[(bits >> 12) & 63]!;
    text += i + 1 < bytes.length ? LETTERS[(bits >> 6) & 63]! : "=";
    text += i + 2 < bytes.length ? LETTERS[bits & 63]! : "=";
  }
  return text;
}

/** JSON of a parameter. Text that the database would take for base64 is tagged, so that it stays text. */
function parameterJson(value: SqlParameter): string {
  if (value instanceof Uint8Array) return JSON.stringify(toBase64(value));
  if (typeof value === "string") {
    const isMistakable = value.length % 4 === 0 && BASE64.test(value);
    return isMistakable ? JSON.stringify({ Text: value }) : JSON.stringify(value);
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TypeError(`Cannot bind ${value}: SQL parameters are finite numbers`);
  }
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

const encode = (parameters: readonly SqlParameter[]): Uint8Array =>
  encodeUtf8(`[${parameters.map(parameterJson).join(",")}]`);

/** An open database. */
export class Sqlite implements SqlWriter {
  readonly name: string;
  readonly #place: DatabasePlace;

  /** @internal Use `openSqlite`. */
  constructor(place: DatabasePlace) {
    this.name = place.db;
    this.#place = place;
  }

  /** Rows of one statement that reads; with a schema each row is checked. */
  query(sql: string, parameters?: readonly SqlParameter[]): Promise<SqlRow[]>;
  query<T>(sql: string, parameters: readonly SqlParameter[], schema: Schema<T>): Promise<T[]>;
  async query<T>(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    schema?: Schema<T>,
  ): Promise<SqlRow[] | T[]> {
    const rows = rowsOf(this.name, await this.#ask({ Query: sql }, parameters, "Read"));
    return schema === undefined ? rows : rows.map((row) => applySchema(schema, row));
  }

  /** The same as a template: `` db.sql`SELECT * FROM t WHERE id = ${id}` ``; what is inserted is bound, never pasted. */
  sql(texts: TemplateStringsArray, ...parameters: readonly SqlParameter[]): Promise<SqlRow[]> {
    return this.query(texts.join("?"), parameters);
  }

  /** Runs one statement that writes: the first, when the text has several. */
  async run(
    sql: string,
    parameters: readonly SqlParameter[] = [],
    { tx }: SqlWriteOptions = {},
  ): Promise<void> {
    await (tx === undefined ? this.#write(sql, parameters, null) : tx.run(sql, parameters));
  }

  /**
   * Collects statements and runs them all at once when `body` is done; when it throws or one of them fails, none, and this
   * rejects with that. What they write is not seen before. A process may have 64 open, with 32 MiB in them.
   */
  async transaction<T>(body: (tx: SqlWriter) => T | Promise<T>): Promise<T> {
    const begun = await this.#ask("BeginTx", [], "{BeginTx}");
    const { tx_id } = payloadOf(begun.value, "BeginTx", isTx, failOf(this.name));
    let result: T;
    try {
      result = await body({
        run: (sql, parameters = []) => this.#write(sql, parameters, tx_id),
      });
    } catch (thrown) {
      // A node that knows no rollback forgets the transaction with this process.
      await sqliteRequest(atEnd(this.#place), { Rollback: { tx_id } }).catch(() => undefined);
      throw thrown;
    }
    await this.#ask({ Commit: { tx_id } }, []);
    return result;
  }

  async #write(
    statement: string,
    parameters: readonly SqlParameter[],
    tx_id: U64 | null,
  ): Promise<void> {
    await this.#ask({ Write: { statement, tx_id } }, parameters);
  }

  #ask(
    action: unknown,
    parameters: readonly SqlParameter[],
    expected?: string,
  ): Promise<ModuleAnswer> {
    const blob = parameters.length === 0 ? undefined : { bytes: encode(parameters) };
    return sqliteRequest(this.#place, action, expected, blob);
  }
}

function rowsOf(db: string, answer: ModuleAnswer): SqlRow[] {
  const fail = failOf(db);
  const bytes = blobOf(answer, fail);
  let rows: unknown;
  try {
    rows = parseJsonBytes(bytes);
  } catch (thrown) {
    throw fail("UnexpectedAnswer", "the rows are not JSON", thrown);
  }
  if (isRows(rows)) return rows as SqlRow[];
  throw fail("UnexpectedAnswer", "the rows are no list of objects");
}

/**
 * Opens a database of our package, made when it is missing, and gives this process the right to use it.
 * A database of another package is not opened but used, by the capability we hold.
 */
export async function openSqlite(name: string, options: SqliteOptions = {}): Promise<Sqlite> {
  const place = placeOf(name, options);
  if (place.owner.equals(our().packageId())) {
    await sqliteRequest(place, "Open");
  }
  return new Sqlite(place);
}

/** Deletes a database of our package with everything in it. */
export async function removeSqlite(name: string, options: SqliteOptions = {}): Promise<void> {
  await sqliteRequest(placeOf(name, options), "RemoveDb");
}
