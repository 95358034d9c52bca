/**
 * The clocks of a process in the units of WASI. One resolution for all of them: a microsecond.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import type { FiberPort } from "../fiber-port.ts";

export const RESOLUTION_NS = 1_000;
const NS_PER_MS = 1_000_000;

/** Whole microseconds are exact integers until the year 2255; nanoseconds since 1970 are above 2^53. */
export function nsOfMs(ms: number): U64 {
  const us = Math.floor(ms * 1_000);
  const ns = us * 1_000;
  return Number.isSafeInteger(ns) ? ns : BigInt(us) * 1_000n;
}

/** For delays and deadlines, where a lost nanosecond does not matter. */
export const msOfNs = (ns: U64): number => Number(ns) / NS_PER_MS;

/**
 * What the monotonic clock of a process is ahead of the node's, which may stand at 0: Go's runtime takes 0 for a clock that
 * does not work.
 */
const AHEAD_MS = 1;

export const monotonicNs = (process: FiberPort): U64 =>
  nsOfMs(process.environment.clock.monotonicMs() + AHEAD_MS);

/** The node's monotonic time at an instant of the process's. */
export const nodeMsOfInstant = (ns: U64): number => msOfNs(ns) - AHEAD_MS;

export const wallNs = (process: FiberPort): U64 => nsOfMs(process.environment.clock.nowMs());
