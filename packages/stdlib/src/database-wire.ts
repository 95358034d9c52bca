/**
 * What the clients of the two databases have in common: which database, and errors.
 * Source: spec/runtime-modules.md §3.1, §4.1.
 * @module
 */
import type { LazyLoadBlob } from "./blob.ts";
import { PackageId } from "./address.ts";
import type { Duration } from "./duration.ts";
import { SendError } from "./errors.ts";
import { our, request } from "./send.ts";

/** Which database, and how long to wait. */
export interface DatabasePlace {
  readonly owner: PackageId;
  readonly db: string;
  readonly timeout: Duration | undefined;
}

export interface DatabaseOptions {
  /** Default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Whose database; default: our own package's. Another's needs its capability. */
  readonly package?: PackageId | string | undefined;
}

export interface DatabaseAnswer {
  readonly value: unknown;
  readonly blob: Uint8Array | undefined;
}

/** Makes the error of a client from the name of its case. */
export type MakeError = (code: string, db: string, detail: string, cause?: unknown) => Error;

export function placeOf(name: string, options: DatabaseOptions): DatabasePlace {
  const owner = options.package ?? our().packageId();
  return {
    owner: typeof owner === "string" ? PackageId.parse(owner) : owner,
    db: name,
    timeout: options.timeout,
  };
}

/** Sends one action. Rejects with what `makeError` makes. */
export async function databaseRequest(
  target: string,
  place: DatabasePlace,
  action: unknown,
  blob: Pick<LazyLoadBlob, "bytes"> | undefined,
  makeError: MakeError,
): Promise<DatabaseAnswer> {
  const { owner, db, timeout } = place;
  const package_id = { package_name: owner.package, publisher_node: owner.publisher };
  try {
    const message = await request(target, { package_id, db, action }, { blob, timeout });
    const answer = message.json();
    refuse(db, answer, makeError);
    return { value: answer, blob: message.blob()?.bytes };
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw makeError("SendError", db, thrown.message, thrown);
  }
}

function refuse(db: string, answer: unknown, makeError: MakeError): void {
  if (typeof answer !== "object" || answer === null || !("Err" in answer)) return;
  const error: unknown = answer.Err;
  if (typeof error === "string") throw makeError(error, db, "");
  const [code = "UnexpectedAnswer", detail] = Object.entries(error as object)[0] ?? [];
  const text = typeof detail === "string" ? detail : (JSON.stringify(String(detail)) ?? "");
  throw makeError(code, db, text);
}

/** The payload of an answer of the given case. Throws what `makeError` makes when it is another one. */
export function databasePayload(
  db: string,
  answer: unknown,
  name: string,
  makeError: MakeError,
): unknown {
  if (typeof answer === "object" && answer !== null && name in answer) {
    return (answer as Record<string, unknown>)[name];
  }
  throw makeError("UnexpectedAnswer", db, JSON.stringify(answer) ?? "");
}
