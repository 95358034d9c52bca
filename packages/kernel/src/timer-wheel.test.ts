import { expect, test } from "bun:test";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { type TimerNode, TimerWheel } from "./timer-wheel.ts";

function createNode(fire: () => void): TimerNode {
  return { timerNext: undefined, timerPrevious: undefined, timerDeadlineMs: 0, fire };
}

test("timers of any length fire once, never early, a millisecond late at most", async () => {
  const random = createSeededRandom(7);
  const clock = createVirtualClock();
  const wheel = new TimerWheel(clock);
  const late: number[] = [];
  const lengths = [1, 63, 64, 65, 4_095, 4_096, 262_144, 16_777_216, 1_073_741_824, 3_000_000_000];
  for (let count = 0; count < 200; count++)
    lengths.push(random.below(400_000) + random.below(1_000) / 1_000);
  for (const length of lengths) {
    const deadline = clock.monotonicMs() + length;
    wheel.set(
      createNode(() => void late.push(clock.monotonicMs() - deadline)),
      deadline,
    );
  }
  await clock.advance(4_000_000_000);
  expect(late).toHaveLength(lengths.length);
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...late)).toBeLessThanOrEqual(1);
  expect(wheel.count).toBe(0);
});

test("a cancelled timer does not fire, and cancelling again does nothing", async () => {
  const clock = createVirtualClock();
  const wheel = new TimerWheel(clock);
  let fired = 0;
  const nodes = Array.from({ length: 100 }, () => createNode(() => void fired++));
  for (const [index, node] of nodes.entries()) wheel.set(node, 1_000 + index);
  for (const node of nodes.slice(0, 50)) {
    wheel.cancel(node);
    wheel.cancel(node);
  }
  expect(wheel.count).toBe(50);
  await clock.advance(5_000);
  expect(fired).toBe(50);
});

test("a hundred thousand timers cost one timer of the host", () => {
  const clock = createVirtualClock();
  const wheel = new TimerWheel(clock);
  for (let count = 0; count < 100_000; count++)
    wheel.set(
      createNode(() => {}),
      1_000 + count,
    );
  expect(clock.pendingTimerCount).toBe(1);
  wheel.clear();
  expect([wheel.count, clock.pendingTimerCount]).toEqual([0, 0]);
});

test("timers fire in the order of their deadlines, also after a long sleep of the host", async () => {
  const clock = createVirtualClock();
  const wheel = new TimerWheel(clock);
  const order: number[] = [];
  for (const deadline of [9_000, 100, 5_000, 70, 71]) {
    wheel.set(
      createNode(() => void order.push(deadline)),
      deadline,
    );
  }
  await clock.advance(100_000);
  expect(order).toEqual([70, 71, 100, 5_000, 9_000]);
});
