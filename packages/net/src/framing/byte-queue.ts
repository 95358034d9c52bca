/**
 * Bytes as they arrive from a stream, taken out in pieces of known length.
 * @module
 */
import { joinBytes } from "../join-bytes.ts";

export class ByteQueue {
  readonly #parts: Uint8Array[] = [];
  /** Bytes of the first part that were taken. */
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps the array, not a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** Takes one byte; there must be one. */
  byte(): number {
    const part = this.#parts[0]!;
    const byte = part[this.#start]!;
    this.#pass(part, 1);
    return byte;
  }

  /** The next `count` bytes, or `undefined` while there are fewer; they may be a view of what was pushed. */
  take(count: number): Uint8Array | undefined {
    if (this.#length < count) return undefined;
    if (count === 0) return new Uint8Array(0);
    const taken: Uint8Array[] = [];
    for (let missing = count; missing > 0;) {
      const part = this.#parts[0]!;
      const piece = part.subarray(this.#start, this.#start + missing);
      missing -= piece.length;
      this.#pass(part, piece.length);
      if (missing === 0 && taken.length === 0) return piece;
      taken.push(piece);
    }
    return joinBytes(...taken);
  }

  /** Moves over bytes of the first part. */
  #pass(part: Uint8Array, count: number): void {
    this.#length -= count;
    this.#start += count;
    if (this.#start < part.length) return;
    this.#parts.shift();
    this.#start = 0;
  }
}
