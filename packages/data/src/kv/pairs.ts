/**
 * Pairs of an iterator as bytes of an answer.
 * Source: spec/runtime-modules.md §3.3 for the JSON. Beyond it: `"format":"bytes"`, for each key and each value its length
 * (u32, little-endian) and its bytes.
 * @module
 */
import type { KvPair } from "./kv-store.ts";

type EncodePairs = (pairs: readonly KvPair[]) => Uint8Array;

/** `0` to `255` as text, with its digits: writing numbers one by one through `JSON.stringify` takes ten times as long. */
const DIGITS: readonly Uint8Array[] = Array.from({ length: 256 }, (_, byte) =>
  new TextEncoder().encode(String(byte)),
);
const [OPEN, CLOSE, COMMA] = [0x5b, 0x5d, 0x2c];
/** Of one byte in JSON: three digits and a comma. */
const MAX_BYTE_LENGTH = 4;

const bytesOf = (pairs: readonly KvPair[]): number =>
  pairs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);

class JsonWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(maxLength: number) {
    this.#bytes = new Uint8Array(maxLength);
  }

  put(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  list(content: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = OPEN;
    for (let i = 0; i < content.length; i++) {
      if (i > 0) bytes[at++] = COMMA;
      const digits = DIGITS[content[i]!]!;
      for (let j = 0; j < digits.length; j++) bytes[at++] = digits[j]!;
    }
    bytes[at++] = CLOSE;
    this.#at = at;
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

const encodeJsonPairs: EncodePairs = (pairs) => {
  const writer = new JsonWriter(2 + pairs.length * 8 + bytesOf(pairs) * MAX_BYTE_LENGTH);
  writer.put(OPEN);
  pairs.forEach(({ key, value }, i) => {
    if (i > 0) writer.put(COMMA);
    writer.put(OPEN);
    writer.list(key);
    writer.put(COMMA);
    writer.list(value);
    writer.put(CLOSE);
  });
  writer.put(CLOSE);
  return writer.written();
};

const encodePlainPairs: EncodePairs = (pairs) => {
  const bytes = new Uint8Array(pairs.length * 8 + bytesOf(pairs));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { key, value } of pairs) {
    for (const part of [key, value]) {
      view.setUint32(at, part.length, true);
      bytes.set(part, at + 4);
      at += 4 + part.length;
    }
  }
  return bytes;
};

/** @param format - of the request; absent: JSON. `undefined` for a format that is not known. */
export function pairEncoder(format: unknown): EncodePairs | undefined {
  if (format === undefined || format === null || format === "json") return encodeJsonPairs;
  return format === "bytes" ? encodePlainPairs : undefined;
}
