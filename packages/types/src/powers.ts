/**
 * The powers core code takes as arguments instead of reaching for the host's globals.
 * @module
 */
import type { ProcessId } from "./address.ts";
import type { U64 } from "./u64.ts";

export interface TimerHandle {
  /** Does nothing when the timer has fired. */
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Monotonic milliseconds with fractions, for durations and deadlines. */
  monotonicMs(): number;
  /** Calls `fire` once, not before `delayMs` have passed; any finite delay, also above 2^31 − 1. */
  after(delayMs: number, fire: () => void): TimerHandle;
  /** Calls `turn` after the host's event loop has turned once: sockets and timers had their chance. */
  afterTurn(turn: () => void): void;
}

export interface Random {
  /** `length` cryptographically secure bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
  /** A uniformly random u64. */
  u64(): U64;
}

/**
 * Lines for the person who runs the node: terminal and log file.
 * Verbosity 0 always shown, 1 debug, 2 super-debug, 3 every event (spec/kernel.md §8.1).
 */
export interface Printer {
  print(verbosity: number, source: ProcessId, text: string): void;
}
