/**
 * The actions of the SQL module, read and carried out.
 * Source: spec/runtime-modules.md §4.1–4.5. Beyond it: `Rollback`.
 * @module
 */
import { encodeJson } from "@kinode-ts/codec/module-json";
import { andThen, type Awaitable } from "@kinode-ts/types";
import { type DataAction, type DataReply, OK } from "../database-module.ts";
import { DataError } from "../errors.ts";
import type { OpenDatabases } from "../open-databases.ts";
import { assertUnit, fieldsOf, idOf, malformed, optional } from "../read-fields.ts";
import type { DataRequest } from "../request.ts";
import type { Transactions } from "../transactions.ts";
import { assertRead, assertWrite } from "./keyword-gate.ts";
import { SqlText, type SqlValue } from "./parameters.ts";
import { readParameters } from "./read-parameters.ts";
import type { SqlDatabase, SqlStatement } from "./sqlite-store.ts";

/** What actions work on. */
export interface SqlParts {
  readonly databases: OpenDatabases<SqlDatabase>;
  readonly transactions: Transactions<SqlStatement>;
  /** `SqlStore.giveWay`. */
  readonly giveWay: () => Awaitable<void>;
}

type ReadAction = (parts: SqlParts, value: unknown) => DataAction;

const MIME = "application/octet-stream";
const READ = encodeJson("Read");

/** Of a statement: its text is read in one step. */
const MAX_SQL_CHARACTERS = 1024 * 1024;

const textOf = (json: unknown): string => {
  if (typeof json !== "string") throw malformed();
  if (json.length <= MAX_SQL_CHARACTERS) return json;
  const text = `a statement of ${json.length} characters is longer than ${MAX_SQL_CHARACTERS}; pass large values as parameters`;
  throw new DataError({ code: "data.engine", text });
};

const readQuery: ReadAction = ({ databases, giveWay }, value) => {
  const sql = textOf(value);
  return {
    needs: "read",
    async perform({ key, blob, may, caller }) {
      const database = databases.use(key);
      assertRead(sql);
      const read = readParameters(blob?.bytes, giveWay);
      // Not a turn more for a small one.
      const parameters = read instanceof Promise ? await read : read;
      const rows = await database.query({ sql, parameters }, may("write"), caller);
      return { body: READ, blob: { mime: MIME, bytes: rows } };
    },
  };
};

const sizeOf = (value: SqlValue): number => {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  return value instanceof SqlText ? value.bytes.length : 8;
};

const readWrite: ReadAction = ({ databases, transactions, giveWay }, value) => {
  const { statement, tx_id } = fieldsOf(value);
  const sql = textOf(statement);
  const id = optional(tx_id, idOf);
  return {
    needs: "write",
    perform({ process, key, blob, caller }) {
      const database = databases.use(key);
      assertWrite(sql);
      const write = (parameters: readonly SqlValue[]): Awaitable<DataReply> => {
        if (id === undefined) return database.write({ sql, parameters }, caller).then(() => OK);
        const bytes = parameters.reduce<number>((sum, each) => sum + sizeOf(each), sql.length);
        transactions.add(process, key, id, { sql, parameters }, bytes);
        return OK;
      };
      return andThen(readParameters(blob?.bytes, giveWay), write);
    },
  };
};

const readBegin: ReadAction = ({ databases, transactions }, value) => {
  assertUnit(value);
  return {
    needs: "write",
    perform({ process, key, caller }) {
      databases.use(key);
      return { body: encodeJson({ BeginTx: { tx_id: transactions.begin(process, key, caller) } }) };
    },
  };
};

const readCommit: ReadAction = ({ databases, transactions }, value) => {
  const id = idOf(fieldsOf(value)["tx_id"]);
  return {
    needs: "write",
    async perform({ process, key, caller }) {
      const database = databases.use(key);
      await database.apply(transactions.take(process, key, id), caller);
      return OK;
    },
  };
};

const readRollback: ReadAction = ({ transactions }, value) => {
  const id = idOf(fieldsOf(value)["tx_id"]);
  return {
    needs: "write",
    perform({ process, key }) {
      transactions.take(process, key, id);
      return OK;
    },
  };
};

const ACTIONS: ReadonlyMap<string, ReadAction> = new Map([
  ["Query", readQuery],
  ["Write", readWrite],
  ["BeginTx", readBegin],
  ["Commit", readCommit],
  ["Rollback", readRollback],
]);

/** Reads an action other than `Open` and `RemoveDb`. @throws {DataError} `data.malformed-request` */
export function readSqlAction(parts: SqlParts, { action, value }: DataRequest): DataAction {
  const read = ACTIONS.get(action);
  if (read === undefined) throw malformed();
  return read(parts, value);
}
