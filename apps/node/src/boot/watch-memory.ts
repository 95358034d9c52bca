/**
 * Keeps the node small on a small machine. The engine collects garbage when its heap has about doubled, and it counts the
 * memory of every process as heap, twice and whether it is used or not: beside a hundred processes it lets hundreds of
 * megabytes of garbage lie. Collecting all of it at once holds the thread for some 10 ms, so it is done where memory is short.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";

const MIB = 1024 * 1024;
const LOOK_EVERY_MS = 2_000;
/** Of the machine: with less in use there is no hurry. */
const SHORT_SHARE = 1 / 4;
/** Growth that is worth a collection: so much of the machine, … */
const GROWTH_SHARE = 1 / 16;
/** … but no less than this, … */
const MIN_GROWTH_BYTES = 64 * MIB;
/** … and no more. */
const MAX_GROWTH_BYTES = 512 * MIB;

export interface MemoryWatchPowers {
  readonly clock: Clock;
  /** Memory that the program may use; it may change. */
  readonly machineBytes: () => number;
  /** Memory that the program has now. @throws {Error} the system cannot tell, for want of a free file */
  readonly residentBytes: () => number;
  /** Collects all garbage, old as well: what the engine does beside the program's work is about what is new. */
  readonly collectGarbage: () => void;
}

/** Watches until the returned function is called. */
export function watchMemory(powers: MemoryWatchPowers): () => void {
  const { clock, machineBytes, residentBytes, collectGarbage } = powers;
  /** The least that was in use since the last collection. */
  let leastBytes = residentBytes();
  let hasCollected = false;
  let timer: TimerHandle;
  const bytesNow = (): number | undefined => {
    try {
      return residentBytes();
    } catch {
      return undefined;
    }
  };
  const look = (): void => {
    timer = clock.after(LOOK_EVERY_MS, look);
    const bytes = bytesNow();
    if (bytes === undefined) return;
    leastBytes = hasCollected ? bytes : Math.min(leastBytes, bytes);
    const machine = machineBytes();
    const worthBytes = Math.min(
      Math.max(machine * GROWTH_SHARE, MIN_GROWTH_BYTES),
      MAX_GROWTH_BYTES,
    );
    hasCollected = bytes >= machine * SHORT_SHARE && bytes - leastBytes >= worthBytes;
    if (hasCollected) collectGarbage();
  };
  timer = clock.after(LOOK_EVERY_MS, look);
  return () => timer.cancel();
}
