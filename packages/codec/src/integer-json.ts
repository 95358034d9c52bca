/**
 * JSON bodies whose numbers are integers of the full 64-bit range, as all module messages have them.
 * Source: spec/runtime-modules.md §1.3 rule 3 (`JSON.parse` alone loses integers above 2^53).
 * @module
 */

import { isModestJson } from "./modest-json.ts";

export { isModestJson };

/** A run of digits that may exceed 2^53, or a digit before what could be a fraction or an exponent. */
const NEEDS_CARE = /[0-9]{16}|[0-9][.eE]/;
const INTEGER = /^-?[0-9]+$/;
/** Characters of the longest integer of 64 bits, its sign included. Reading a far longer one takes minutes. */
const MAX_DIGITS = 20;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

function readExactly(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context.source ?? "";
  if (!INTEGER.test(source) || source.length > MAX_DIGITS) return Number.NaN;
  return Number.isSafeInteger(value) ? value : BigInt(source);
}

/**
 * Parses JSON text. An integer is a `number` up to ±(2^53 − 1) and a `bigint` beyond, never rounded.
 * A number with a fraction or an exponent, also `1.0`, reads as `NaN`, which every integer check refuses; likewise one of more
 * digits than 64 bits have.
 * @throws {SyntaxError} not JSON
 */
export function parseIntegerJson(text: string): unknown {
  if (!NEEDS_CARE.test(text)) return JSON.parse(text) as unknown;
  // The third argument of revivers is newer than TypeScript's library.
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(text, readExactly);
}

/**
 * The same from UTF-8 bytes.
 * @throws {SyntaxError | TypeError} not JSON, or not UTF-8, or of more parts than any message has: above 64 KiB, 100,000 values
 * or 16,000 names
 */
export function decodeIntegerJson(bytes: Uint8Array): unknown {
  if (!isModestJson(bytes)) throw new SyntaxError("This JSON has too many parts for a message");
  return parseIntegerJson(decoder.decode(bytes));
}
