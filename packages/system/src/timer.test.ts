import { describe, expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ProcessId } from "@kinode-ts/types";
import { createTimer } from "./timer.ts";

const A = "a:test:sys";

async function started(limits = {}) {
  const clock = createVirtualClock();
  const timer = createTimer({ clock }, limits);
  const harness = createModuleHarness(timer);
  await harness.start();
  return { clock, timer, harness };
}

describe("timer:distro:sys", () => {
  test("[M71] zero answers at once with an empty body, 200 ms not before 199 ms", async () => {
    const { clock, harness } = await started();
    const zero = await harness.ask(A, { body: { SetTimer: 0 } });
    expect(zero.body).toHaveLength(0);
    expect(zero.blob).toBeUndefined();
    harness.post(A, { body: { SetTimer: 200 }, metadata: "m" });
    await clock.advance(199);
    expect(harness.answers).toHaveLength(1);
    await clock.advance(1);
    expect(harness.answers).toHaveLength(2);
    expect(harness.answers[1]).toMatchObject({ text: "", metadata: undefined, blob: undefined });
  });

  test("[M72] a timer set without expecting a response still answers", async () => {
    const { clock, harness } = await started();
    const id = harness.post(A, { body: { SetTimer: 5 }, expectsResponse: null });
    await clock.advance(5);
    expect(harness.answers.map((answer) => answer.id)).toEqual([id]);
  });

  test("[M73] 3,000,000,000 ms does not fire early", async () => {
    const { clock, harness } = await started();
    harness.post(A, { body: { SetTimer: 3_000_000_000 } });
    await clock.advance(2_999_999_999);
    expect(harness.answers).toHaveLength(0);
    await clock.advance(1);
    expect(harness.answers).toHaveLength(1);
  });

  test("[M74] it is public, and a request of another node has no effect", async () => {
    const { clock, timer, harness } = await started();
    expect(timer.public).toBe(true);
    harness.post(A, { body: { SetTimer: 1 }, node: "bob.os" });
    await clock.advance(10);
    expect(harness.answers).toHaveLength(0);
    expect(harness.prints).toEqual([]);
  });

  test("[M75] the largest delay does not crash", async () => {
    const { clock, harness } = await started();
    harness.post(A, { body: '{"SetTimer":18446744073709551615}' });
    await clock.advance(1_000_000);
    expect(harness.answers).toHaveLength(0);
    expect(harness.prints).toEqual([]);
  });

  test("timers due in the same millisecond fire in the order they were set", async () => {
    const { clock, harness } = await started();
    const first = harness.post(A, { body: { SetTimer: 10 } });
    const second = harness.post("b:test:sys", { body: { SetTimer: 10 } });
    await clock.advance(10);
    expect(harness.answers.map(({ id }) => id)).toEqual([first, second]);
  });

  test("a body that is no timer request is printed at level 1 and dropped", async () => {
    const { harness } = await started();
    const bad = [
      '{"SetTimer":1.0}',
      '{"SetTimer":-1}',
      '{"SetTimer":"1"}',
      "{",
      '"Set"',
      "[]",
      "7",
    ];
    for (const body of bad) harness.post(A, { body });
    expect(harness.answers).toEqual([]);
    expect(harness.prints.map(({ verbosity }) => verbosity)).toEqual(bad.map(() => 1));
  });

  test("a process has at most its quota of timers, and loses them when it ends", async () => {
    const { clock, timer, harness } = await started({ maxTimersPerProcessCount: 2 });
    for (let i = 0; i < 3; i++) harness.post(A, { body: { SetTimer: 10 } });
    expect(harness.prints[0]?.text).toContain("one more is refused");
    harness.post("b:test:sys", { body: { SetTimer: 10 } });
    timer.processEnded?.(A as ProcessId);
    expect(clock.pendingTimerCount).toBe(1);
    await clock.advance(10);
    expect(harness.answers).toHaveLength(1);
  });

  test("Debug lists what is running, also written as an object", async () => {
    const { harness } = await started();
    harness.post(A, { body: { SetTimer: 1_000 } });
    harness.post(A, { body: '"Debug"' });
    expect(harness.prints.map(({ text }) => text)).toEqual([
      "timer: 1 running, due at 1 different times",
      "  in 1000 ms for a:test:sys",
    ]);
    harness.post(A, { body: { Debug: null } });
    expect(harness.prints).toHaveLength(4);
  });
});
