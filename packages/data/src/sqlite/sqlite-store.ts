/**
 * What the SQL module needs of its engine. One database runs one statement at a time; it may be slow, so everything is
 * awaited.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import type { DatabaseKey } from "../request.ts";
import type { SqlValue } from "./parameters.ts";

export interface SqlStatement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** For whom something is run. When it has ended, what still runs for it has a few seconds together. */
export interface SqlCaller {
  readonly ended: boolean;
}

/** One open database. Failures are `DataError`s with `data.engine`. */
export interface SqlDatabase {
  /** Whether a statement runs or waits. */
  readonly busy: boolean;
  /** Settles when everything asked for so far is done, however it went. */
  idle(): Promise<void>;
  /** Settles when the database can be used: it is there, and what is in its file is one. */
  ready(caller: SqlCaller): Awaitable<void>;
  /** Rows as the JSON of an answer. @param mayWrite - else everything but reading is refused */
  query(statement: SqlStatement, mayWrite: boolean, caller: SqlCaller): Promise<Uint8Array>;
  write(statement: SqlStatement, caller: SqlCaller): Promise<void>;
  /** All statements in their order, or none. */
  apply(statements: readonly SqlStatement[], caller: SqlCaller): Promise<void>;
  /** Waits for what runs. */
  close(): Promise<void>;
}

export interface SqlStore {
  /** Opens a database, made when it is missing. */
  open(key: DatabaseKey): SqlDatabase;
  /** Settles when whoever does much for a request may go on; awaited between small steps. */
  giveWay(): Awaitable<void>;
  /** Deletes the files of a database that is not open. Rejects with `data.io`, also when there are none. */
  remove(key: DatabaseKey): Promise<void>;
}
