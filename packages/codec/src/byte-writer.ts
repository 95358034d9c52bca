/**
 * Writes MessagePack in the forms that rmp-serde 1.3 writes: always the shortest.
 * Source: spec/network-identity.md §1.6; MessagePack specification (2013).
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { CodecError } from "./errors.ts";

const encoder = new TextEncoder();
/** Below this many characters a loop beats the call into the host's encoder. */
const SHORT_TEXT = 48;

/** From here on bytes are worth not to be copied. */
const LARGE = 16 * 1024;

/** A growing buffer with one method for each kind of value. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, owned by the caller; the writer must not be used again. */
  finish(): Uint8Array {
    const length = this.#length;
    // A copy, unless most of a large buffer is used.
    if (length < LARGE || length * 2 < this.#bytes.length) return this.#bytes.slice(0, length);
    return this.#bytes.subarray(0, length);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  bool(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** @throws {CodecError} `codec.unencodable` not an unsigned 64-bit integer */
  uint(value: U64): void {
    if (typeof value === "bigint") return this.#wide(value);
    if (!Number.isSafeInteger(value) || value < 0) throw unencodable(value);
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#header8(0xcc, value);
    else if (value < 0x1_0000) this.#header16(0xcd, value);
    else if (value < 0x1_0000_0000) this.#header32(0xce, value);
    else this.#wide(BigInt(value));
  }

  /** Any integer from −2^63 to 2^64 − 1: negative ones in the shortest signed form. */
  int(value: number | bigint): void {
    if (value >= 0) return this.uint(typeof value === "number" ? value : narrow(value));
    if (typeof value === "bigint" ? value < -(2n ** 63n) : !Number.isSafeInteger(value)) {
      throw unencodable(value);
    }
    if (value >= -0x20) this.#byte(Number(value) & 0xff);
    else if (value >= -0x80) this.#header8(0xd0, Number(value) & 0xff);
    else if (value >= -0x8000) this.#header16(0xd1, Number(value) & 0xffff);
    else if (value >= -0x8000_0000) this.#header32(0xd2, Number(value) >>> 0);
    else {
      this.#reserve(9);
      this.#bytes[this.#length] = 0xd3;
      this.#view.setBigInt64(this.#length + 1, BigInt(value));
      this.#length += 9;
    }
  }

  /** Always the 8-byte form: rmp-serde writes `f64` so. */
  float(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#length] = 0xcb;
    this.#view.setFloat64(this.#length + 1, value);
    this.#length += 9;
  }

  /** @throws {CodecError} `codec.unencodable` a lone surrogate, which UTF-8 cannot hold */
  text(value: string): void {
    if (value.length < SHORT_TEXT && this.#shortAscii(value)) return;
    if (!value.isWellFormed()) {
      throw new CodecError({
        code: "codec.unencodable",
        problem: "a text with half a surrogate pair has no UTF-8 form",
      });
    }
    const bytes = encoder.encode(value);
    const size = bytes.length;
    if (size < 32) this.#byte(0xa0 | size);
    else if (size < 0x100) this.#header8(0xd9, size);
    else if (size < 0x1_0000) this.#header16(0xda, size);
    else this.#header32(0xdb, size);
    this.raw(bytes);
  }

  /** Bytes as rmp-serde writes `Vec<u8>`: an array of integers, two bytes for each from 0x80 up. */
  intArray(value: Uint8Array): void {
    this.array(value.length);
    let high = 0;
    for (let index = 0; index < value.length; index++) high += value[index]! >>> 7;
    if (high === 0) return this.raw(value);
    this.#reserve(value.length + high);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < value.length; index++) {
      const byte = value[index]!;
      if (byte >= 0x80) bytes[at++] = 0xcc;
      bytes[at++] = byte;
    }
    this.#length = at;
  }

  bin(value: Uint8Array): void {
    const size = value.length;
    if (size < 0x100) this.#header8(0xc4, size);
    else if (size < 0x1_0000) this.#header16(0xc5, size);
    else this.#header32(0xc6, size);
    this.raw(value);
  }

  array(count: number): void {
    if (count < 16) this.#byte(0x90 | count);
    else if (count < 0x1_0000) this.#header16(0xdc, count);
    else this.#header32(0xdd, count);
  }

  map(count: number): void {
    if (count < 16) this.#byte(0x80 | count);
    else if (count < 0x1_0000) this.#header16(0xde, count);
    else this.#header32(0xdf, count);
  }

  /** Bytes as they are, without a header. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #shortAscii(value: string): boolean {
    const size = value.length;
    this.#reserve(size + 2);
    let at = this.#length;
    if (size < 32) this.#bytes[at++] = 0xa0 | size;
    else {
      this.#bytes[at++] = 0xd9;
      this.#bytes[at++] = size;
    }
    for (let index = 0; index < size; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      this.#bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #wide(value: bigint): void {
    if (value < 0x1_0000_0000n || value >= 2n ** 64n) {
      if (value < 0n || value >= 2n ** 64n) throw unencodable(value);
      return this.uint(Number(value));
    }
    this.#reserve(9);
    this.#bytes[this.#length] = 0xcf;
    this.#view.setBigUint64(this.#length + 1, value);
    this.#length += 9;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #header8(marker: number, value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = marker;
    this.#bytes[this.#length++] = value;
  }

  #header16(marker: number, value: number): void {
    this.#reserve(3);
    this.#bytes[this.#length] = marker;
    this.#view.setUint16(this.#length + 1, value);
    this.#length += 3;
  }

  #header32(marker: number, value: number): void {
    this.#reserve(5);
    this.#bytes[this.#length] = marker;
    this.#view.setUint32(this.#length + 1, value);
    this.#length += 5;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function narrow(value: bigint): U64 {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function unencodable(value: number | bigint): CodecError {
  return new CodecError({
    code: "codec.unencodable",
    problem: `"${value}" is not an integer of 64 bits; pass a bigint above 2^53 - 1`,
  });
}
