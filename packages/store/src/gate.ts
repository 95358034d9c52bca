/**
 * What stands before every call of a store: open until the store is closed.
 * @module
 */
import { StoreError } from "./errors.ts";

export class Gate {
  #closed = false;

  /** Does the work now. What it throws rejects; `Promise.resolve().then` instead would cost every call a turn. */
  pass<T>(work: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreError({ code: "store.closed" }));
    try {
      return Promise.resolve(work());
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  /** Refuses everything from now on; true for the first call. */
  close(): boolean {
    const wasOpen = !this.#closed;
    this.#closed = true;
    return wasOpen;
  }
}
