/**
 * Bound parameters: from the JSON of a request to the engine's encoding.
 * Source: spec/runtime-modules.md §4.2. Beyond it: tagged values, `{"Text":"Dave"}`.
 * @module
 */
import { DataError } from "../errors.ts";

/** First byte of a value; the engine's C has the same numbers. */
export const VALUE = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/** Text as its UTF-8 bytes, which are valid: of large ones no string is made. */
export class SqlText {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** A value to bind. */
export type SqlValue = null | bigint | number | string | SqlText | Uint8Array;

const INTEGER = /^-?[0-9]+$/;
/** Standard padded base64 with its last bits zero, `""` included. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** A multiple of four. */
const LONG_TEXT = 1_024;
const MIN_I64 = -(1n << 63n);
const MAX_I64 = (1n << 63n) - 1n;

/** Digits of a number of 64 bits; reading a far longer one exactly takes minutes. */
const MAX_DIGITS = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const invalidParameters = (): DataError =>
  new DataError({ code: "data.invalid-parameters" });

/** Numbers keep their token where it matters: `1` and `1.0` are different values. */
class NumberToken {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** What could be a number that `JSON.parse` alone does not keep: with a fraction, an exponent or many digits. */
const NEEDS_CARE = /[0-9]{16}|[0-9][.eE]/;

function parseTokens(text: string): unknown {
  if (!NEEDS_CARE.test(text)) return JSON.parse(text);
  // The third argument of revivers is newer than TypeScript's library.
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
  return parse(text, (_key, value, { source = "" }) =>
    typeof value === "number" ? new NumberToken(source) : value,
  );
}

function readNumber(token: NumberToken | number): bigint | number {
  if (typeof token === "number") return Object.is(token, -0) ? token : BigInt(token);
  const { source } = token;
  if (!INTEGER.test(source) || source === "-0" || source.length > MAX_DIGITS) return Number(source);
  const integer = BigInt(source);
  return integer >= MIN_I64 && integer <= MAX_I64 ? integer : Number(source);
}

const isNumber = (value: unknown): value is NumberToken | number =>
  typeof value === "number" || value instanceof NumberToken;

/** What looks like base64 is a blob: the reference's guess, which packages rely on (§4.2, Q). */
function readString(text: string): string | Uint8Array {
  if (text.length % 4 !== 0) return text;
  // The expression is slow on long text, and the comparison below decides anyway.
  if (!BASE64.test(text.length > LONG_TEXT ? text.slice(0, LONG_TEXT) : text)) return text;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : text;
}

function readTagged(value: object): SqlValue {
  const entries = Object.entries(value) as [string, unknown][];
  const [tag, content] = entries[0] ?? [];
  if (entries.length !== 1) throw invalidParameters();
  if (tag === "Text" && typeof content === "string") return content;
  if (tag === "Boolean" && typeof content === "boolean") return content ? 1n : 0n;
  if (tag === "Real" && isNumber(content)) return Number(readNumber(content));
  if (tag === "Integer" && isNumber(content)) {
    const integer = readNumber(content);
    if (typeof integer === "bigint") return integer;
  }
  if (tag === "Blob" && Array.isArray(content)) {
    const bytes = content.map((item: unknown) => (isNumber(item) ? Number(readNumber(item)) : -1));
    if (bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)) {
      return Uint8Array.from(bytes);
    }
  }
  throw invalidParameters();
}

/** One element, as `readJson` gives it. */
export function readValue(value: unknown): SqlValue {
  if (value === null) return null;
  if (isNumber(value)) return readNumber(value);
  if (typeof value === "string") return readString(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value !== "object" || Array.isArray(value)) throw invalidParameters();
  return readTagged(value);
}

/** @throws {DataError} `data.invalid-parameters` */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return parseTokens(decoder.decode(bytes));
  } catch {
    throw invalidParameters();
  }
}

/** The engine's form of parameters. */
export function encodeParameters(values: readonly SqlValue[]): Uint8Array {
  const parts = values.map((value) =>
    typeof value === "string"
      ? encoder.encode(value)
      : value instanceof Uint8Array
        ? value
        : value instanceof SqlText
          ? value.bytes
          : undefined,
  );
  const length = values.reduce<number>(
    (sum, value, i) =>
      sum + 1 + (parts[i] === undefined ? (value === null ? 0 : 8) : 4 + parts[i].length),
    0,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  values.forEach((value, i) => {
    const part = parts[i];
    if (value === null) bytes[at++] = VALUE.null;
    else if (typeof value === "bigint") {
      bytes[at] = VALUE.integer;
      view.setBigInt64(at + 1, value, true);
      at += 9;
    } else if (typeof value === "number") {
      bytes[at] = VALUE.real;
      view.setFloat64(at + 1, value, true);
      at += 9;
    } else {
      bytes[at] = value instanceof Uint8Array ? VALUE.blob : VALUE.text;
      view.setUint32(at + 1, part!.length, true);
      bytes.set(part!, at + 5);
      at += 5 + part!.length;
    }
  });
  return bytes;
}
