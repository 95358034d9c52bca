/**
 * What comes by itself, kept in order until a loop takes it.
 * @module
 */
import { dispatcher } from "./current.ts";

export class KeptItems<T> {
  readonly #dispatcher = dispatcher();
  #came: T[] = [];
  /** The oldest ones, turned round: taking the last of a list costs the same however long it is. */
  #next: T[] = [];
  #isOver = false;
  #error: Error | undefined = undefined;
  #wake: () => void = () => {};

  /** Items that no loop has taken yet. */
  get count(): number {
    return this.#came.length + this.#next.length;
  }

  /** Nothing more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(...items: readonly T[]): void {
    this.#came.push(...items);
    this.#wake();
  }

  clear(): void {
    this.#came = [];
    this.#next = [];
  }

  /** The loop gets what is kept, and then the error if there is one. Only the first end counts. */
  end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#wake();
  }

  /**
   * Gives what is kept and what comes, until the end.
   * @param started - is waited for first
   * @param stop - called when the loop is over, however
   */
  async *read(
    started: Promise<void>,
    stop: () => Promise<void>,
  ): AsyncGenerator<T, void, undefined> {
    try {
      await started;
      for (;;) {
        if (this.count > 0) yield this.#take();
        else if (this.#isOver) break;
        else await this.#dispatcher.waiting(new Promise<void>((wake) => (this.#wake = wake)));
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      await stop();
    }
  }

  #take(): T {
    if (this.#next.length === 0) [this.#next, this.#came] = [this.#came.reverse(), []];
    return this.#next.pop() as T;
  }
}
