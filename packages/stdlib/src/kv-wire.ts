/**
 * One request to the key-value database and its answer.
 * Source: spec/runtime-modules.md §3.1, §3.3.
 * @module
 */
import { KinodeError, KV_PROCESS, type U64 } from "@kinode-ts/types";
import { type DatabaseFail, type DatabasePlace, databaseRequest } from "./database-wire.ts";
import { parseJson } from "./json.ts";
import { isListOf, type ModuleAnswer } from "./module-answer.ts";
import { decodeUtf8 } from "./utf8.ts";

const WIRE_CODES = [
  "NoDb",
  "KeyNotFound",
  "NoTx",
  "NoIterator",
  "NoWriteCap",
  "NoReadCap",
  "MismatchingPackageId",
  "AddCapFailed",
  "MalformedRequest",
  "RocksDBError",
  "IOError",
] as const;

/** Names of the wire; `SendError`: no answer came in time; `UnexpectedAnswer`: what came is none of the database's answers. */
export type KvErrorCode = (typeof WIRE_CODES)[number] | "SendError" | "UnexpectedAnswer";

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

/** Makes the errors of one database. */
export const kvFail: DatabaseFail<KvErrorCode> = (db) => (code, detail, cause) =>
  new KvError(code, db, detail, cause);

/** Answers that are not `"Ok"`, by action. */
const ANSWERS: Readonly<Record<string, string>> = {
  Get: "{Get}",
  BeginTx: "{BeginTx}",
  IterStart: "{IterStart}",
  IterNext: "{IterNext}",
};

/** Sends one action. Rejects with a `KvError`, also when the answer is none to this action. */
export function kvRequest(
  place: DatabasePlace,
  action: KvAction,
  value?: Uint8Array,
): Promise<ModuleAnswer> {
  const blob = value === undefined ? undefined : { bytes: value };
  const name = typeof action === "string" ? action : Object.keys(action)[0]!;
  return databaseRequest(KV, place, action, ANSWERS[name] ?? "Ok", blob, WIRE_CODES, kvFail);
}

type Pair = readonly [Uint8Array, Uint8Array];

/**
 * The pairs of an `IterNext`.
 * @param format - as the answer says it: a node that does not know of formats answers with JSON and says none
 * @throws {KvError} they are in neither form
 */
export function readPairs(
  db: string,
  blob: Uint8Array | undefined,
  format: string | undefined,
): Pair[] {
  if (blob === undefined) return [];
  const pairs = format === "bytes" ? readPlainPairs(blob) : readJsonPairs(blob);
  if (pairs !== undefined) return pairs;
  throw new KvError("UnexpectedAnswer", db, "the pairs of a scan cannot be read");
}

const isByte = (value: unknown): value is number => typeof value === "number";
const isBytes = isListOf(isByte);

function readJsonPairs(blob: Uint8Array): Pair[] | undefined {
  let pairs: unknown;
  try {
    pairs = parseJson(decodeUtf8(blob));
  } catch {
    return undefined;
  }
  if (!isListOf(isPairOfLists)(pairs)) return undefined;
  return pairs.map(([key, value]) => [Uint8Array.from(key), Uint8Array.from(value)] as const);
}

function isPairOfLists(pair: unknown): pair is [number[], number[]] {
  return Array.isArray(pair) && pair.length === 2 && pair.every(isBytes);
}

/** Each with its length before it, as u32; `undefined` when the lengths do not come out even. */
function readPlainPairs(blob: Uint8Array): Pair[] | undefined {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const pairs: Pair[] = [];
  let at = 0;
  const next = (): Uint8Array | undefined => {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + view.getUint32(at, true);
    if (end > blob.length) return undefined;
    const bytes = blob.slice(at + 4, end);
    at = end;
    return bytes;
  };
  while (at < blob.length) {
    const key = next();
    const value = key && next();
    if (key === undefined || value === undefined) return undefined;
    pairs.push([key, value]);
  }
  return pairs;
}
