/**
 * The parameters of a request: few bytes at once, many in steps.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { readLargeParameters } from "./large-parameters.ts";
import { invalidParameters, readJson, readValue, type SqlValue } from "./parameters.ts";
import { runInTurns } from "./steps.ts";

/** Of all parameters of a statement as JSON: a value of 8 MiB in base64, and others beside it. */
const MAX_BYTES = 12 * 1024 * 1024;
/** More is read in steps. */
const MAX_BYTES_AT_ONCE = 64 * 1024;

/**
 * @param bytes - the blob of a request; without one there are no parameters
 * @param giveWay - awaited in between when there are very many bytes
 * @throws {DataError} `data.invalid-parameters`
 */
export function readParameters(
  bytes: Uint8Array | undefined,
  giveWay: () => Awaitable<void>,
): Awaitable<readonly SqlValue[]> {
  if (bytes === undefined) return [];
  if (bytes.length > MAX_BYTES) throw invalidParameters();
  if (bytes.length > MAX_BYTES_AT_ONCE) return runInTurns(readLargeParameters(bytes), giveWay);
  const json = readJson(bytes);
  if (!Array.isArray(json)) throw invalidParameters();
  return json.map(readValue);
}
