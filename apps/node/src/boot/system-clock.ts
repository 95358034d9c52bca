/**
 * The clock of this machine.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

/** Longest delay a host timer keeps; above it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fire) {
      const deadline = performance.now() + delayMs;
      let timer: ReturnType<typeof setTimeout>;
      const arm = (): void => {
        const left = deadline - performance.now();
        if (left <= 0) fire();
        else timer = setTimeout(arm, Math.min(left, MAX_TIMER_MS));
      };
      timer = setTimeout(arm, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
      return { cancel: () => clearTimeout(timer) };
    },
    afterTurn: (turn) => void setImmediate(turn),
  };
}
