/**
 * Reads MessagePack strictly in structure and tolerantly in form, as rmp-serde 1.3 does: any width of integer,
 * text or count is fine; extensions, floats for integers, bad UTF-8 and counts beyond the bytes are not.
 * Nothing is allocated for a count before its bytes are known to be there, and nothing that is returned shares memory
 * with the input.
 * Source: spec/network-identity.md §1.6; MessagePack specification (2013).
 * @module
 */
import { type U64, u64FromHalves } from "@kinode-ts/types";
import { CodecError } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Below this many bytes a loop beats the call into the host's decoder. */
const SHORT_TEXT = 32;
/** Deepest nesting that is skipped or read as a value. */
export const MAX_DEPTH = 64;

/** Kinds of value by marker byte. */
export type WireKind =
  "nil" | "bool" | "integer" | "float" | "text" | "bin" | "array" | "map" | "extension" | "unused";

export function kindOf(marker: number): WireKind {
  if (marker < 0x80 || marker >= 0xe0) return "integer";
  if (marker < 0x90) return "map";
  if (marker < 0xa0) return "array";
  if (marker < 0xc0) return "text";
  return KINDS[marker - 0xc0]!;
}

// 0xc0 … 0xdf in order.
const KINDS: readonly WireKind[] = [
  ...(["nil", "unused", "bool", "bool", "bin", "bin", "bin"] as const),
  ...(["extension", "extension", "extension", "float", "float"] as const),
  ...(["integer", "integer", "integer", "integer"] as const),
  ...(["integer", "integer", "integer", "integer"] as const),
  ...(["extension", "extension", "extension", "extension", "extension"] as const),
  ...(["text", "text", "text", "array", "array", "map", "map"] as const),
];

/** A cursor over bytes. Every method reads one value or header and moves on, or throws `CodecError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Kind of the next value, which is not consumed. */
  peek(): WireKind {
    return kindOf(this.#marker());
  }

  /** Consumes a nil if one is next. */
  takeNil(): boolean {
    if (this.#marker() !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  bool(): boolean {
    const marker = this.#marker();
    if (marker !== 0xc2 && marker !== 0xc3) throw this.unexpected("a boolean");
    this.#at += 1;
    return marker === 0xc3;
  }

  /** An unsigned integer of up to 64 bits, in any width, also from a non-negative signed form. */
  uint(): U64 {
    const marker = this.#marker();
    if (marker < 0x80) {
      this.#at += 1;
      return marker;
    }
    const start = this.#at;
    const value = this.int();
    if (value < 0) {
      this.#at = start;
      throw this.unexpected("an unsigned integer");
    }
    return value;
  }

  /** Any integer; a `number` inside ±(2^53 − 1), a `bigint` outside. */
  int(): number | bigint {
    const marker = this.#marker();
    if (marker < 0x80 || marker >= 0xe0) {
      this.#at += 1;
      return marker < 0x80 ? marker : marker - 0x100;
    }
    if (marker < 0xcc || marker > 0xd3) throw this.unexpected("an integer");
    const at = this.#skipHeader(1 + (1 << (marker & 3)));
    const view = this.#view;
    switch (marker) {
      case 0xcc:
        return view.getUint8(at);
      case 0xcd:
        return view.getUint16(at);
      case 0xce:
        return view.getUint32(at);
      case 0xcf:
        return u64FromHalves(view.getUint32(at), view.getUint32(at + 4));
      case 0xd0:
        return view.getInt8(at);
      case 0xd1:
        return view.getInt16(at);
      case 0xd2:
        return view.getInt32(at);
      default:
        return normalise(view.getBigInt64(at));
    }
  }

  float(): number {
    const marker = this.#marker();
    if (marker === 0xca) return this.#view.getFloat32(this.#skipHeader(5));
    if (marker === 0xcb) return this.#view.getFloat64(this.#skipHeader(9));
    throw this.unexpected("a float");
  }

  /** A text, also from a bin that holds UTF-8. */
  text(): string {
    const marker = this.#marker();
    let size: number;
    if (marker >= 0xa0 && marker < 0xc0) {
      size = marker & 0x1f;
      this.#at += 1;
    } else if (marker >= 0xd9 && marker <= 0xdb) size = this.#count(marker - 0xd9);
    else if (marker >= 0xc4 && marker <= 0xc6) size = this.#count(marker - 0xc4);
    else throw this.unexpected("a text");
    const start = this.#take(size);
    return this.#shortAscii(start, size) ?? this.#utf8(start, size);
  }

  /** Bytes from a bin or from an array of integers 0 … 255; a copy owned by the caller. */
  bytes(): Uint8Array {
    const marker = this.#marker();
    if (marker >= 0xc4 && marker <= 0xc6) {
      const size = this.#count(marker - 0xc4);
      const start = this.#take(size);
      return this.#bytes.slice(start, start + size);
    }
    if (kindOf(marker) !== "array") throw this.unexpected("bytes");
    return this.#intArray(this.array());
  }

  /** Count of the items that follow. Every item takes at least a byte, so the count is at most `remaining`. */
  array(): number {
    const marker = this.#marker();
    let count: number;
    if (marker >= 0x90 && marker < 0xa0) {
      count = marker & 0x0f;
      this.#at += 1;
    } else if (marker === 0xdc || marker === 0xdd) count = this.#count(marker - 0xdb);
    else throw this.unexpected("an array");
    if (count > this.remaining) throw this.#truncated();
    return count;
  }

  /** Count of the pairs that follow. */
  map(): number {
    const marker = this.#marker();
    let count: number;
    if (marker >= 0x80 && marker < 0x90) {
      count = marker & 0x0f;
      this.#at += 1;
    } else if (marker === 0xde || marker === 0xdf) count = this.#count(marker - 0xdd);
    else throw this.unexpected("a map");
    if (count * 2 > this.remaining) throw this.#truncated();
    return count;
  }

  /** Passes over one value of any kind but an extension, without recursion. */
  skip(): void {
    const pending = [1];
    while (pending.length > 0) {
      const left = pending.pop()!;
      if (left === 0) continue;
      pending.push(left - 1);
      const inner = this.#skipHead();
      if (inner === 0) continue;
      if (pending.length > MAX_DEPTH) throw this.tooDeep();
      pending.push(inner);
    }
  }

  tooDeep(): CodecError {
    return new CodecError({
      code: "codec.too-deep",
      offsetBytes: this.#at,
      maxDepth: MAX_DEPTH,
    });
  }

  /** An error that names what is next instead of `expected`. */
  unexpected(expected: string): CodecError {
    const found = kindOf(this.#marker());
    return new CodecError({
      code: "codec.unexpected",
      offsetBytes: this.#at,
      expected,
      found: found === "unused" ? "the unused marker 0xc1" : `${found}`,
    });
  }

  /** Passes over a scalar or a header; returns how many values follow inside. */
  #skipHead(): number {
    switch (this.peek()) {
      case "nil":
      case "bool":
        this.#at += 1;
        return 0;
      case "integer":
        this.int();
        return 0;
      case "float":
        this.float();
        return 0;
      case "text":
        this.text();
        return 0;
      case "bin": {
        const size = this.#count(this.#marker() - 0xc4);
        this.#take(size);
        return 0;
      }
      case "array":
        return this.array();
      case "map":
        return this.map() * 2;
      case "extension":
      case "unused":
        throw this.unexpected("a value");
    }
  }

  #intArray(count: number): Uint8Array {
    const [bytes, result] = [this.#bytes, new Uint8Array(count)];
    let at = this.#at;
    for (let index = 0; index < count; index++) {
      const byte = bytes[at];
      if (byte !== undefined && byte < 0x80) {
        result[index] = byte;
        at += 1;
      } else if (byte === 0xcc && at + 1 < bytes.length) {
        result[index] = bytes[at + 1]!;
        at += 2;
      } else {
        this.#at = at;
        result[index] = this.#wideByte();
        at = this.#at;
      }
    }
    this.#at = at;
    return result;
  }

  /** One byte in a form wider than needed. */
  #wideByte(): number {
    const start = this.#at;
    const value = this.int();
    if (value >= 0 && value <= 0xff) return Number(value);
    this.#at = start;
    throw this.unexpected("a byte");
  }

  #shortAscii(start: number, size: number): string | undefined {
    if (size > SHORT_TEXT) return undefined;
    const bytes = this.#bytes;
    let text = "";
    for (let index = start; index < start + size; index++) {
      const byte = bytes[index]!;
      if (byte >= 0x80) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #utf8(start: number, size: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(start, start + size));
    } catch {
      throw new CodecError({ code: "codec.bad-utf8", offsetBytes: start });
    }
  }

  #marker(): number {
    const marker = this.#bytes[this.#at];
    if (marker === undefined) throw this.#truncated();
    return marker;
  }

  /** Moves over marker and payload; returns the place of the payload. */
  #skipHeader(size: number): number {
    if (this.remaining < size) throw this.#truncated();
    this.#at += size;
    return this.#at - size + 1;
  }

  /** Count after a marker: `width` 0, 1, 2 means 1, 2, 4 bytes. */
  #count(width: number): number {
    const at = this.#skipHeader(1 + (1 << width));
    if (width === 0) return this.#view.getUint8(at);
    return width === 1 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Moves over `size` bytes; returns where they start. */
  #take(size: number): number {
    if (this.remaining < size) throw this.#truncated();
    this.#at += size;
    return this.#at - size;
  }

  #truncated(): CodecError {
    return new CodecError({ code: "codec.truncated", offsetBytes: this.#bytes.length });
  }
}

function normalise(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
