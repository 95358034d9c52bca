/**
 * Reads the primitives of the WebAssembly binary format out of bytes nobody vouches for.
 * Every read is bounded; what does not fit is a `ComponentError` with the offset.
 * Source: WebAssembly core specification 2.0, section 5 "Binary Format".
 * @module
 */
import { ComponentError } from "./errors.ts";

const nameDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Added to offsets in error texts, for readers over a part of a file. */
  readonly #base: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, base = 0) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#base = base;
  }

  get atEnd(): boolean {
    return this.at >= this.end;
  }

  fail(what: string, at = this.at): never {
    throw new ComponentError({ code: "component.malformed", what, offset: this.#base + at });
  }

  byte(): number {
    if (this.at >= this.end) this.fail("unexpected end");
    return this.bytes[this.at++]!;
  }

  peek(): number {
    if (this.at >= this.end) this.fail("unexpected end");
    return this.bytes[this.at]!;
  }

  skip(length: number): void {
    if (length > this.end - this.at)
      this.fail(`${length} bytes announced, ${this.end - this.at} left`);
    this.at += length;
  }

  /** Unsigned LEB128, at most 32 bits in at most 5 bytes. */
  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) this.fail("integer too large", this.at - 1);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return this.fail("integer too long");
  }

  /** Skips a LEB128 of any sign with at most `maxBytes` bytes. */
  skipLeb(maxBytes: number): void {
    for (let i = 0; i < maxBytes; i++) if (this.byte() < 0x80) return;
    this.fail("integer too long");
  }

  /** A count of things that take at least one byte each, so a false one is noticed before anything is allocated. */
  count(what: string): number {
    const at = this.at;
    const count = this.u32();
    if (count > this.end - this.at)
      this.fail(`${count} ${what} announced, ${this.end - this.at} bytes left`, at);
    return count;
  }

  name(): string {
    const length = this.u32();
    const start = this.at;
    this.skip(length);
    try {
      return nameDecoder.decode(this.bytes.subarray(start, this.at));
    } catch {
      return this.fail("a name is not UTF-8", start);
    }
  }

  /** Reads one section header and returns its id with a reader over its content; continues behind it. */
  section(): { readonly id: number; readonly content: ByteReader } {
    const id = this.byte();
    const length = this.u32();
    const start = this.at;
    this.skip(length);
    return { id, content: new ByteReader(this.bytes, start, this.at, this.#base) };
  }

  /** Fails unless everything was read. */
  finish(what: string): void {
    if (this.at !== this.end) this.fail(`${this.end - this.at} bytes too many in ${what}`);
  }
}
