import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import type { Clock } from "@kinode-ts/types";
import { type CpuLimit, CpuShare } from "./cpu-share.ts";
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

test("what modules did for a fiber counts in its slice", async () => {
  let nowMs = 0;
  const clock = createVirtualClock();
  const slow: Clock = { ...clock, monotonicMs: () => nowMs, afterTurn: (t) => clock.afterTurn(t) };
  const scheduler = new Scheduler(slow, SLICE_MS);
  let count = 0;
  const ask = (): void => {
    if (count === 20) return;
    count++;
    nowMs += 2; // a disk
    scheduler.worked();
    scheduler.ready(ask);
  };
  scheduler.ready(ask);
  expect(count).toBe(SLICE_MS / 2);
  await clock.settle();
  expect(count).toBe(20);
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

// --- shares -----------------------------------------------------------------------------------------------------------

/** A clock that moves only when a fiber works, a scheduler on it, and fibers that account what they use. */
function processor(computeSliceMs = SLICE_MS) {
  const clock = createVirtualClock();
  let nowMs = 0;
  const time: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, fire) => clock.after(delayMs, fire),
    afterTurn: (turn) => clock.afterTurn(turn),
  };
  const scheduler = new Scheduler(time, SLICE_MS, computeSliceMs);
  let stopped = false;
  const fiber = (limit: Partial<CpuLimit> = {}) => {
    const account = { usedMs: 0 };
    const share = Object.assign(new CpuShare(() => account.usedMs), limit);
    const work = (ms: number): void => {
      nowMs += ms;
      account.usedMs += ms;
    };
    return { account, share, work };
  };
  type Fiber = ReturnType<typeof fiber>;
  /** Computes without end, in steps of half a millisecond. */
  const computes = ({ share, work }: Fiber): void => {
    const slice = async (): Promise<void> => {
      await Promise.resolve();
      while (!stopped) {
        work(0.5);
        if (scheduler.sliceIsOver())
          await new Promise<void>((resolve) => scheduler.yield(resolve, share));
      }
    };
    void slice();
  };
  /** Turns of the event loop, each with something that happened in it. */
  const turns = async (
    count: number,
    happens: (turn: number) => void = () => {},
  ): Promise<void> => {
    for (let turn = 0; turn < count; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      happens(turn);
      nowMs += 0.01;
      clock.runTurn();
    }
  };
  return {
    scheduler,
    fiber,
    computes,
    turns,
    now: () => nowMs,
    stop: () => (stopped = true),
  };
}

test("two that compute get the processor in the relation of their shares", async () => {
  const { fiber, computes, turns, stop } = processor();
  const [one, four] = [fiber({ shares: 1 }), fiber({ shares: 4 })];
  for (const each of [one, four]) computes(each);
  await turns(500);
  stop();
  expect(one.account.usedMs).toBeGreaterThan(100);
  expect(four.account.usedMs / one.account.usedMs).toBeCloseTo(4, 0);
});

test("a hundred that compute get the same, and one with ten shares ten times that", async () => {
  const { fiber, computes, turns, stop } = processor();
  const all = Array.from({ length: 100 }, () => fiber());
  const ten = fiber({ shares: 10 });
  for (const each of [...all, ten]) computes(each);
  await turns(2_200);
  stop();
  const used = all.map(({ account }) => account.usedMs);
  expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(2 * SLICE_MS);
  const mean = used.reduce((sum, ms) => sum + ms, 0) / used.length;
  expect(ten.account.usedMs / mean).toBeGreaterThan(9);
  expect(ten.account.usedMs / mean).toBeLessThan(11);
});

test("a turn of those that compute lasts no longer than its own slice", async () => {
  const { fiber, computes, turns, stop, now } = processor(1);
  for (let i = 0; i < 2; i++) computes(fiber());
  await turns(4);
  const lengths: number[] = [];
  let lastMs = now();
  await turns(20, () => {
    lengths.push(now() - lastMs);
    lastMs = now();
  });
  stop();
  expect(Math.max(...lengths)).toBeLessThanOrEqual(1.02);
  expect(Math.min(...lengths.slice(1))).toBeGreaterThan(0.9);
});

test("one that computes alone gets everything, whatever its share", async () => {
  const { fiber, computes, turns, stop, now } = processor();
  const alone = fiber({ shares: 1 });
  computes(alone);
  await turns(100);
  stop();
  expect(alone.account.usedMs).toBeGreaterThan(0.95 * now());
});

test("of many that start at once only so many do in a turn as the slice has time for", async () => {
  const { scheduler, fiber, turns } = processor();
  const started: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { share, work } = fiber();
    scheduler.start(() => {
      started.push(i);
      work(1);
    }, share);
  }
  expect(started).toEqual([0]);
  await turns(1);
  await Promise.resolve();
  expect(started.length).toBeLessThanOrEqual(2 + SLICE_MS);
  await turns(10);
  expect(started).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("a process that was quiet has its burst at full speed, then is held to its share", async () => {
  const { scheduler, fiber, computes, turns, stop, now } = processor();
  const heavy = fiber();
  const bursty = fiber({ burstMs: 60 });
  computes(heavy);
  // It is known, and lets others use the processor.
  await turns(2);
  scheduler.ready(() => {}, bursty.share);
  await turns(100);
  scheduler.ready(() => {}, bursty.share);
  const [startMs, heavyMs] = [now(), heavy.account.usedMs];
  computes(bursty);
  let fullSpeedMs = 0;
  await turns(400, () => {
    if (heavy.account.usedMs - heavyMs <= 2 * SLICE_MS) fullSpeedMs = now() - startMs;
  });
  stop();
  expect(fullSpeedMs).toBeGreaterThan(30);
  expect(fullSpeedMs).toBeLessThan(90);
  const lead = bursty.account.usedMs - (heavy.account.usedMs - heavyMs);
  expect(Math.abs(lead - 60)).toBeLessThanOrEqual(3 * SLICE_MS);
});

for (const count of [1, 10, 100]) {
  test(`a light process is woken within a slice beside ${count} that compute`, async () => {
    const { scheduler, fiber, computes, turns, stop, now } = processor();
    for (let i = 0; i < count; i++) computes(fiber());
    const light = fiber();
    const waits: number[] = [];
    await turns(40 * count, (turn) => {
      if (turn < 2 * count || turn % 7 !== 0) return;
      const wokenMs = now();
      scheduler.ready(() => {
        waits.push(now() - wokenMs);
        light.work(0.05);
      }, light.share);
    });
    stop();
    expect(waits.length).toBeGreaterThan(4);
    expect(Math.max(...waits)).toBeLessThanOrEqual(SLICE_MS + 0.5);
  });
}

test("a process that was there before has its whole burst beside a hundred that start at once", async () => {
  const { scheduler, fiber, computes, turns, stop, now } = processor();
  const old = fiber();
  scheduler.start(() => old.work(1), old.share);
  await turns(3);
  // alone for a while, and using much
  scheduler.ready(() => old.work(1_000), old.share);
  await turns(3);
  for (let i = 0; i < 100; i++) {
    const hog = fiber();
    scheduler.start(() => computes(hog), hog.share);
  }
  const waits: number[] = [];
  await turns(200, (turn) => {
    if (turn % 2 !== 0) return;
    const wokenMs = now();
    scheduler.ready(() => {
      waits.push(now() - wokenMs);
      old.work(1);
    }, old.share);
  });
  stop();
  // more than the 10 ms that a fresh one has, less than 200
  expect(waits.length).toBe(100);
  expect(Math.max(...waits)).toBeLessThanOrEqual(SLICE_MS + 1);
});

test("two that chat without end get no more than their shares beside one that computes", async () => {
  const { scheduler, fiber, computes, turns, stop, now } = processor();
  const heavy = fiber();
  const pair = [fiber({ burstMs: 20 }), fiber({ burstMs: 20 })];
  let stopped = false;
  const chat = async ({ share, work }: ReturnType<typeof fiber>): Promise<void> => {
    while (!stopped) {
      work(0.02);
      await new Promise<void>((resolve) => scheduler.ready(resolve, share));
    }
  };
  computes(heavy);
  for (const each of pair) void chat(each);
  await turns(600);
  stopped = true;
  stop();
  const third = now() / 3;
  expect(heavy.account.usedMs).toBeGreaterThan(0.95 * third);
  for (const { account } of pair) {
    expect(account.usedMs).toBeGreaterThan(0.6 * third);
    expect(account.usedMs).toBeLessThan(1.05 * third);
  }
});

test("what was used while nobody else wanted the processor is not held against a process", async () => {
  const { scheduler, fiber, computes, turns, stop, now } = processor();
  const chatty = fiber();
  scheduler.ready(() => chatty.work(3_600_000), chatty.share);
  await turns(1);
  computes(fiber());
  await turns(10);
  const wokenMs = now();
  let waitedMs = Infinity;
  await turns(4, (turn) => {
    if (turn === 0) scheduler.ready(() => (waitedMs = now() - wokenMs), chatty.share);
  });
  stop();
  expect(waitedMs).toBeLessThanOrEqual(SLICE_MS + 0.5);
});
