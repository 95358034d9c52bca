/**
 * Memory of byte lists that a guest has passed out and will never free; results may lie there instead of in fresh memory.
 * The guest frees results, whatever they were before, so its memory stays what it was.
 * @module
 */

/** More than one call's arguments; what does not fit stays the guest's leak. */
const MAX_BUFFERS = 1_024;
/** Of the newest; results are as many as arguments, so nearly always the last fits. */
const LOOKED_AT = 32;

export class SpentBuffers {
  readonly #pointers: number[] = [];
  readonly #lengths: number[] = [];

  /** Called when everything that lies there was copied out. */
  add(pointer: number, length: number): void {
    if (length === 0 || this.#pointers.length >= MAX_BUFFERS) return;
    this.#pointers.push(pointer);
    this.#lengths.push(length);
  }

  /** Memory for `length` bytes, if one of the newest buffers has that much; the caller owns it now. */
  take(length: number): number | undefined {
    const last = this.#pointers.length - 1;
    for (let i = last; i >= 0 && i > last - LOOKED_AT; i--) {
      if (this.#lengths[i]! < length) continue;
      const pointer = this.#pointers[i]!;
      this.#pointers[i] = this.#pointers[last]!;
      this.#lengths[i] = this.#lengths[last]!;
      this.#pointers.pop();
      this.#lengths.pop();
      return pointer;
    }
    return undefined;
  }
}
