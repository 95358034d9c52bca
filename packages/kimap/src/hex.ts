/**
 * Bytes as the text that chains use: `0x` and lower-case digits.
 * @module
 */

/** `0x` and an even number of digits; everything this package returns is in lower case. */
export type Hex = `0x${string}`;

/** A 20-byte address as text. */
export type ChainAddress = Hex;

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): Hex {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte]!;
  return `0x${text}`;
}

// By character code: the digits of either case.
const VALUES = new Int8Array(128).fill(-1);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  VALUES[digit.charCodeAt(0)] = value;
  VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

function digitAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? -1;
}

/** The bytes of `0x` and digits of either case; `undefined` for anything else. */
export function readHex(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !value.startsWith("0x") || value.length % 2 !== 0) {
    return undefined;
  }
  const bytes = new Uint8Array(value.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitAt(value, 2 * i + 2);
    const low = digitAt(value, 2 * i + 3);
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

/** The same of a text of this program. @throws {RangeError} it is none */
export function fromHex(text: Hex): Uint8Array {
  const bytes = readHex(text);
  if (bytes === undefined) throw new RangeError(`"${text}" is not hex: 0x and pairs of digits`);
  return bytes;
}

/** The same text in lower case, if it is `length` bytes. */
export function readHexOf(value: unknown, length: number): Hex | undefined {
  if (typeof value !== "string" || value.length !== 2 + 2 * length) return undefined;
  return /^0x[0-9a-fA-F]*$/.test(value) ? (value.toLowerCase() as Hex) : undefined;
}

/** A JSON-RPC quantity: `0x` and digits without leading zeros, up to 2^53 − 1. */
export function readQuantity(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,14}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** As JSON-RPC wants numbers. */
export function toQuantity(value: number): Hex {
  return `0x${value.toString(16)}`;
}
