/**
 * One request to the key-value database and its answer.
 * Source: spec/runtime-modules.md §3.1, §3.3.
 * @module
 */
import { KinodeError, KV_PROCESS, type U64 } from "@kinode-ts/types";
import type { PackageId } from "./address.ts";
import type { Duration } from "./duration.ts";
import { SendError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { request } from "./send.ts";
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

/** Which database, and how long to wait. */
export interface KvPlace {
  readonly owner: PackageId;
  readonly db: string;
  readonly timeout: Duration | undefined;
}

export type KvAction =
  | "Open"
  | "RemoveDb"
  | "BeginTx"
  | { readonly Set: { readonly key: readonly number[]; readonly tx_id: U64 | null } }
  | { readonly Delete: { readonly key: readonly number[]; readonly tx_id: U64 | null } }
  | { readonly Get: readonly number[] }
  | { readonly Commit: { readonly tx_id: U64 } }
  | {
      readonly IterStart: {
        readonly prefix?: readonly number[] | undefined;
        readonly start?: readonly number[] | undefined;
        readonly end?: readonly number[] | undefined;
        readonly reverse?: boolean | undefined;
      };
    }
  | { readonly IterNext: { readonly iterator_id: U64; readonly count: number } }
  | { readonly IterClose: { readonly iterator_id: U64 } };

const KV = `our@${KV_PROCESS}`;

export interface KvAnswer {
  readonly value: unknown;
  readonly blob: Uint8Array | undefined;
}

/** Sends one action. Rejects with a `KvError`. */
export async function kvRequest(
  place: KvPlace,
  action: KvAction,
  value?: Uint8Array,
): Promise<KvAnswer> {
  const { owner, db, timeout } = place;
  const package_id = { package_name: owner.package, publisher_node: owner.publisher };
  const blob = value === undefined ? undefined : { bytes: value };
  try {
    const message = await request(KV, { package_id, db, action }, { blob, timeout });
    const answer = message.json();
    refuse(db, answer);
    return { value: answer, blob: message.blob()?.bytes };
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw new KvError("SendError", db, thrown.message, thrown);
  }
}

function refuse(db: string, answer: unknown): void {
  if (typeof answer !== "object" || answer === null || !("Err" in answer)) return;
  const error: unknown = answer.Err;
  if (typeof error === "string") throw new KvError(error as KvErrorCode, db, "");
  const [code = "UnexpectedAnswer", detail] = Object.entries(error as object)[0] ?? [];
  const text = typeof detail === "string" ? detail : (JSON.stringify(String(detail)) ?? "");
  throw new KvError(code as KvErrorCode, db, text);
}

/** The payload of an answer of the given case. @throws {KvError} it is another one */
export function kvPayload(db: string, answer: unknown, name: string): unknown {
  if (typeof answer === "object" && answer !== null && name in answer) {
    return (answer as Record<string, unknown>)[name];
  }
  throw new KvError("UnexpectedAnswer", db, JSON.stringify(answer) ?? "");
}

/** The pairs of an `IterNext`. */
export function readPairs(blob: Uint8Array | undefined): (readonly [Uint8Array, Uint8Array])[] {
  if (blob === undefined) return [];
  const pairs = parseJson(decodeUtf8(blob)) as [number[], number[]][];
  return pairs.map(([key, value]) => [Uint8Array.from(key), Uint8Array.from(value)] as const);
}
