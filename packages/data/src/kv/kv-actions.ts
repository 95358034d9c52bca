/**
 * The actions of the key-value module, read and carried out.
 * Source: spec/runtime-modules.md §3.1–3.3. Beyond it: `start`, `end` and `reverse` of an iterator.
 * @module
 */
import { encodeJson } from "@kinode-ts/codec/module-json";
import type { LazyLoadBlob, ProcessId } from "@kinode-ts/types";
import { DataError } from "../errors.ts";
import type { DataLimits } from "../limits.ts";
import type { OpenDatabases } from "../open-databases.ts";
import { type DatabaseKey, type DataRequest, readBytes, readId } from "../request.ts";
import type { Right } from "../rights.ts";
import type { Iterators } from "./iterators.ts";
import type { KvChange, KvDatabase, KvPair, KvRange } from "./kv-store.ts";
import type { Transactions } from "./transactions.ts";

export interface KvReply {
  readonly body: Uint8Array;
  readonly blob?: LazyLoadBlob;
}

/** What an action works on. */
export interface KvCall {
  readonly process: ProcessId;
  readonly key: DatabaseKey;
  readonly blob: LazyLoadBlob | undefined;
  readonly databases: OpenDatabases<KvDatabase>;
  readonly transactions: Transactions;
  readonly iterators: Iterators;
  readonly limits: DataLimits;
}

export interface KvAction {
  readonly needs: Right;
  perform(call: KvCall): KvReply;
}

type Fields = Readonly<Record<string, unknown>>;

export const OK: KvReply = { body: encodeJson("Ok") };
const MIME = "application/octet-stream";

const malformed = (): DataError => new DataError({ code: "data.malformed-request" });

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed();
  return value as Fields;
}

function bytesOf(json: unknown): Uint8Array {
  const bytes = readBytes(json);
  if (bytes === undefined) throw malformed();
  return bytes;
}

const optionalBytes = (json: unknown): Uint8Array | undefined =>
  json === null || json === undefined ? undefined : bytesOf(json);

function idOf(json: unknown): number | bigint {
  const id = readId(json);
  if (id === undefined) throw malformed();
  return id;
}

/** Writes now, or later when a transaction is named. */
function change(tx: unknown, make: (call: KvCall) => KvChange): KvAction {
  const id = tx === null || tx === undefined ? undefined : idOf(tx);
  return {
    needs: "write",
    perform(call) {
      const { process, key, transactions, databases, limits } = call;
      const made = make(call);
      if (made.key.length > limits.maxKeyBytes) {
        throw new DataError({
          code: "data.engine",
          text: `a key of ${made.key.length} bytes is longer than ${limits.maxKeyBytes}`,
        });
      }
      if (id !== undefined) transactions.add(process, key, id, made);
      else if (made.kind === "set") databases.use(key).set(made.key, made.value);
      else databases.use(key).delete(made.key);
      return OK;
    },
  };
}

function readSet(value: unknown): KvAction {
  const { key, tx_id } = fieldsOf(value);
  const bytes = bytesOf(key);
  return change(tx_id, ({ blob }) => {
    if (blob === undefined) throw malformed();
    return { kind: "set", key: bytes, value: blob.bytes };
  });
}

function readDelete(value: unknown): KvAction {
  const { key, tx_id } = fieldsOf(value);
  const bytes = bytesOf(key);
  return change(tx_id, () => ({ kind: "delete", key: bytes }));
}

function readGet(value: unknown): KvAction {
  const bytes = bytesOf(value);
  return {
    needs: "read",
    perform({ databases, key }) {
      const found = databases.use(key).get(bytes);
      if (found === undefined) throw new DataError({ code: "data.key-not-found" });
      return { body: encodeJson({ Get: value }), blob: { mime: MIME, bytes: found } };
    },
  };
}

const begin: KvAction = {
  needs: "write",
  perform({ process, key, transactions, databases }) {
    databases.use(key);
    return { body: encodeJson({ BeginTx: { tx_id: transactions.begin(process, key) } }) };
  },
};

function readCommit(value: unknown): KvAction {
  const id = idOf(fieldsOf(value)["tx_id"]);
  return {
    needs: "write",
    perform({ process, key, transactions, databases }) {
      databases.use(key).apply(transactions.take(process, key, id));
      return OK;
    },
  };
}

function readIterStart(value: unknown): KvAction {
  const { prefix, start, end, reverse } = value === null ? ({} as Fields) : fieldsOf(value);
  const range: KvRange = {
    prefix: optionalBytes(prefix),
    start: optionalBytes(start),
    end: optionalBytes(end),
    reverse: reverse === true,
  };
  return {
    needs: "read",
    perform: ({ process, key, iterators }) => ({
      body: encodeJson({ IterStart: { iterator_id: iterators.start(process, key, range) } }),
    }),
  };
}

const encodePairs = (pairs: readonly KvPair[]): Uint8Array =>
  encodeJson(pairs.map(({ key, value }) => [[...key], [...value]]));

function readIterNext(value: unknown): KvAction {
  const { iterator_id, count } = fieldsOf(value);
  const id = idOf(iterator_id);
  if (typeof count !== "number" || !(count >= 1)) throw malformed();
  return {
    needs: "read",
    perform({ process, key, iterators, databases }) {
      const { pairs, done } = iterators.next(process, key, id, count, databases.use(key));
      return {
        body: encodeJson({ IterNext: { done } }),
        blob: { mime: MIME, bytes: encodePairs(pairs) },
      };
    },
  };
}

function readIterClose(value: unknown): KvAction {
  const id = idOf(fieldsOf(value)["iterator_id"]);
  return {
    needs: "read",
    perform({ process, iterators }) {
      iterators.close(process, id);
      return OK;
    },
  };
}

/** Reads an action other than `Open` and `RemoveDb`. @throws {DataError} `data.malformed-request` */
export function readKvAction({ action, value }: DataRequest): KvAction {
  switch (action) {
    case "Get":
      return readGet(value);
    case "Set":
      return readSet(value);
    case "Delete":
      return readDelete(value);
    case "BeginTx":
      return begin;
    case "Commit":
      return readCommit(value);
    case "IterStart":
      return readIterStart(value);
    case "IterNext":
      return readIterNext(value);
    case "IterClose":
      return readIterClose(value);
    default:
      throw malformed();
  }
}
