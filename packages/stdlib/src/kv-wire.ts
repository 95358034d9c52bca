/**
 * One request to the key-value database and its answer.
 * Source: spec/runtime-modules.md §3.1, §3.3.
 * @module
 */
import { KinodeError, KV_PROCESS, type U64 } from "@kinode-ts/types";
import {
  type DatabaseAnswer,
  databasePayload,
  type DatabasePlace,
  databaseRequest,
  type MakeError,
} from "./database-wire.ts";
import { parseJson } from "./json.ts";
import { decodeUtf8 } from "./utf8.ts";

export type KvErrorCode =
  | "NoDb"
  | "KeyNotFound"
  | "NoTx"
  | "NoIterator"
  | "NoWriteCap"
  | "NoReadCap"
  | "MismatchingPackageId"
  | "AddCapFailed"
  | "MalformedRequest"
  | "RocksDBError"
  | "IOError"
  | "SendError"
  | "UnexpectedAnswer";

type KvFault = { readonly code: KvErrorCode; readonly db: string; readonly detail: string };

/** The database refused, or could not be reached. `code` is the name of the case on the wire. */
export class KvError extends KinodeError<KvFault> {
  override name = "KvError";
  constructor(code: KvErrorCode, db: string, detail: string, cause?: unknown) {
    const what = `${code} at the database "${db}"`;
    super({ code, db, detail }, detail === "" ? what : `${what}: ${detail}`, { cause });
  }
}

export type KvAction =
  | "Open"
  | "RemoveDb"
  | "BeginTx"
  | { readonly Set: { readonly key: readonly number[]; readonly tx_id: U64 | null } }
  | { readonly Delete: { readonly key: readonly number[]; readonly tx_id: U64 | null } }
  | { readonly Get: readonly number[] }
  | { readonly Commit: { readonly tx_id: U64 } }
  | { readonly Rollback: { readonly tx_id: U64 } }
  | {
      readonly IterStart: {
        readonly prefix?: readonly number[] | undefined;
        readonly start?: readonly number[] | undefined;
        readonly end?: readonly number[] | undefined;
        readonly reverse?: boolean | undefined;
      };
    }
  | {
      readonly IterNext: {
        readonly iterator_id: U64;
        readonly count: number;
        readonly format?: "bytes";
      };
    }
  | { readonly IterClose: { readonly iterator_id: U64 } };

const KV = `our@${KV_PROCESS}`;
const makeError: MakeError = (code, ...rest) => new KvError(code as KvErrorCode, ...rest);

/** Sends one action. Rejects with a `KvError`. */
export function kvRequest(
  place: DatabasePlace,
  action: KvAction,
  value?: Uint8Array,
): Promise<DatabaseAnswer> {
  const blob = value === undefined ? undefined : { bytes: value };
  return databaseRequest(KV, place, action, blob, makeError);
}

/** The payload of an answer of the given case. @throws {KvError} it is another one */
export function kvPayload(db: string, answer: unknown, name: string): unknown {
  return databasePayload(db, answer, name, makeError);
}

type Pair = readonly [Uint8Array, Uint8Array];

/**
 * The pairs of an `IterNext`.
 * @param format - as the answer says it: a node that does not know of formats answers with JSON and says none
 */
export function readPairs(blob: Uint8Array | undefined, format: string | undefined): Pair[] {
  if (blob === undefined) return [];
  if (format === "bytes") return readPlainPairs(blob);
  const pairs = parseJson(decodeUtf8(blob)) as [number[], number[]][];
  return pairs.map(([key, value]) => [Uint8Array.from(key), Uint8Array.from(value)] as const);
}

function readPlainPairs(blob: Uint8Array): Pair[] {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const pairs: Pair[] = [];
  let at = 0;
  const next = (): Uint8Array => {
    const length = view.getUint32(at, true);
    at += 4 + length;
    return blob.slice(at - length, at);
  };
  while (at < blob.length) pairs.push([next(), next()]);
  return pairs;
}
