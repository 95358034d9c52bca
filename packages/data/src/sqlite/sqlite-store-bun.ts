/**
 * SQL databases as SQLite files: `<folder>/<package>:<publisher>/<db>/<db>.db`, each with an engine of its own in the sandbox.
 * An acknowledged write survives the end of the program, however sudden; a loss of power may take the last ones with it
 * (docs/decisions/0001-store-durability.md weighs the same).
 * @module
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorText } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import type { DatabaseKey } from "../request.ts";
import { FLAG, type SqlEngine, type StartEngine } from "./engine.ts";
import { openEngineFiles } from "./engine-files-bun.ts";
import { encodeParameters } from "./parameters.ts";
import { rowsToJson } from "./rows.ts";
import type { SqlDatabase, SqlStatement, SqlStore } from "./sqlite-store.ts";

export interface SqliteFolderOptions {
  /** Made when missing; nothing outside it is touched. */
  readonly folder: string;
  readonly startEngine: StartEngine;
  readonly clock: Clock;
  /** How long one statement may run, in milliseconds; then it fails with `interrupted`. Default 30 s. */
  readonly maxStatementMs?: number;
}

const DEFAULT_STATEMENT_MS = 30_000;
const NO_PARAMETERS = new Uint8Array(0);
const decoder = new TextDecoder();

function engineError(text: string, cause?: unknown): DataError {
  return new DataError({ code: "data.engine", text }, { cause });
}

function ioError(thrown: unknown): DataError {
  const code = (thrown as NodeJS.ErrnoException).code ?? "EIO";
  const text = `the operating system says ${code}`;
  return new DataError({ code: "data.io", text }, { cause: thrown });
}

/** @throws {DataError} the engine answered with an error */
function checked(reply: Uint8Array): Uint8Array {
  if (reply[0] === 0) return reply;
  throw engineError(decoder.decode(reply.subarray(1)));
}

class EngineDatabase implements SqlDatabase {
  readonly #clock: Clock;
  readonly #maxStatementMs: number;
  readonly #start: () => Promise<SqlEngine>;
  readonly #release: () => void;
  #engine: SqlEngine | undefined;
  /** Everything asked for so far; statements run one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #deadlineMs = Infinity;

  constructor(
    options: SqliteFolderOptions,
    start: (shouldStop: () => boolean) => Promise<SqlEngine>,
    release: () => void,
  ) {
    this.#clock = options.clock;
    this.#maxStatementMs = options.maxStatementMs ?? DEFAULT_STATEMENT_MS;
    this.#start = () => start(() => this.#clock.monotonicMs() > this.#deadlineMs);
    this.#release = release;
  }

  get busy(): boolean {
    return this.#waiting > 0;
  }

  query({ sql, parameters }: SqlStatement, mayWrite: boolean): Promise<Uint8Array> {
    const flags = FLAG.wantsRows | (mayWrite ? FLAG.mayWrite : 0);
    return this.#inTurn(async (engine) =>
      rowsToJson(await this.#execute(engine, flags, sql, encodeParameters(parameters))),
    );
  }

  write({ sql, parameters }: SqlStatement): Promise<void> {
    return this.#inTurn(async (engine) => {
      await this.#execute(engine, FLAG.mayWrite, sql, encodeParameters(parameters));
    });
  }

  apply(statements: readonly SqlStatement[]): Promise<void> {
    return this.#inTurn(async (engine) => {
      const host = (sql: string) => this.#execute(engine, FLAG.ofHost, sql, NO_PARAMETERS);
      await host("BEGIN IMMEDIATE");
      try {
        for (const { sql, parameters } of statements) {
          // oxlint-disable-next-line no-await-in-loop -- in their order
          await this.#execute(engine, FLAG.mayWrite, sql, encodeParameters(parameters));
        }
        await host("COMMIT");
      } catch (thrown) {
        // An interrupted statement may have ended the transaction already.
        await host("ROLLBACK").catch(() => undefined);
        throw thrown;
      }
    });
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#engine?.close().catch(() => undefined);
    this.#engine = undefined;
    this.#release();
  }

  #inTurn<T>(work: (engine: SqlEngine) => Promise<T>): Promise<T> {
    this.#waiting++;
    const done = this.#last.then(async () => work(await this.#ready()));
    this.#last = done.then(
      () => void this.#waiting--,
      () => void this.#waiting--,
    );
    return done;
  }

  async #ready(): Promise<SqlEngine> {
    if (this.#engine !== undefined) return this.#engine;
    const engine = await this.#start();
    checked(await engine.open());
    return (this.#engine = engine);
  }

  async #execute(
    engine: SqlEngine,
    flags: number,
    sql: string,
    parameters: Uint8Array,
  ): Promise<Uint8Array> {
    this.#deadlineMs = this.#clock.monotonicMs() + this.#maxStatementMs;
    let reply: Uint8Array;
    try {
      reply = await engine.execute(flags, sql, parameters);
    } catch (thrown) {
      // The engine itself ended: the next statement starts a fresh one on the files as they are.
      this.#engine = undefined;
      throw engineError(`the engine ended: ${errorText(thrown)}`, thrown);
    }
    return checked(reply);
  }
}

export function openSqliteFolder(options: SqliteFolderOptions): SqlStore {
  const { folder, startEngine } = options;
  const folderOf = (key: DatabaseKey): string => join(folder, key.packageId, key.name);
  /** Databases that are being closed: two engines on the same files would destroy them. */
  const closing = new Map<string, Promise<void>>();

  return {
    open(key) {
      const path = folderOf(key);
      try {
        mkdirSync(path, { recursive: true });
      } catch (thrown) {
        throw ioError(thrown);
      }
      const before = closing.get(key.text);
      const closed = Promise.withResolvers<void>();
      let files: ReturnType<typeof openEngineFiles> | undefined;
      closing.set(key.text, closed.promise);
      return new EngineDatabase(
        options,
        async (shouldStop) => {
          await before;
          files?.close();
          files = openEngineFiles(path, key.name);
          return await startEngine(files, shouldStop);
        },
        () => {
          files?.close();
          closed.resolve();
          if (closing.get(key.text) === closed.promise) closing.delete(key.text);
        },
      );
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
