import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { Scheduler } from "./scheduler.ts";

const SLICE_MS = 4;

test("ready() continues a fiber at once while the slice lasts", () => {
  const scheduler = new Scheduler(createVirtualClock(), SLICE_MS);
  const ran: number[] = [];
  scheduler.ready(() => void ran.push(1));
  scheduler.ready(() => void ran.push(2));
  expect(ran).toEqual([1, 2]);
});

test("once the slice is over fibers wait for the event loop and go on first in, first out", async () => {
  const clock = createVirtualClock({ costPerReadMs: 1 });
  const scheduler = new Scheduler(clock, SLICE_MS);
  while (!scheduler.sliceIsOver());
  const ran: number[] = [];
  for (let fiber = 0; fiber < 5; fiber++) scheduler.ready(() => void ran.push(fiber));
  await Promise.resolve();
  expect(ran).toEqual([]);
  clock.runTurn();
  await clock.settle();
  expect(ran).toEqual([0, 1, 2, 3, 4]);
});

test("two fibers that wake each other for ever let the event loop turn", async () => {
  const clock = createVirtualClock({ costPerReadMs: 1 });
  const scheduler = new Scheduler(clock, SLICE_MS);
  let wakes = 0;
  let stopped = false;
  const chat = async (): Promise<void> => {
    while (!stopped) {
      wakes++;
      await new Promise<void>((resolve) => scheduler.ready(resolve));
    }
  };
  const chats = [chat(), chat()];
  // A socket that becomes readable: reached although both would go on without end.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.runTurn();
  }
  stopped = true;
  await clock.settle();
  await Promise.all(chats);
  expect(wakes).toBeGreaterThan(10);
});

test("a queued fiber is not overtaken by ones that become ready later", async () => {
  const clock = createVirtualClock();
  const scheduler = new Scheduler(clock, SLICE_MS);
  const ran: string[] = [];
  scheduler.ready(() => {});
  scheduler.yield(() => void ran.push("yielded"));
  scheduler.ready(() => void ran.push("later"));
  expect(ran).toEqual([]);
  await clock.settle();
  expect(ran).toEqual(["yielded", "later"]);
});

test("a fiber that yields within the slice goes on without a turn", async () => {
  const clock = createVirtualClock();
  const scheduler = new Scheduler(clock, SLICE_MS);
  let resumed = false;
  scheduler.yield(() => (resumed = true));
  await Promise.resolve();
  await Promise.resolve();
  expect(resumed).toBe(true);
  expect(scheduler.waitingCount).toBe(0);
});

test("thousands of ready fibers run in batches, and the slice ends between them", async () => {
  const clock = createVirtualClock({ costPerReadMs: 1 });
  const scheduler = new Scheduler(clock, SLICE_MS);
  while (!scheduler.sliceIsOver());
  let ran = 0;
  for (let fiber = 0; fiber < 5_000; fiber++) scheduler.ready(() => void ran++);
  clock.runTurn();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toBeGreaterThan(0);
  expect(ran).toBeLessThan(500);
  await clock.settle();
  expect(ran).toBe(5_000);
});
