import { expect, test } from "bun:test";
import { createVirtualClock } from "./virtual-clock.ts";

test("advance() fires timers at their own moments, in order of due time and then of age", async () => {
  const clock = createVirtualClock();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.monotonicMs()}`);
  clock.after(20, note("late"));
  clock.after(10, note("first"));
  clock.after(10, note("second"));
  const cancelled = clock.after(5, note("cancelled"));
  cancelled.cancel();
  await clock.advance(15);
  expect(fired).toEqual(["first@10", "second@10"]);
  expect(clock.monotonicMs()).toBe(15);
  expect(clock.pendingTimerCount).toBe(1);
  await clock.advance(5);
  expect(fired).toEqual(["first@10", "second@10", "late@20"]);
});

test("advance() fires timers that timers start, when they are due in the same stretch", async () => {
  const clock = createVirtualClock();
  const fired: number[] = [];
  function again(): void {
    fired.push(clock.monotonicMs());
    if (fired.length < 4) clock.after(10, again);
  }
  clock.after(10, again);
  await clock.advance(35);
  expect(fired).toEqual([10, 20, 30]);
});

test("a delay of 2^40 seconds does not fire early", async () => {
  const clock = createVirtualClock();
  let fired = false;
  clock.after(2 ** 40 * 1000, () => {
    fired = true;
  });
  await clock.advance(2 ** 40 * 1000 - 1);
  expect(fired).toBe(false);
  await clock.advance(1);
  expect(fired).toBe(true);
});

test("settle() runs promises and turns until nothing is left, without moving time", async () => {
  const clock = createVirtualClock();
  let turns = 0;
  function turn(): void {
    turns++;
    if (turns < 5) void Promise.resolve().then(() => clock.afterTurn(turn));
  }
  clock.afterTurn(turn);
  await clock.settle();
  expect(turns).toBe(5);
  expect(clock.monotonicMs()).toBe(0);
});

test("runTurn() leaves the turns that turns ask for to the next one", () => {
  const clock = createVirtualClock();
  let count = 0;
  const turn = (): void => {
    count++;
    clock.afterTurn(turn);
  };
  clock.afterTurn(turn);
  expect(clock.runTurn()).toBe(1);
  expect(count).toBe(1);
  expect(clock.pendingTurnCount).toBe(1);
});

test("runUntil() moves time as far as the promise needs", async () => {
  const clock = createVirtualClock();
  const value = new Promise<string>((resolve) => clock.after(60_000, () => resolve("done")));
  expect(await clock.runUntil(value)).toBe("done");
  expect(clock.monotonicMs()).toBe(60_000);
  const never = new Promise(() => {});
  expect(clock.runUntil(never)).rejects.toThrow("no timer is left");
});

test("the wall clock can jump without touching timers", async () => {
  const clock = createVirtualClock({ startMs: 1_000 });
  let fired = false;
  clock.after(10, () => {
    fired = true;
  });
  clock.setWallClock(5_000_000);
  await clock.settle();
  expect(fired).toBe(false);
  await clock.advance(10);
  expect(fired).toBe(true);
  expect(clock.nowMs()).toBe(5_000_010);
});

test("costPerReadMs lets time pass by looking at it", () => {
  const clock = createVirtualClock({ costPerReadMs: 0.5 });
  expect([clock.monotonicMs(), clock.monotonicMs()]).toEqual([0.5, 1]);
});
