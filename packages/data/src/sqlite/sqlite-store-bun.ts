/**
 * SQL databases as SQLite files: `<folder>/<package>:<publisher>/<db>/<db>.db`, each with an engine of its own in the sandbox.
 * An acknowledged write survives the end of the program, however sudden; a loss of power may take the last ones with it
 * (docs/decisions/0001-store-durability.md weighs the same).
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Awaitable, type Clock, type DiskAccounts, errorText } from "@kinode-ts/types";
import { Closings } from "../closings.ts";
import { accountOf, DiskUse, FULL } from "../disk-use.ts";
import { DataError } from "../errors.ts";
import { folderBytes } from "../folder-bytes-bun.ts";
import { ioError, removeFolder } from "../remove-folder-bun.ts";
import type { DatabaseKey } from "../request.ts";
import { Deadlines } from "./deadlines.ts";
import { type EngineFiles, FILE, FLAG, type SqlEngine } from "./engine.ts";
import { openEngineFiles } from "./engine-files-bun.ts";
import { encodeParameters } from "./parameters.ts";
import { manyRowsToJson, rowsToJson } from "./rows.ts";
import type { SqlCaller, SqlDatabase, SqlStatement, SqlStore } from "./sqlite-store.ts";
import type { RunningCall } from "./engine-turns.ts";
import type { SqlEngines } from "./start-engine-bun.ts";
import { statementSets } from "./statement-sets.ts";

export interface SqliteFolderOptions {
  /** Made when missing; nothing outside it is touched. */
  readonly folder: string;
  readonly clock: Clock;
  readonly engines: SqlEngines;
  /** Default: nothing is counted. */
  readonly accounts?: DiskAccounts;
  /** How long one statement or one transaction may run, in milliseconds; then it fails with `interrupted`. Default 30 s. */
  readonly maxStatementMs?: number;
  /**
   * What an acknowledged write survives. `process` (default): every end of the program. `power`: also a loss of power, for which
   * each commit waits until the disk has it.
   */
  readonly survives?: "process" | "power";
}

const DEFAULT_STATEMENT_MS = 30_000;
const HOST = FLAG.ofHost | FLAG.wantsRows;
const NO_PARAMETERS = new Uint8Array(0);
/** Answers of more bytes are made into JSON over several turns. */
const MAX_BYTES_AT_ONCE = 64 * 1024;
/** SQLite looks at the deadline between its own steps; one that takes this much longer, in milliseconds, ends with its engine. */
const OVERDUE_MS = 1_000;
/** SQLite's own bound: no limit. */
const MAX_PAGES = 0xfffffffe;
const VACUUMS = /^\s*vacuum\b/i;
/** An engine that has grown beyond this is closed after the statement, and with it its memory given back. */
const KEPT_MEMORY_BYTES = 32 * 1024 * 1024;
/** What SQLite says of a statement that it stopped. */
const INTERRUPTED = "interrupted";
/** Folds the log into the database, and gives back its room. */
const EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)";
const decoder = new TextDecoder();

function engineError(text: string, cause?: unknown): DataError {
  return new DataError({ code: "data.engine", text }, { cause });
}

/** @throws {DataError} the engine answered with an error */
function checked(reply: Uint8Array): Uint8Array {
  if (reply[0] === 0) return reply;
  throw engineError(decoder.decode(reply.subarray(1)));
}

const never = (): boolean => false;

/** What all databases of a folder share. */
interface Shared extends SqliteFolderOptions {
  readonly closings: Closings;
  readonly deadlines: Deadlines;
}

/** An engine with the files it works on. */
interface Running {
  readonly engine: SqlEngine;
  readonly files: EngineFiles;
  readonly use: DiskUse;
  /** Pages that the database may have, as the engine was told. */
  maxPages: number;
  /** Bytes of a page, once they are known. */
  pageBytes: number | undefined;
}

class EngineDatabase implements SqlDatabase, RunningCall {
  readonly #key: DatabaseKey;
  readonly #folder: string;
  readonly #shared: Shared;
  readonly #before: Promise<void> | undefined;
  #running: Running | undefined;
  /** Everything asked for so far; statements run one after the other. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closed = false;
  #shouldStop: () => boolean = never;
  /** When the statement under way was first found to be late. */
  #lateMs: number | undefined;

  constructor(key: DatabaseKey, folder: string, shared: Shared) {
    this.#key = key;
    this.#folder = folder;
    this.#shared = shared;
    this.#before = shared.closings.before(key.text);
  }

  get busy(): boolean {
    return this.#waiting > 0;
  }

  idle(): Promise<void> {
    return this.#last;
  }

  ready(caller: SqlCaller): Awaitable<void> {
    // Not behind a long statement.
    if (this.#running !== undefined) return;
    return this.#inTurn(caller, async () => {});
  }

  query(
    { sql, parameters }: SqlStatement,
    mayWrite: boolean,
    caller: SqlCaller,
  ): Promise<Uint8Array> {
    const flags = FLAG.wantsRows | (mayWrite ? FLAG.mayWrite : 0);
    return this.#inTurn(caller, async (running) => {
      const limited = mayWrite ? this.#limitPages(running) : undefined;
      if (limited !== undefined) await limited;
      const bytes = encodeParameters(parameters);
      const reply = await this.#call(running, () => running.engine.execute(flags, sql, bytes));
      if (reply.length <= MAX_BYTES_AT_ONCE) return rowsToJson(reply);
      return await manyRowsToJson(reply, () => this.#shared.engines.turns.begin());
    });
  }

  write({ sql, parameters }: SqlStatement, caller: SqlCaller): Promise<void> {
    const bytes = encodeParameters(parameters);
    return this.#inTurn(caller, (running) =>
      this.#withRoom(running, async () => {
        await this.#call(running, () => running.engine.execute(FLAG.mayWrite, sql, bytes));
        if (VACUUMS.test(sql)) await this.#host(running, EMPTY_LOG);
      }),
    );
  }

  apply(statements: readonly SqlStatement[], caller: SqlCaller): Promise<void> {
    return this.#inTurn(caller, (running) =>
      this.#withRoom(running, () => this.#transaction(running, statements)),
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#shared.closings.track(this.#key.text, this.#close());
  }

  async #close(): Promise<void> {
    await this.#last;
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    this.#shouldStop = never;
    await running.engine.close().catch(() => undefined);
    await running.files.close();
  }

  async #transaction(running: Running, statements: readonly SqlStatement[]): Promise<void> {
    const { engine } = running;
    await this.#host(running, "BEGIN IMMEDIATE");
    try {
      for (const { sql, sets } of statementSets(statements)) {
        // oxlint-disable-next-line no-await-in-loop -- in their order
        await this.#call(running, () => engine.executeEach(FLAG.mayWrite, sql, sets));
      }
      await this.#host(running, "COMMIT");
    } catch (thrown) {
      this.#shouldStop = never;
      // An interrupted statement may have ended the transaction already.
      await this.#host(running, "ROLLBACK").catch(() => undefined);
      throw thrown;
    }
  }

  /** The log may be what fills the account: when a write is refused it is emptied, and the write tried once more. */
  async #withRoom(running: Running, work: () => Promise<void>): Promise<void> {
    const { files, use } = running;
    const limited = this.#limitPages(running);
    if (limited !== undefined) await limited;
    try {
      return await work();
    } catch (thrown) {
      const before = use.bytes;
      if (!files.wasRefused || this.#running !== running) throw thrown;
      await this.#host(running, EMPTY_LOG).catch(() => undefined);
      if (use.bytes >= before) throw thrown;
    }
    files.wasRefused = false;
    await work();
  }

  /** Of the pages a package's limit leaves to this database. The log does not count: it is folded into them. */
  #limitPages(running: Running): Awaitable<void> {
    const room = running.use.roomBytes;
    if (room !== Infinity || running.maxPages !== MAX_PAGES) return this.#setPages(running, room);
  }

  async #setPages(running: Running, room: number): Promise<void> {
    const { files } = running;
    running.pageBytes ??= await this.#pageBytes(running);
    const bytes = Math.max(0, files.size(FILE.database) + room + files.size(FILE.log));
    const pages = Math.min(MAX_PAGES, Math.floor(bytes / running.pageBytes));
    if (pages === running.maxPages) return;
    running.maxPages = pages;
    await this.#host(running, `PRAGMA max_page_count = ${Math.max(1, pages)}`);
  }

  async #pageBytes(running: Running): Promise<number> {
    const rows = rowsToJson(await this.#host(running, "PRAGMA page_size"));
    const [row] = JSON.parse(decoder.decode(rows)) as [{ page_size: number }];
    return row.page_size;
  }

  /** Runs work when everything asked for before is done. */
  #inTurn<T>(caller: SqlCaller, work: (running: Running) => Promise<T>): Promise<T> {
    if (this.#closed) throw new DataError({ code: "data.no-db", key: this.#key });
    const run = (): Promise<T> => this.#run(caller, work);
    const done = this.#waiting++ === 0 ? run() : this.#last.then(run);
    const settle = (): void => void this.#waiting--;
    this.#last = done.then(settle, settle);
    return done;
  }

  async #run<T>(caller: SqlCaller, work: (running: Running) => Promise<T>): Promise<T> {
    this.#shouldStop = never;
    this.#lateMs = undefined;
    const running = this.#running ?? (await this.#start());
    const { files } = running;
    this.#shouldStop = this.#shared.deadlines.begin(caller);
    files.wasRefused = false;
    try {
      return await work(running);
    } catch (thrown) {
      throw await this.#explained(running, thrown);
    } finally {
      if (running.engine.memoryBytes() > KEPT_MEMORY_BYTES) await this.#stop();
    }
  }

  endIfOverdue(): void {
    if (!this.#shouldStop()) return;
    const nowMs = this.#shared.clock.monotonicMs();
    this.#lateMs ??= nowMs;
    if (nowMs - this.#lateMs > OVERDUE_MS) this.#running?.engine.kill();
  }

  /** Says who is full when it is the account, not the disk; and lets the log not stand in others' way. */
  async #explained(running: Running, thrown: unknown): Promise<unknown> {
    const { files, use } = running;
    const isFull = files.wasRefused || (thrown instanceof Error && thrown.message === FULL);
    if (!isFull || use.roomBytes === Infinity) return thrown;
    await this.#host(running, EMPTY_LOG).catch(() => undefined);
    return use.full();
  }

  async #start(): Promise<Running> {
    const { accounts, engines } = this.#shared;
    await this.#before;
    const account = await accountOf(accounts, this.#key.packageId);
    const use = new DiskUse(this.#key.packageId, account, folderBytes(this.#folder));
    try {
      mkdirSync(this.#folder, { recursive: true });
    } catch (thrown) {
      throw ioError(thrown);
    }
    const files = openEngineFiles(this.#folder, this.#key.name, use);
    let engine: SqlEngine | undefined;
    try {
      engine = await engines.start(files, () => this.#shouldStop());
      const running: Running = { engine, files, use, maxPages: MAX_PAGES, pageBytes: undefined };
      await this.#call(running, () => running.engine.open());
      if (this.#shared.survives === "power") await this.#host(running, "PRAGMA synchronous = FULL");
      return (this.#running = running);
    } catch (thrown) {
      await engine?.close().catch(() => undefined);
      await files.close();
      throw thrown instanceof DataError ? thrown : engineError(errorText(thrown), thrown);
    }
  }

  #host(running: Running, sql: string): Promise<Uint8Array> {
    return this.#call(running, () => running.engine.execute(HOST, sql, NO_PARAMETERS));
  }

  /** One call of the engine, when it is its turn. */
  async #call(running: Running, act: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const { turns } = this.#shared.engines;
    const turn: Awaitable<void> = turns.begin();
    if (turn !== undefined) await turn;
    let reply: Uint8Array;
    turns.entered(this);
    try {
      reply = await act();
    } catch (thrown) {
      // The engine itself ended: the next statement starts a fresh one on the files as they are.
      if (this.#running === running) {
        this.#running = undefined;
        await running.files.close();
      }
      const why =
        this.#lateMs === undefined ? `the engine ended: ${errorText(thrown)}` : INTERRUPTED;
      throw engineError(why, thrown);
    } finally {
      turns.left(this);
      turns.end();
    }
    return checked(reply);
  }
}

export function openSqliteFolder(options: SqliteFolderOptions): SqlStore {
  const folderOf = (key: DatabaseKey): string => join(options.folder, key.packageId, key.name);
  const closings = new Closings();
  const maxMs = options.maxStatementMs ?? DEFAULT_STATEMENT_MS;
  const shared = { ...options, closings, deadlines: new Deadlines(options.clock, maxMs) };
  return {
    open: (key) => new EngineDatabase(key, folderOf(key), shared),
    giveWay: () => shared.engines.turns.begin(),
    remove(key) {
      const before = closings.before(key.text);
      const removed = async (): Promise<void> => {
        await before;
        await removeFolder(folderOf(key), key.packageId, options.accounts);
      };
      return closings.track(key.text, removed());
    },
  };
}
