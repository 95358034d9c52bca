/**
 * Irreducible polynomials of degree 53 over GF(2), as bits of a number: the secret of where files are cut.
 * Each repository draws its own, so that nobody recognises a known file by the lengths of its chunks.
 * Source: M. O. Rabin 1981; Ben-Or's test of irreducibility.
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { assertSound } from "./errors.ts";

const DEGREE = 53;
const MASK = (1n << BigInt(DEGREE + 1)) - 1n;
const ENDS = (1n << BigInt(DEGREE)) | 1n;

function degree(polynomial: bigint): number {
  return polynomial.toString(2).length - 1;
}

function modulo(value: bigint, by: bigint): bigint {
  const bits = degree(by);
  let rest = value;
  while (rest !== 0n && degree(rest) >= bits) rest ^= by << BigInt(degree(rest) - bits);
  return rest;
}

/** The square of a polynomial puts a zero between all bits. */
function square(value: bigint, by: bigint): bigint {
  return modulo(BigInt(`0b${[...value.toString(2)].join("0")}`), by);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [high, low] = [a, b];
  while (low !== 0n) [high, low] = [low, modulo(high, low)];
  return high;
}

/** Whether no polynomial of a lower degree divides it. */
export function isIrreducible(polynomial: bigint): boolean {
  let power = 2n; // x to the 2^i
  for (let i = 1; i <= degree(polynomial) >>> 1; i++) {
    power = square(power, polynomial);
    if (greatestCommonDivisor(polynomial, power ^ 2n) !== 1n) return false;
  }
  return true;
}

/** One in 26 of those with both ends set is irreducible. */
export function randomPolynomial(random: Random): bigint {
  for (;;) {
    const drawn = BigInt(random.u64()) & MASK;
    if (isIrreducible(drawn | ENDS)) return drawn | ENDS;
  }
}

/**
 * The polynomial of a `config`, hexadecimal digits.
 * @throws {BackupError} `backup.damaged` it is not irreducible, or not of degree 53
 */
export function parsePolynomial(text: unknown): bigint {
  const sound = typeof text === "string" && /^[0-9a-f]{1,16}$/.test(text);
  const polynomial = sound ? BigInt(`0x${text}`) : 0n;
  assertSound(
    polynomial !== 0n && degree(polynomial) === DEGREE && isIrreducible(polynomial),
    "config",
    "chunker_polynomial is no irreducible polynomial of degree 53",
  );
  return polynomial;
}
