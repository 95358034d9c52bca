/**
 * When statements have to stop.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { SqlCaller } from "./sqlite-store.ts";

/** What all that an ended caller has left behind may take together, in milliseconds. */
const GRACE_MS = 5_000;

export class Deadlines {
  readonly #clock: Clock;
  readonly #maxMs: number;
  /** Until when statements run for callers that have ended. */
  readonly #graces = new WeakMap<SqlCaller, number>();

  /** @param maxMs - for one statement */
  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock;
    this.#maxMs = maxMs;
  }

  /** A statement begins. Returns whether it must stop, to be asked while it runs. */
  begin(caller: SqlCaller): () => boolean {
    const endMs = this.#clock.monotonicMs() + this.#maxMs;
    return () => {
      const nowMs = this.#clock.monotonicMs();
      return nowMs > endMs || (caller.ended && nowMs > this.#graceOf(caller, nowMs));
    };
  }

  #graceOf(caller: SqlCaller, nowMs: number): number {
    let grace = this.#graces.get(caller);
    if (grace === undefined)
      this.#graces.set(caller, (grace = nowMs + Math.min(GRACE_MS, this.#maxMs)));
    return grace;
  }
}
