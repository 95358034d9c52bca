/**
 * The actions of the key-value module, read and carried out.
 * Source: spec/runtime-modules.md §3.1–3.3. Beyond it: `start`, `end` and `reverse` of an iterator, `format` of its pairs, `Rollback`.
 * @module
 */
import { encodeJson } from "@kinode-ts/codec/module-json";
import { andThen } from "@kinode-ts/types";
import { type DataAction, type DataCall, type DataReply, OK } from "../database-module.ts";
import { DataError } from "../errors.ts";
import type { DataLimits } from "../limits.ts";
import type { OpenDatabases } from "../open-databases.ts";
import {
  assertUnit,
  bytesOf,
  type Fields,
  fieldsOf,
  flagOf,
  idOf,
  malformed,
  optional,
} from "../read-fields.ts";
import type { DataRequest } from "../request.ts";
import type { Transactions } from "../transactions.ts";
import type { Iterators } from "./iterators.ts";
import { pairEncoder } from "./pairs.ts";
import type { KvChange, KvDatabase, KvRange } from "./kv-store.ts";

/** What actions work on. */
export interface KvParts {
  readonly databases: OpenDatabases<KvDatabase>;
  readonly transactions: Transactions<KvChange>;
  readonly iterators: Iterators;
  readonly limits: DataLimits;
}

const MIME = "application/octet-stream";

type ReadAction = (parts: KvParts, value: unknown) => DataAction;

/** Writes now, or later when a transaction is named. */
function change(
  { transactions, databases, limits }: KvParts,
  tx: unknown,
  make: (call: DataCall) => KvChange,
): DataAction {
  const id = optional(tx, idOf);
  return {
    needs: "write",
    perform(call) {
      const { process, key } = call;
      const made = make(call);
      assertFits("key", made.key, limits.maxKeyBytes);
      if (made.kind === "set") assertFits("value", made.value, limits.maxValueBytes);
      if (id !== undefined) {
        transactions.add(process, key, id, made, bytesIn(made));
        return OK;
      }
      const database = databases.use(key);
      return andThen(
        made.kind === "set" ? database.set(made.key, made.value) : database.delete(made.key),
        answerOk,
      );
    },
  };
}

const answerOk = (): DataReply => OK;

function assertFits(what: string, { length }: Uint8Array, bound: number): void {
  if (length <= bound) return;
  const text = `a ${what} of ${length} bytes is longer than ${bound}`;
  throw new DataError({ code: "data.engine", text });
}

const bytesIn = (made: KvChange): number =>
  made.key.length + (made.kind === "set" ? made.value.length : 0);

const readSet: ReadAction = (parts, value) => {
  const { key, tx_id } = fieldsOf(value);
  const bytes = bytesOf(key);
  return change(parts, tx_id, ({ blob }) => {
    if (blob === undefined) throw malformed();
    return { kind: "set", key: bytes, value: blob.bytes };
  });
};

const readDelete: ReadAction = (parts, value) => {
  const { key, tx_id } = fieldsOf(value);
  const bytes = bytesOf(key);
  return change(parts, tx_id, () => ({ kind: "delete", key: bytes }));
};

const readGet: ReadAction = ({ databases }, value) => {
  const bytes = bytesOf(value);
  return {
    needs: "read",
    perform({ key }) {
      return andThen(databases.use(key).get(bytes), (found) => {
        if (found === undefined) throw new DataError({ code: "data.key-not-found" });
        return { body: encodeJson({ Get: value }), blob: { mime: MIME, bytes: found } };
      });
    },
  };
};

const readBegin: ReadAction = ({ databases, transactions }, value) => {
  assertUnit(value);
  return {
    needs: "write",
    perform({ process, key, caller }) {
      return andThen(databases.use(key).ready(), () => ({
        body: encodeJson({ BeginTx: { tx_id: transactions.begin(process, key, caller) } }),
      }));
    },
  };
};

const readCommit: ReadAction = ({ databases, transactions }, value) => {
  const id = idOf(fieldsOf(value)["tx_id"]);
  return {
    needs: "write",
    perform({ process, key }) {
      return andThen(databases.use(key).apply(transactions.take(process, key, id)), answerOk);
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

const readIterStart: ReadAction = ({ iterators }, value) => {
  const { prefix, start, end, reverse } = optional(value, fieldsOf) ?? ({} as Fields);
  const range: KvRange = {
    prefix: optional(prefix, bytesOf),
    start: optional(start, bytesOf),
    end: optional(end, bytesOf),
    reverse: optional(reverse, flagOf),
  };
  return {
    needs: "read",
    perform: ({ process, key }) => ({
      body: encodeJson({ IterStart: { iterator_id: iterators.start(process, key, range) } }),
    }),
  };
};

const readIterNext: ReadAction = ({ databases, iterators }, value) => {
  const { iterator_id, count: wanted, format } = fieldsOf(value);
  const id = idOf(iterator_id);
  // Far beyond any batch it need not be exact.
  const count = Number(idOf(wanted));
  if (count < 1) throw malformed();
  const encode = pairEncoder(format);
  if (encode === undefined) throw malformed();
  return {
    needs: "read",
    perform({ process, key }) {
      const database = databases.use(key);
      return andThen(database.ready(), () => {
        const { pairs, done } = iterators.next(process, key, id, count, database);
        const blob = { mime: MIME, bytes: encode(pairs) };
        // Said only to who asked: others find the answer as it is written in the specification.
        const told = format === undefined || format === null ? { done } : { done, format };
        return { body: encodeJson({ IterNext: told }), blob };
      });
    },
  };
};

const readIterClose: ReadAction = ({ iterators }, value) => {
  const id = idOf(fieldsOf(value)["iterator_id"]);
  return {
    needs: "read",
    perform({ process }) {
      iterators.close(process, id);
      return OK;
    },
  };
};

const ACTIONS: ReadonlyMap<string, ReadAction> = new Map([
  ["Get", readGet],
  ["Set", readSet],
  ["Delete", readDelete],
  ["BeginTx", readBegin],
  ["Commit", readCommit],
  ["Rollback", readRollback],
  ["IterStart", readIterStart],
  ["IterNext", readIterNext],
  ["IterClose", readIterClose],
]);

/** Reads an action other than `Open` and `RemoveDb`. @throws {DataError} `data.malformed-request` */
export function readKvAction(parts: KvParts, { action, value }: DataRequest): DataAction {
  const read = ACTIONS.get(action);
  if (read === undefined) throw malformed();
  return read(parts, value);
}
