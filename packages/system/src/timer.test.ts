import { expect, test } from "bun:test";
import fc from "fast-check";
import { createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import {
  createModuleHarness,
  isThroughKernel,
  type ModuleHarness,
} from "@kinode-ts/testing/module-harness";
import { createTimer } from "./timer.ts";
import { TimerQueue } from "./timer-queue.ts";

const APP = "main:p:x.os";

function setUp(maxTimersPerProcess?: number): {
  clock: VirtualClock;
  harness: ModuleHarness;
  module: ReturnType<typeof createTimer>;
} {
  const clock = createVirtualClock();
  const module = createTimer({
    clock,
    limits:
      maxTimersPerProcess === undefined ? {} : { maxTimersPerProcessCount: maxTimersPerProcess },
  });
  const harness = createModuleHarness(module);
  void harness.start();
  return { clock, harness, module };
}

test("[M71] 0 answers at once with an empty body, 200 not before 199 ms", async () => {
  const { clock, harness } = setUp();
  harness.post(APP, { body: { SetTimer: 0 }, id: 1 });
  await harness.delivered();
  expect(harness.answers).toMatchObject([{ id: 1, blob: undefined, metadata: undefined }]);
  expect(harness.answers[0]!.body).toEqual(new Uint8Array(0));
  harness.post(APP, { body: { SetTimer: 200 }, id: 2, metadata: "note" });
  await harness.delivered();
  await clock.advance(198.9);
  expect(harness.answers).toHaveLength(1);
  await clock.advance(1.2);
  expect(harness.answers[1]).toMatchObject({ id: 2, metadata: undefined });
  expect(harness.answers[1]!.body).toEqual(new Uint8Array(0));
});

test("[M72] a timer that expects no response still answers", async () => {
  const { clock, harness } = setUp();
  harness.post(APP, { body: { SetTimer: 5 }, id: 3, expectsResponse: null });
  await harness.delivered();
  await clock.advance(5);
  expect(harness.answers.map(({ id, target }) => [id, target.process as string])).toEqual([
    [3, APP],
  ]);
});

test("[M73] three billion milliseconds do not fire early", async () => {
  const { clock, harness } = setUp();
  harness.post(APP, { body: { SetTimer: 3_000_000_000 } });
  await harness.delivered();
  await clock.advance(2_999_999_999);
  expect(harness.answers).toHaveLength(0);
  await clock.advance(1);
  expect(harness.answers).toHaveLength(1);
});

test("[M74] any local process may use it without capabilities, other nodes have no effect", async () => {
  const { clock, harness, module } = setUp();
  expect(module.public).toBe(true);
  expect(harness.held("stranger:q:y.os")).toEqual([]);
  harness.post("stranger:q:y.os", { body: { SetTimer: 1 } });
  harness.post(APP, { body: { SetTimer: 1 }, node: "bob.os" });
  harness.post(APP, { body: { SetTimer: 0 }, node: "bob.os" });
  await harness.delivered();
  await clock.advance(10);
  expect(harness.answers.map(({ target }) => target.process as string)).toEqual([
    "stranger:q:y.os",
  ]);
  expect(clock.pendingTimerCount).toBe(0);
});

test("[M75] the largest u64 does not crash and never fires", async () => {
  const { clock, harness } = setUp();
  harness.post(APP, { body: '{"SetTimer":18446744073709551615}' });
  harness.post(APP, { body: { SetTimer: 10 }, id: 9 });
  await harness.delivered();
  await clock.advance(1_000_000_000_000);
  expect(harness.answers.map(({ id }) => id)).toEqual([9]);
});

test("timers due together fire in insertion order, a later request does not delay an earlier", async () => {
  const { clock, harness } = setUp();
  for (const [id, ms] of [
    [1, 30],
    [2, 10],
    [3, 10],
    [4, 20],
  ] as const) {
    harness.post(APP, { body: { SetTimer: ms }, id });
  }
  await harness.delivered();
  await clock.advance(10);
  expect(harness.answers.map(({ id }) => id)).toEqual([2, 3]);
  await clock.advance(20);
  expect(harness.answers.map(({ id }) => id)).toEqual([2, 3, 4, 1]);
});

test("what is due in one millisecond comes in insertion order, whenever in it each was set", async () => {
  const { clock, harness } = setUp();
  const set = async (id: number, ms: number): Promise<void> => {
    harness.post(APP, { body: { SetTimer: ms }, id });
    await harness.delivered();
  };
  await clock.advance(0.7);
  await set(1, 10);
  await clock.advance(0.8);
  // Due earlier than the first one, by less than a millisecond.
  await set(2, 9);
  await set(3, 8);
  await clock.advance(100);
  expect(harness.answers.map(({ id }) => id)).toEqual([3, 1, 2]);
});

test("wall clock steps do not matter", async () => {
  const { clock, harness } = setUp();
  harness.post(APP, { body: { SetTimer: 1000 } });
  await harness.delivered();
  clock.setWallClock(clock.nowMs() + 3_600_000);
  await clock.advance(999);
  expect(harness.answers).toHaveLength(0);
  clock.setWallClock(0);
  await clock.advance(1);
  expect(harness.answers).toHaveLength(1);
});

test("timers of an ended process are dropped and the host's alarm with them", async () => {
  const { clock, harness, module } = setUp();
  harness.post(APP, { body: { SetTimer: 10 } });
  harness.post("other:q:y.os", { body: { SetTimer: 20 } });
  await harness.delivered();
  module.processEnded!(APP as never);
  await clock.advance(100);
  expect(harness.answers.map(({ target }) => target.process as string)).toEqual(["other:q:y.os"]);
});

test("a process has a bounded number of timers, at the bound and one past it", async () => {
  const { clock, harness } = setUp(3);
  for (let id = 1; id <= 4; id++) harness.post(APP, { body: { SetTimer: 10 }, id });
  harness.post("other:q:y.os", { body: { SetTimer: 10 }, id: 5 });
  await harness.delivered();
  expect(harness.prints.at(-1)!.text).toContain("at most 3");
  await clock.advance(10);
  expect(harness.answers.map(({ id }) => id)).toEqual([1, 2, 3, 5]);
  harness.post(APP, { body: { SetTimer: 10 }, id: 6 });
  await harness.delivered();
  await clock.advance(10);
  expect(harness.answers.at(-1)!.id).toBe(6);
});

test("Debug prints, malformed bodies are printed and dropped", async () => {
  const { harness } = setUp();
  harness.post(APP, { body: { SetTimer: 10 } });
  harness.post(APP, { body: "Debug" });
  harness.post(APP, { body: '"Debug"' });
  for (const body of ['{"SetTimer":1.0}', '{"SetTimer":-1}', '{"SetTimer":"5"}', "", "[]"]) {
    harness.post(APP, { body });
  }
  await harness.delivered();
  expect(harness.answers).toEqual([]);
  expect(harness.prints.filter(({ verbosity }) => verbosity === 0).map(({ text }) => text)).toEqual(
    ["timer: 1 due times, 1 timers", "timer: 1 in 10 ms"],
  );
  expect(harness.prints.filter(({ verbosity }) => verbosity === 1)).toHaveLength(6);
});

test("Debug prints no more than a hundred due times", async () => {
  const { harness } = setUp();
  for (const ms of Array.from({ length: 103 }, (_, index) => 500 - index)) {
    harness.post(APP, { body: { SetTimer: ms } });
  }
  harness.post(APP, { body: { SetTimer: 500 } });
  harness.post(APP, { body: { SetTimer: 398 } });
  harness.post(APP, { body: '"Debug"' });
  await harness.delivered();
  const texts = harness.prints.map(({ text }) => text);
  expect(texts.slice(0, 3)).toEqual([
    "timer: 103 due times, 105 timers",
    "timer: 2 in 398 ms",
    "timer: 1 in 399 ms",
  ]);
  expect([texts.length, texts.at(-1)]).toEqual([102, "timer: and 3 later due times"]);
});

test.skipIf(isThroughKernel())("Debug does not look at more than ten thousand timers", async () => {
  const { harness } = setUp();
  for (let count = 0; count < 10_001; count++) harness.post(APP, { body: { SetTimer: 5_000 } });
  harness.post(APP, { body: '"Debug"' });
  await harness.delivered();
  expect(harness.prints.map(({ text }) => text)).toEqual(["timer: 10001 timers, too many to list"]);
});

test("many that are due at once let the event loop turn in between, in their order", async () => {
  const clock = createVirtualClock();
  const sent: number[] = [];
  const afterTurn = (turn: () => void): void => {
    sent.push(harness.answers.length);
    clock.afterTurn(turn);
  };
  const harness = createModuleHarness(
    createTimer({
      clock: {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
        after: (ms, fire) => clock.after(ms, fire),
        afterTurn,
      },
    }),
  );
  await harness.start();
  for (let id = 1; id <= 5_000; id++) harness.post(APP, { body: { SetTimer: 10 }, id });
  await harness.delivered();
  await clock.advance(10);
  expect(sent).toEqual([2_000, 4_000]);
  expect(harness.answers.map(({ id }) => id)).toEqual(
    Array.from({ length: 5_000 }, (_, index) => index + 1),
  );
});

test("the queue gives back what was put in, sorted", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (dues, dropped) => {
      const queue = new TimerQueue();
      const items = dues.map((dueMs, sequence) => ({ dueMs, sequence }));
      for (const item of items) queue.add(item);
      queue.filter(({ dueMs }) => dueMs !== dropped);
      const taken = Array.from({ length: queue.size }, () => queue.take()!);
      const kept = items.filter(({ dueMs }) => dueMs !== dropped);
      expect(taken).toEqual(kept.toSorted((a, b) => a.dueMs - b.dueMs || a.sequence - b.sequence));
      expect(queue.take()).toBeUndefined();
    }),
  );
});
