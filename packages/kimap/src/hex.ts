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

/** The bytes of `0x` and digits of either case; `undefined` for anything else. */
export function readHex(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) return undefined;
  const bytes = new Uint8Array(value.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(value.slice(2 * i + 2, 2 * i + 4), 16);
  }
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
