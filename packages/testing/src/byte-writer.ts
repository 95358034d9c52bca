/**
 * Appends little-endian values to a growing buffer, and reads them back.
 * @module
 */

const UTF8 = new TextEncoder();
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Every method but `bytes` returns the writer. */
export class ByteWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  u8(value: number): this {
    this.#reserve(1)[this.#length] = value;
    this.#length += 1;
    return this;
  }
  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }
  u32(value: number): this {
    this.#view(4).setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }
  u64(value: bigint): this {
    this.#view(8).setBigUint64(this.#length, value, true);
    this.#length += 8;
    return this;
  }
  /** Length as u32, then the bytes; text as UTF-8. */
  text(value: Uint8Array | string): this {
    const bytes = typeof value === "string" ? UTF8.encode(value) : value;
    this.u32(bytes.length);
    this.#reserve(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
  /** 0, or 1 and the text. */
  option(value: Uint8Array | string | undefined): this {
    return value === undefined ? this.u8(0) : this.u8(1).text(value);
  }

  /** A copy of what was written, after a prefix in ASCII. */
  bytes(prefix = ""): Uint8Array {
    const copy = new Uint8Array(prefix.length + this.#length);
    copy.set(UTF8.encode(prefix));
    copy.set(this.#buffer.subarray(0, this.#length), prefix.length);
    return copy;
  }

  #reserve(count: number): Uint8Array {
    const needed = this.#length + count;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(needed * 2);
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    return this.#buffer;
  }

  #view(count: number): DataView {
    return new DataView(this.#reserve(count).buffer);
  }
}

/** Reads what `ByteWriter` wrote; a read past the end throws `RangeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }
  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  flag(): boolean {
    return this.u8() !== 0;
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }
  bytes(): Uint8Array {
    const length = this.u32();
    const from = this.#advance(length);
    if (this.#at > this.#bytes.length) throw new RangeError("The report ends too early");
    return this.#bytes.slice(from, from + length);
  }
  text(): string {
    return STRICT_UTF8.decode(this.bytes());
  }
  option<T>(read: () => T): T | undefined {
    return this.flag() ? read() : undefined;
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }

  #advance(count: number): number {
    const from = this.#at;
    this.#at += count;
    return from;
  }
}
