/**
 * The linear memory of all processes together. A limit for each process alone does not protect the node: one process may
 * spawn many. Growth is asked for here first, by the code that metering adds to `memory.grow`.
 * @module
 */

/** Share one between executors, so that it bounds them together. */
export class MemoryBudget {
  /** Bytes of linear memory that processes may have together. */
  readonly maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get leftBytes(): number {
    return Math.max(0, this.maxBytes - this.#usedBytes);
  }

  /** One memory had `beforeBytes` and has `nowBytes`. */
  account(beforeBytes: number, nowBytes: number): void {
    this.#usedBytes += nowBytes - beforeBytes;
  }
}
