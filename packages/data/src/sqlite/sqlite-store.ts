/**
 * What the SQL module needs of its engine. One database runs one statement at a time; it may be slow, so everything is
 * awaited.
 * @module
 */
import type { DatabaseKey } from "../request.ts";
import type { SqlValue } from "./parameters.ts";

export interface SqlStatement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** One open database. Failures are `DataError`s with `data.engine`. */
export interface SqlDatabase {
  /** Whether a statement runs or waits. */
  readonly busy: boolean;
  /** Rows as the JSON of an answer. @param mayWrite - else everything but reading is refused */
  query(statement: SqlStatement, mayWrite: boolean): Promise<Uint8Array>;
  write(statement: SqlStatement): Promise<void>;
  /** All statements in their order, or none. */
  apply(statements: readonly SqlStatement[]): Promise<void>;
  /** Waits for what runs. */
  close(): Promise<void>;
}

export interface SqlStore {
  /** Opens a database, made when it is missing. */
  open(key: DatabaseKey): SqlDatabase;
  /** Deletes the files of a database that is not open. @throws {DataError} `data.io`, also when there are none */
  remove(key: DatabaseKey): void;
}
