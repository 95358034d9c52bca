/**
 * The one text of a JSON number: integers of 64 bits exactly, everything else as a double.
 * Source: spec/kernel.md §5.1 and §5.8; forms as the reference's JSON library (serde_json) writes them.
 * @module
 */

const INTEGER = /^-?[0-9]+$/;
/** Integers of at most this many digits fit 2^53 and need no bigint. */
const SAFE_DIGITS = 15;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 64n - 1n;

/**
 * @param source - a number in JSON's grammar
 * @returns `undefined` when it is too large for a double
 */
export function canonicalNumber(source: string): string | undefined {
  if (INTEGER.test(source) && isExactInteger(source)) return source;
  const value = Number(source);
  return Number.isFinite(value) ? floatText(value) : undefined;
}

function isExactInteger(source: string): boolean {
  // The reference reads "-0" as the float −0.0.
  if (source === "-0") return false;
  if (source.length <= SAFE_DIGITS) return true;
  // Longer than 20 characters is outside 64 bits anyway; do not build a bigint from a megabyte of digits.
  if (source.length > 20) return false;
  const value = BigInt(source);
  return value >= LOWEST && value <= HIGHEST;
}

/** Shortest digits that read back as the same double: plain from 1e-5 up to 1e16, else with an exponent. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  if (value === 0) return "0.0";
  const [mantissa = "", exponentText = ""] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "");
  const pointAt = exponent + 1;
  if (pointAt > 16 || pointAt <= -5) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${exponent}`;
  }
  if (pointAt <= 0) return `${sign}0.${"0".repeat(-pointAt)}${digits}`;
  if (digits.length <= pointAt) return `${sign}${digits.padEnd(pointAt, "0")}.0`;
  return `${sign}${digits.slice(0, pointAt)}.${digits.slice(pointAt)}`;
}
