/**
 * Bytes as they arrive from a stream, taken out in pieces of known length.
 * @module
 */
import { joinBytes } from "../join-bytes.ts";

export class ByteQueue {
  #parts: Uint8Array[] = [];
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

  /** The next `count` bytes, or `undefined` while there are fewer; they may be a view of what was pushed. */
  take(count: number): Uint8Array | undefined {
    if (this.#length < count) return undefined;
    if (count === 0) return new Uint8Array(0);
    const taken: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const part = this.#parts[0]!;
      if (part.length > missing) {
        taken.push(part.subarray(0, missing));
        this.#parts[0] = part.subarray(missing);
        missing = 0;
      } else {
        taken.push(part);
        this.#parts.shift();
        missing -= part.length;
      }
    }
    this.#length -= count;
    return taken.length === 1 ? taken[0] : joinBytes(...taken);
  }
}
