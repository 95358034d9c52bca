/**
 * JSON bodies whose numbers are integers of the full 64-bit range, as all module messages have them.
 * Source: spec/runtime-modules.md §1.3 rule 3 (`JSON.parse` alone loses integers above 2^53).
 * @module
 */

/** A run of digits that may exceed 2^53, or a digit before what could be a fraction or an exponent. */
const NEEDS_CARE = /[0-9]{16}|[0-9][.eE]/;
const INTEGER = /^-?[0-9]+$/;

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
  if (!INTEGER.test(source)) return Number.NaN;
  return Number.isSafeInteger(value) ? value : BigInt(source);
}

/**
 * Parses JSON text. An integer is a `number` up to ±(2^53 − 1) and a `bigint` beyond, never rounded.
 * A number with a fraction or an exponent, also `1.0`, reads as `NaN`, which every integer check refuses.
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
 * @throws {SyntaxError | TypeError} not JSON, or not UTF-8
 */
export function decodeIntegerJson(bytes: Uint8Array): unknown {
  return parseIntegerJson(decoder.decode(bytes));
}
