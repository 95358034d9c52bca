/**
 * Work in small steps, so that others can have their turn in between.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";

/** Each step takes a millisecond at most. */
export type Steps<T> = Generator<void, T>;

/** All steps at once: of what is small. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** @param giveWay - awaited before each step; `undefined` while there is time left */
export async function runInTurns<T>(steps: Steps<T>, giveWay: () => Awaitable<void>): Promise<T> {
  for (;;) {
    const turn = giveWay();
    // oxlint-disable-next-line no-await-in-loop -- one step after the other
    if (turn !== undefined) await turn;
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
