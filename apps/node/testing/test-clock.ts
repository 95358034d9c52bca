/**
 * The clock of a test node: it stands still as a virtual clock does, but a program that computes on and on is made to give
 * way, and then the test is told. Without that nothing would ever say that its slice is over, and the test would hang where
 * not even its own timeout is noticed.
 * @module
 */
import { createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import { processorMs } from "@kinode-ts/testing/processor-time";

export interface TestClockOptions {
  /** Processor time that programs may compute while the test waits for one thing, in milliseconds. */
  readonly maxComputeMs: number;
  /** Names who computes, for the error. */
  readonly whoComputes: () => string;
}

/** Processor time after which a program that computes gives way, in milliseconds. */
const STRETCH_MS = 200;
/** What such a stretch takes of virtual time, in milliseconds: more than any slice, so that it is over and counted. */
const STRETCH_COST_MS = 20;
/** Who computes looks at the clock more often than this; a longer gap was a pause, in milliseconds. */
const PAUSE_MS = 100;

/** @throws {Error} from `settle` and `advance`: a program has computed for `maxComputeMs` without an end */
export function createTestClock({ maxComputeMs, whoComputes }: TestClockOptions): VirtualClock {
  const clock = createVirtualClock();
  let sinceMs = 0;
  let lastReadMs = 0;
  let computedMs = 0;
  let takenMs = 0;

  const look = (): void => {
    const nowMs = processorMs();
    if (nowMs - lastReadMs > PAUSE_MS) sinceMs = nowMs;
    lastReadMs = nowMs;
    if (nowMs - sinceMs < STRETCH_MS) return;
    computedMs += nowMs - sinceMs;
    takenMs += STRETCH_COST_MS;
    sinceMs = nowMs;
  };
  const afterTurn = (turn: () => void): void =>
    clock.afterTurn(() => {
      sinceMs = lastReadMs = processorMs();
      if (computedMs < maxComputeMs) return turn();
      // Not lost: who ends the program needs it.
      afterTurn(turn);
      throw new Error(
        `${whoComputes()} computed for ${Math.round(computedMs / 100) / 10} s without an end. ` +
          "Let it wait for a message or a timer in between, or give startTestNode a larger maxComputeMs",
      );
    });
  const fresh = async <T>(step: () => Promise<T>): Promise<T> => {
    computedMs = 0;
    return await step();
  };
  return {
    get pendingTimerCount() {
      return clock.pendingTimerCount;
    },
    get pendingTurnCount() {
      return clock.pendingTurnCount;
    },
    nowMs: () => clock.nowMs() + takenMs,
    monotonicMs() {
      look();
      return clock.monotonicMs() + takenMs;
    },
    after: (delayMs, fire) => clock.after(delayMs, fire),
    afterTurn,
    runTurn: () => clock.runTurn(),
    settle: () => fresh(() => clock.settle()),
    advance: (ms) => fresh(() => clock.advance(ms)),
    runUntil: (promise, limitMs) => fresh(() => clock.runUntil(promise, limitMs)),
    setWallClock: (ms) => clock.setWallClock(ms - takenMs),
  };
}
