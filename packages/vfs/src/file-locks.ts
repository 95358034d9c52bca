/**
 * One operation at a time per file, in order of arrival.
 * Source: spec/runtime-modules.md §2.7 ("Each handle has a lock").
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";

export class FileLocks {
  /** Last operation of each file that has one in flight. Operations that settle at once never appear. */
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when all earlier work on `path` has settled: at once when there is none. */
  run<T>(path: string, work: () => Awaitable<T>): Awaitable<T> {
    const tail = this.#tails.get(path);
    const value = tail === undefined ? work() : tail.then(work, work);
    if (value instanceof Promise) this.#follow(path, value);
    return value;
  }

  isBusy(path: string): boolean {
    return this.#tails.has(path);
  }

  /** Settles when nothing is in flight any more. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values());
  }

  #follow(path: string, value: Promise<unknown>): void {
    this.#tails.set(path, value);
    const done = (): void => {
      if (this.#tails.get(path) === value) this.#tails.delete(path);
    };
    void value.then(done, done);
  }
}

/** Runs `work` with the locks of two files; taken in one order everywhere, so that nobody waits for each other. */
export function lockBoth<T>(
  locks: FileLocks,
  a: string,
  b: string,
  work: () => Awaitable<T>,
): Awaitable<T> {
  if (a === b) return locks.run(a, work);
  const [first, second] = a < b ? [a, b] : [b, a];
  return locks.run(first, () => locks.run(second, work));
}
