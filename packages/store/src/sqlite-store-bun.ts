/**
 * The store in one SQLite file. Layout: `schema-bun.ts`. Durability: docs/decisions/0001-store-durability.md.
 * @module
 */
import { Database, type Statement } from "bun:sqlite";
import {
  errorText,
  type HeldCapability,
  type OnExit,
  type ProcessId,
  type ProcessRecord,
  type Store,
  type StoreChange,
  type StoreRow,
} from "@kinode-ts/types";
import { Packr } from "msgpackr";
import { refuseChange, StoreError } from "./errors.ts";
import { Gate } from "./gate.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema-bun.ts";

export interface SqliteStoreOptions {
  /** File of the database; made when missing, its folder must exist. */
  readonly path: string;
  /**
   * What an acknowledged commit survives: `process`, the end of this program however sudden (default);
   * `power`, also a loss of power, at the cost of one flush of the disk per commit.
   */
  readonly survives?: "process" | "power";
}

// Plain MessagePack: no records of its own, so that any reader understands the column.
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "bigint" });
// u64 timeouts above 2^32 would become floats as numbers.
const packOnExit = (onExit: OnExit): Uint8Array => packr.pack(onExit);

/** The library hands out byte fields as views of its input in a host class; records carry plain arrays. */
function unpackOnExit(bytes: Uint8Array): OnExit {
  const onExit = packr.unpack(bytes) as OnExit;
  if (onExit.kind !== "requests") return onExit;
  const plain = (field: Uint8Array) => new Uint8Array(field);
  return {
    kind: "requests",
    requests: onExit.requests.map(({ target, request, blob }) => ({
      target,
      request: { ...request, body: plain(request.body) },
      blob: blob && { mime: blob.mime, bytes: plain(blob.bytes) },
    })),
  };
}

/**
 * Opens the file for this program alone, bringing an older layout up to date.
 * @throws {StoreError} `store.in-use`, `store.newer-schema`, `store.unreadable`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path } = options;
  let database: Database | undefined;
  try {
    database = new Database(path, { create: true, strict: true });
    prepareFile(database, options);
    const found = schemaVersion(database);
    if (found > SCHEMA_VERSION) {
      throw new StoreError({ code: "store.newer-schema", path, found, supported: SCHEMA_VERSION });
    }
    if (found < SCHEMA_VERSION) migrate(database, found);
    return createStore(database);
  } catch (thrown) {
    database?.close();
    if (thrown instanceof StoreError) throw thrown;
    const why = errorText(thrown);
    throw /locked|busy/i.test(why)
      ? new StoreError({ code: "store.in-use", path }, thrown)
      : new StoreError({ code: "store.unreadable", path, why }, thrown);
  }
}

function prepareFile(database: Database, options: SqliteStoreOptions): void {
  // The exclusive lock is taken by the first read and kept: one home, one node. A dead program's lock is gone with it.
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${options.survives === "power" ? "FULL" : "NORMAL"}`);
  database.run("PRAGMA foreign_keys = OFF");
  database.run("BEGIN IMMEDIATE");
  database.run("COMMIT");
}

interface ProcessRow {
  id: string;
  handle: string;
  wit_version: number | null;
  on_exit: Uint8Array;
  public: number;
}
interface CapabilityRow {
  holder: string;
  key: string;
  issuer_node: string;
  issuer_process: string;
  params: string;
  signature: Uint8Array;
}

const toRecord = (row: ProcessRow): ProcessRecord => ({
  id: row.id as ProcessId,
  wasmBytesHandle: row.handle,
  witVersion: row.wit_version ?? undefined,
  onExit: unpackOnExit(row.on_exit),
  public: row.public !== 0,
});
const toCapability = (row: CapabilityRow): HeldCapability => ({
  holder: row.holder as ProcessId,
  key: row.key,
  issuer: { node: row.issuer_node, process: row.issuer_process as ProcessId },
  params: row.params,
  signature: new Uint8Array(row.signature),
});

/** Prepared statements of one database. An unfinished statement would keep the file locked after closing. */
interface Statements extends Disposable {
  prepare(sql: string): Statement;
}

function createStatements(database: Database): Statements {
  const prepared: Statement[] = [];
  return {
    prepare(sql) {
      const statement = database.prepare(sql);
      prepared.push(statement);
      return statement;
    },
    [Symbol.dispose]() {
      for (const statement of prepared) statement.finalize();
    },
  };
}

function createStore(database: Database): Store {
  const statements = createStatements(database);
  const read = createRead(statements);
  const apply = createApply(statements);
  const begin = statements.prepare("BEGIN IMMEDIATE");
  const commit = statements.prepare("COMMIT");
  const rollback = statements.prepare("ROLLBACK");
  const gate = new Gate();
  const guarded = <T>(work: () => T): Promise<T> => gate.pass(work);
  const commitAll = (changes: readonly StoreChange[]): void => {
    begin.run();
    try {
      for (const change of changes) apply(change);
      commit.run();
    } catch (thrown) {
      rollback.run();
      if (thrown instanceof StoreError) throw thrown;
      throw new StoreError({ code: "store.commit-failed", why: errorText(thrown) }, thrown);
    }
  };
  return {
    processes: () => guarded(read.processes),
    capabilities: () => guarded(read.capabilities),
    state: (process) => guarded(() => read.state(process)),
    stateIds: () => guarded(read.stateIds),
    records: (space) => guarded(() => read.records(space)),
    record: (space, key) => guarded(() => read.record(space, key)),
    commit: (changes) => guarded(() => commitAll(changes)),
    backup: (destination) => guarded(() => copyInto(database, destination)),
    [Symbol.asyncDispose]() {
      if (gate.close()) {
        statements[Symbol.dispose]();
        database.close();
      }
      return Promise.resolve();
    },
  };
}

/** SQLite's own consistent copy; refuses a file that is there already. */
function copyInto(database: Database, destination: string): void {
  try {
    database.run("VACUUM INTO ?", [destination]);
  } catch (thrown) {
    const why = errorText(thrown);
    throw new StoreError({ code: "store.backup-failed", destination, why }, thrown);
  }
}

function createRead({ prepare }: Statements) {
  const processes = prepare("SELECT * FROM process");
  const capabilities = prepare("SELECT * FROM capability");
  const state = prepare("SELECT bytes FROM state WHERE process = ?");
  const stateIds = prepare("SELECT process FROM state");
  const records = prepare("SELECT key, value FROM record WHERE space = ? ORDER BY key");
  const record = prepare("SELECT value FROM record WHERE space = ? AND key = ?");
  return {
    processes: () => (processes.all() as ProcessRow[]).map(toRecord),
    capabilities: () => (capabilities.all() as CapabilityRow[]).map(toCapability),
    state(process: ProcessId): Uint8Array | undefined {
      const row = state.get(process) as { bytes: Uint8Array } | null;
      return row === null ? undefined : new Uint8Array(row.bytes);
    },
    stateIds: () => (stateIds.all() as { process: ProcessId }[]).map((row) => row.process),
    records: (space: string) => records.all(space) as StoreRow[],
    record: (space: string, key: string) =>
      (record.get(space, key) as { value: string } | null)?.value,
  };
}

/** One prepared statement per kind of change. */
function createApply({ prepare }: Statements): (change: StoreChange) => void {
  const putProcess = prepare("INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?)");
  const deleteProcess = prepare("DELETE FROM process WHERE id = ?");
  const deleteHeld = prepare("DELETE FROM capability WHERE holder = ?");
  const putCapability = prepare("INSERT OR REPLACE INTO capability VALUES (?, ?, ?, ?, ?, ?)");
  const deleteCapability = prepare("DELETE FROM capability WHERE holder = ? AND key = ?");
  const putState = prepare(
    "INSERT INTO state VALUES (?, ?) ON CONFLICT (process) DO UPDATE SET bytes = excluded.bytes",
  );
  const deleteState = prepare("DELETE FROM state WHERE process = ?");
  const putRecord = prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?)");
  const deleteRecord = prepare("DELETE FROM record WHERE space = ? AND key = ?");

  return (change) => {
    switch (change.kind) {
      case "put-process": {
        const { id, wasmBytesHandle, witVersion, onExit } = change.record;
        const open = change.record.public ? 1 : 0;
        putProcess.run(id, wasmBytesHandle, witVersion ?? null, packOnExit(onExit), open);
        return;
      }
      case "delete-process":
        deleteProcess.run(change.id);
        deleteHeld.run(change.id);
        return;
      case "put-capability": {
        const { holder, key, issuer, params, signature } = change.capability;
        putCapability.run(holder, key, issuer.node, issuer.process, params, signature);
        return;
      }
      case "delete-capability":
        deleteCapability.run(change.holder, change.key);
        return;
      case "put-state":
        putState.run(change.process, change.bytes);
        return;
      case "delete-state":
        deleteState.run(change.process);
        return;
      case "put-record":
        putRecord.run(change.space, change.key, change.value);
        return;
      case "delete-record":
        deleteRecord.run(change.space, change.key);
        return;
      default:
        refuseChange(change);
    }
  };
}
