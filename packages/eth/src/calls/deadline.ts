/**
 * How long a request may still take.
 * @module
 */
import type { Clock, U64 } from "@kinode-ts/types";

/** The answer must be on its way before the sender has stopped waiting, in milliseconds. */
const MARGIN_MS = 250;
const MAX_SECONDS = 24 * 3_600;

export class Deadline {
  readonly #clock: Clock;
  readonly #atMs: number;

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs() + budgetMs;
  }

  /** Of a request that expects a response within `seconds`. */
  static of(clock: Clock, seconds: U64 | undefined, defaultMs: number): Deadline {
    if (seconds === undefined) return new Deadline(clock, defaultMs);
    const budgetMs = Math.min(Number(seconds), MAX_SECONDS) * 1_000;
    return new Deadline(clock, Math.max(0, budgetMs - MARGIN_MS));
  }

  get leftMs(): number {
    return Math.max(0, this.#atMs - this.#clock.monotonicMs());
  }

  get isOver(): boolean {
    return this.leftMs <= 0;
  }
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
