/**
 * Time, randomness and memories of the machine, for programs that use this package without a node.
 * @module
 */
import type { ComponentPowers } from "./api.ts";
import { systemMemories } from "./system-memories-bun.ts";

/** Longest delay of a timer of the host; a longer one is waited for in pieces. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clocks, its cryptographic randomness, and the memories of this program. */
export const systemPowers: ComponentPowers = {
  clock: {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fire) {
      let timer: ReturnType<typeof setTimeout>;
      const wait = (leftMs: number): void => {
        const nowMs = Math.min(leftMs, MAX_TIMER_MS);
        timer = setTimeout(() => (leftMs > nowMs ? wait(leftMs - nowMs) : fire()), nowMs);
      };
      wait(delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    afterTurn: (turn) => void setImmediate(turn),
  },
  get memories() {
    return systemMemories();
  },
  random: {
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    u64() {
      const [value] = crypto.getRandomValues(new BigUint64Array(1));
      return value! <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value!;
    },
  },
};
