/**
 * The newest bytes a process wrote to its standard error (spec/kernel.md §7). Writing never fails.
 * @module
 */
export class StderrRing {
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  write(bytes: Uint8Array): void {
    const tail = bytes.subarray(Math.max(0, bytes.length - this.#maxBytes));
    const kept = this.#bytes.subarray(
      Math.max(0, this.#bytes.length + tail.length - this.#maxBytes),
    );
    const next = new Uint8Array(kept.length + tail.length);
    next.set(kept);
    next.set(tail, kept.length);
    this.#bytes = next;
  }

  /** As text; what is not UTF-8, such as a character cut in half, becomes the replacement character. */
  text(): string {
    return new TextDecoder().decode(this.#bytes);
  }
}
