/**
 * What the clients of the two databases have in common: which database, and errors.
 * Source: spec/runtime-modules.md §3.1, §4.1.
 * @module
 */
import type { LazyLoadBlob } from "./blob.ts";
import { PackageId } from "./address.ts";
import type { Duration } from "./duration.ts";
import type { Fail, ModuleAnswer } from "./module-answer.ts";
import { askModule, isRecord, shownAnswer } from "./module-answer.ts";
import type { AbortSignalLike } from "./send.ts";
import { our } from "./send.ts";

/** Which database, and how long to wait. */
export interface DatabasePlace {
  readonly owner: PackageId;
  readonly db: string;
  readonly timeout: Duration | undefined;
  readonly signal: AbortSignalLike | undefined;
}

export interface DatabaseOptions {
  /** Default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting with its reason, in every function of the database; what was asked for may still be done. */
  readonly signal?: AbortSignalLike | undefined;
  /** Whose database; default: our own package's. Another's needs its capability. */
  readonly package?: PackageId | string | undefined;
}

/** Makes the error of a client of databases. */
export type DatabaseFail<C extends string> = (db: string) => Fail<C>;

export function placeOf(name: string, options: DatabaseOptions): DatabasePlace {
  const owner = options.package ?? our().packageId();
  return {
    owner: typeof owner === "string" ? PackageId.parse(owner) : owner,
    db: name,
    timeout: options.timeout,
    signal: options.signal,
  };
}

/** For what gives something back: a signal that has aborted must not keep it from being sent. */
export function atEnd(place: DatabasePlace): DatabasePlace {
  return { ...place, signal: undefined };
}

/**
 * Sends one action, whose answer is the text `expected`, or a case of that name where it is in braces: `{Get}`. Rejects
 * with what `failOf` makes, also when the answer is another one.
 */
export async function databaseRequest<C extends string>(
  target: string,
  place: DatabasePlace,
  action: unknown,
  expected: string,
  blob: Pick<LazyLoadBlob, "bytes"> | undefined,
  codes: readonly C[],
  failOf: DatabaseFail<C>,
): Promise<ModuleAnswer> {
  const { owner, db, timeout, signal } = place;
  const package_id = { package_name: owner.package, publisher_node: owner.publisher };
  const body = { package_id, db, action };
  const fail = failOf(db);
  const answer = await askModule(target, body, { blob, timeout, signal }, codes, fail);
  const { value } = answer;
  const isExpected = expected.startsWith("{")
    ? isRecord(value) && Object.hasOwn(value, expected.slice(1, -1))
    : value === expected;
  if (isExpected) return answer;
  throw fail("UnexpectedAnswer", shownAnswer(value));
}
