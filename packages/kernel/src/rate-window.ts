/**
 * So many per second, the rest counted.
 * @module
 */

const WINDOW_MS = 1_000;

export class RateWindow {
  readonly #maxCount: number;
  #startMs = -Infinity;
  #count = 0;
  /** Refused in the window before this one; read once. */
  #hiddenCount = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  allows(nowMs: number): boolean {
    if (nowMs - this.#startMs >= WINDOW_MS) {
      this.#hiddenCount += Math.max(0, this.#count - this.#maxCount);
      this.#startMs = nowMs;
      this.#count = 0;
    }
    return ++this.#count <= this.#maxCount;
  }

  /** How many were refused in earlier windows since this was last asked. */
  takeHidden(): number {
    const hidden = this.#hiddenCount;
    this.#hiddenCount = 0;
    return hidden;
  }
}
