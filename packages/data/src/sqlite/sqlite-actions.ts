/**
 * The actions of the SQL module, read and carried out.
 * Source: spec/runtime-modules.md §4.1–4.5. Beyond it: `Rollback`.
 * @module
 */
import { encodeJson } from "@kinode-ts/codec/module-json";
import { type DataAction, OK } from "../database-module.ts";
import type { OpenDatabases } from "../open-databases.ts";
import { fieldsOf, idOf, malformed, optional } from "../read-fields.ts";
import type { DataRequest } from "../request.ts";
import type { Transactions } from "../transactions.ts";
import { assertRead, assertWrite } from "./keyword-gate.ts";
import { readParameters, type SqlValue } from "./parameters.ts";
import type { SqlDatabase, SqlStatement } from "./sqlite-store.ts";

/** What actions work on. */
export interface SqlParts {
  readonly databases: OpenDatabases<SqlDatabase>;
  readonly transactions: Transactions<SqlStatement>;
}

type ReadAction = (parts: SqlParts, value: unknown) => DataAction;

const MIME = "application/octet-stream";
const READ = encodeJson("Read");

const textOf = (json: unknown): string => {
  if (typeof json !== "string") throw malformed();
  return json;
};

const readQuery: ReadAction = ({ databases }, value) => {
  const sql = textOf(value);
  return {
    needs: "read",
    async perform({ key, blob, may, caller }) {
      const database = databases.use(key);
      assertRead(sql);
      const parameters = readParameters(blob?.bytes);
      const rows = await database.query({ sql, parameters }, may("write"), caller);
      return { body: READ, blob: { mime: MIME, bytes: rows } };
    },
  };
};

const sizeOf = (value: SqlValue): number =>
  typeof value === "string" || value instanceof Uint8Array ? value.length : 8;

const readWrite: ReadAction = ({ databases, transactions }, value) => {
  const { statement, tx_id } = fieldsOf(value);
  const sql = textOf(statement);
  const id = optional(tx_id, idOf);
  return {
    needs: "write",
    perform({ process, key, blob, caller }) {
      const database = databases.use(key);
      assertWrite(sql);
      const write = { sql, parameters: readParameters(blob?.bytes) };
      if (id === undefined) return database.write(write, caller).then(() => OK);
      const bytes = write.parameters.reduce<number>((sum, each) => sum + sizeOf(each), sql.length);
      transactions.add(process, key, id, write, bytes);
      return OK;
    },
  };
};

const readBegin: ReadAction = ({ databases, transactions }) => ({
  needs: "write",
  perform({ process, key }) {
    databases.use(key);
    return { body: encodeJson({ BeginTx: { tx_id: transactions.begin(process, key) } }) };
  },
});

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
