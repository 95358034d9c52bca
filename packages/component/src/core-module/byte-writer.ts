/**
 * A growing byte buffer for writing WebAssembly binaries.
 * @module
 */

/** Below this a loop is quicker than making a view. */
const SMALL_BYTES = 32;
/** A u32 takes at most this many LEB128 bytes; sizes are written this wide to be filled in later. */
const PADDED_U32_BYTES = 5;

export class ByteWriter {
  #bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(64, capacity));
  }

  #reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.#reserve(PADDED_U32_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  /** Signed LEB128 of an i32. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.range(bytes, 0, bytes.length);
  }

  all(values: readonly number[] | Uint8Array): void {
    this.#reserve(values.length);
    for (let i = 0; i < values.length; i++) this.#bytes[this.length++] = values[i]!;
  }

  /** Appends `source[start … end)`. */
  range(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.#reserve(size);
    if (size <= SMALL_BYTES) {
      for (let i = start; i < end; i++) this.#bytes[this.length++] = source[i]!;
    } else {
      this.#bytes.set(source.subarray(start, end), this.length);
      this.length += size;
    }
  }

  /** Leaves room for a size; `endSized` fills it in with the number of bytes written since. */
  beginSized(): number {
    this.all([0x80, 0x80, 0x80, 0x80, 0x00]);
    return this.length;
  }

  endSized(start: number): void {
    let size = this.length - start;
    for (let i = start - PADDED_U32_BYTES; i < start - 1; i++) {
      this.#bytes[i] = (size & 0x7f) | 0x80;
      size = Math.floor(size / 128);
    }
    this.#bytes[start - 1] = size;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
