/**
 * How long a process that ends too soon waits for its next start.
 * Source: spec/kernel.md §10 (the formula of 1.8.0), W4, W30.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";

const BASE_MS = 1_000;
const MAX_MS = 600_000;
/** A run of five times the last delay, at most 50 minutes, is healthy: the next restart is immediate again. */
const HEALTHY_FACTOR = 5;

/** An instantly crashing process waits 2, 4, 8, … 512, 600, 600 s. */
export class RestartBackoff {
  readonly #attempts = new Map<ProcessId, number>();

  /** Milliseconds until the next start of a process that has just ended after `uptimeMs`. */
  delayMs(id: ProcessId, uptimeMs: number): number {
    const attempts = this.#attempts.get(id) ?? 1;
    if (uptimeMs >= HEALTHY_FACTOR * delayOf(attempts)) {
      this.#attempts.delete(id);
      return 0;
    }
    this.#attempts.set(id, attempts + 1);
    return delayOf(attempts + 1);
  }

  forget(id: ProcessId): void {
    this.#attempts.delete(id);
  }
}

function delayOf(attempts: number): number {
  return Math.min(BASE_MS * 2 ** (attempts - 1), MAX_MS);
}
