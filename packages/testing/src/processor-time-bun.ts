/**
 * Processor time, for tests that bound how much something costs. A bound in time of the clock fails wherever the machine does
 * something else as well; what a program used of the processor hardly changes then.
 * @module
 */
import { readFileSync } from "node:fs";

/** Milliseconds of the processor that this program has used so far, all its threads together. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** What waits for the event loop waits for its thread. Absent where the system does not tell (anything but Linux). */
const USED = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Milliseconds of the processor that the thread of the tests has used so far: between two turns of the event loop it is how
 * long the loop was held up, exact to a few milliseconds. Time of the clock where the system does not tell.
 */
export function mainThreadMs(): number {
  try {
    return Number(readFileSync(USED, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Milliseconds of the processor that `act` takes until it settles, whatever else the machine does. */
export async function processorMsOf(act: () => unknown): Promise<number> {
  const startedMs = processorMs();
  await act();
  return processorMs() - startedMs;
}

/** How much of the thread's processor time one turn of the event loop took at most until `act` settled, in milliseconds. */
export async function longestTurnMs(act: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = mainThreadMs();
  let isDone = false;
  const look = (): void => {
    const nowMs = mainThreadMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  await act();
  isDone = true;
  look();
  return longestMs;
}
