/**
 * Bytes of a component, read with bounds and written.
 * Source: Binary.md of the component model.
 * @module
 */
import { badComponent } from "./errors.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true });
const ENCODER = new TextEncoder();

export class BinaryReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get isDone(): boolean {
    return this.#at >= this.#end;
  }

  byte(): number {
    if (this.isDone) throw badComponent(this.#at, "it ends in the middle of something");
    return this.#bytes[this.#at++]!;
  }

  peek(): number {
    if (this.isDone) throw badComponent(this.#at, "it ends in the middle of something");
    return this.#bytes[this.#at]!;
  }

  /** An unsigned integer of up to 32 bits in LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw badComponent(this.#at, "a number has more than 32 bits");
  }

  name(): string {
    const bytes = this.take(this.u32());
    try {
      return DECODER.decode(bytes);
    } catch {
      throw badComponent(this.#at, "a name is not UTF-8");
    }
  }

  /** The name of an import or export. */
  externName(): string {
    const form = this.byte();
    if (form > 0x01) throw badComponent(this.#at, "a name has an unknown form");
    return this.name();
  }

  take(length: number): Uint8Array {
    if (length > this.#end - this.#at) {
      throw badComponent(
        this.#at,
        `${length} bytes are announced, ${this.#end - this.#at} are left`,
      );
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A reader for the next `length` bytes, which are passed over here. */
  part(length: number): BinaryReader {
    const start = this.#at;
    this.take(length);
    return new BinaryReader(this.#bytes, start, this.#at);
  }

  /** A reader for bytes that were passed over before. */
  again(start: number, end: number): BinaryReader {
    return new BinaryReader(this.#bytes, start, end);
  }

  /** As many items as a count says. A count larger than the bytes left is refused before anything is made. */
  vector<T>(item: () => T): T[] {
    const count = this.u32();
    if (count > this.#end - this.#at) {
      throw badComponent(
        this.#at,
        `${count} items are announced, ${this.#end - this.#at} bytes are left`,
      );
    }
    return Array.from({ length: count }, item);
  }
}

export class BinaryWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  byte(...bytes: number[]): this {
    return this.raw(Uint8Array.from(bytes));
  }

  u32(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
    return this.byte(...bytes);
  }

  /** An index where a negative number would be a type without parts: signed LEB128. */
  valueIndex(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 0x40) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
    return this.byte(...bytes);
  }

  name(text: string): this {
    const bytes = ENCODER.encode(text);
    return this.u32(bytes.length).raw(bytes);
  }

  /** The name of an import or export. */
  externName(text: string): this {
    return this.byte(0x00).name(text);
  }

  /** A section with one writer's bytes as its content. */
  section(id: number, content: BinaryWriter): this {
    this.byte(id).u32(content.length);
    for (const part of content.#parts) this.raw(part);
    return this;
  }

  append(other: BinaryWriter): this {
    for (const part of other.#parts) this.raw(part);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
