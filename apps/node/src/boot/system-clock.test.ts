import { afterEach, expect, mock, spyOn, test } from "bun:test";
import { createTimer } from "@kinode-ts/system";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import { createSystemClock } from "./system-clock.ts";

const APP = "main:p:x.os";
/** What a timer of the host keeps; a longer delay would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

afterEach(() => mock.restore());

test("[M73] a delay that the host's timers cannot keep is waited for in parts", () => {
  let nowMs = 1_000;
  const armed: { readonly turn: () => void; readonly delayMs: number }[] = [];
  spyOn(performance, "now").mockImplementation(() => nowMs);
  spyOn(globalThis, "setTimeout").mockImplementation(((turn: () => void, delayMs: number) =>
    armed.push({ turn, delayMs })) as never);
  let firedMs: number | undefined;
  createSystemClock().after(3_000_000_000, () => (firedMs = nowMs));
  for (let next = armed.shift(); next !== undefined; next = armed.shift()) {
    expect(firedMs).toBeUndefined();
    expect(next.delayMs).toBeLessThanOrEqual(MAX_TIMER_MS);
    nowMs += next.delayMs;
    next.turn();
  }
  expect(firedMs).toBe(3_000_001_000);
});

test("[M71] [M73] [M75] on the machine's own clock nothing is early, however long the delay", async () => {
  const harness = createModuleHarness(createTimer({ clock: createSystemClock() }));
  await harness.start();
  const startedMs = performance.now();
  for (const ms of ["3000000000", "2147483648", "4294967297", "18446744073709551615"]) {
    harness.post(APP, { body: `{"SetTimer":${ms}}`, id: Number(ms) });
  }
  await harness.ask(APP, { body: { SetTimer: 0 }, id: 1 });
  await harness.ask(APP, { body: { SetTimer: 200 }, id: 2 });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(199);
  expect(harness.answers.map(({ id }) => id)).toEqual([1, 2]);
});

test("a timer that is cancelled does not fire", async () => {
  const clock = createSystemClock();
  const fired: string[] = [];
  const cancelled = clock.after(1, () => fired.push("cancelled"));
  cancelled.cancel();
  await new Promise<void>((done) => clock.after(20, done));
  expect(fired).toEqual([]);
});
