/**
 * Unsigned 64-bit integers as JavaScript values.
 * Source: spec/kernel.md §3.1 (message ids and timeouts are u64).
 * @module
 */

/**
 * A u64: a `number` up to 2^53 − 1, a `bigint` above, never a bigint that would fit a number.
 * One value has exactly one form, so `===` and `Map` keys work, and the common case costs no bigint.
 */
export type U64 = number | bigint;

export const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Brings a number or bigint into the one form a `U64` has.
 * @throws {RangeError} not an integer, or outside 0 … 2^64 − 1
 */
export function toU64(value: number | bigint): U64 {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(
        `"${value}" is not an integer between 0 and 2^53 - 1; pass a bigint above`,
      );
    }
    return value;
  }
  if (value < 0n || value > U64_MAX)
    throw new RangeError(`"${value}" does not fit 64 unsigned bits`);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Builds a `U64` from its two 32-bit halves, both unsigned. */
export function u64FromHalves(high: number, low: number): U64 {
  return high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
}
