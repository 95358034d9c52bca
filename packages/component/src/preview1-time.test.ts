import { expect, test } from "bun:test";
import { createWasiProcess } from "../test/wasi-process.ts";
import type { WasiProcess } from "../test/wasi-process.ts";

const SUBSCRIPTIONS = 1_024;
const EVENTS = 4_096;
const FIRED = 8_000;
const START_NS = 1_738_281_600_000_000_000n; // 2025-01-31T00:00:00Z, where the virtual clock starts
const MS = 1_000_000n;
const CLOCK = { realtime: 0, monotonic: 1 };
const SUCCESS = 0;
const WAIT = -1;

interface Clock {
  readonly clock: number;
  readonly ns: bigint;
  readonly absolute?: boolean;
}
interface Stream {
  readonly type: number;
  readonly fd: number;
}
type Subscription = Clock | Stream;

/** Writes subscriptions with their place as user data and polls. */
function poll(process: WasiProcess, subscriptions: readonly Subscription[]): unknown {
  subscriptions.forEach((subscription, i) => {
    const view = process.view();
    const start = SUBSCRIPTIONS + 48 * i;
    view.setBigUint64(start, BigInt(100 + i), true);
    if ("type" in subscription) {
      view.setUint8(start + 8, subscription.type);
      view.setUint32(start + 16, subscription.fd, true);
      return;
    }
    view.setUint8(start + 8, 0);
    view.setUint32(start + 16, subscription.clock, true);
    view.setBigUint64(start + 24, subscription.ns, true);
    view.setUint16(start + 40, subscription.absolute === true ? 1 : 0, true);
  });
  process.view().setUint32(FIRED, 0, true);
  return process.preview1("poll_oneoff", SUBSCRIPTIONS, EVENTS, subscriptions.length, FIRED);
}

function events(process: WasiProcess): { userData: number; errno: number; type: number }[] {
  const view = process.view();
  return Array.from({ length: view.getUint32(FIRED, true) }, (_, i) => {
    const start = EVENTS + 32 * i;
    return {
      userData: Number(view.getBigUint64(start, true)),
      errno: view.getUint16(start + 8, true),
      type: view.getUint8(start + 10),
    };
  });
}

test("of several times the first ends the wait, and all that are due then are told", async () => {
  const process = createWasiProcess();
  const answer = poll(process, [
    { clock: CLOCK.monotonic, ns: 500n * MS },
    { clock: CLOCK.monotonic, ns: 200n * MS },
    { clock: CLOCK.realtime, ns: 200n * MS },
  ]);
  expect(answer).toBe(WAIT);
  await process.clock.advance(199);
  expect(events(process)).toEqual([]);
  await process.clock.advance(1);
  expect(events(process)).toEqual([
    { userData: 101, errno: 0, type: 0 },
    { userData: 102, errno: 0, type: 0 },
  ]);
});

test("absolute times count from each clock's own start", async () => {
  const process = createWasiProcess();
  await process.clock.advance(1_000);
  const monotonicNs = BigInt(Math.round(process.clock.monotonicMs() * 1e6));
  const answer = poll(process, [
    { clock: CLOCK.monotonic, ns: monotonicNs + 70n * MS, absolute: true },
    { clock: CLOCK.realtime, ns: START_NS + 1_050n * MS, absolute: true },
  ]);
  expect(answer).toBe(WAIT);
  await process.clock.advance(49);
  expect(events(process)).toEqual([]);
  await process.clock.advance(1);
  expect(events(process)).toEqual([{ userData: 101, errno: 0, type: 0 }]);
});

test("a time in the past is due at once", () => {
  const process = createWasiProcess();
  const past = { clock: CLOCK.realtime, ns: 1n, absolute: true };
  expect(poll(process, [past, { clock: CLOCK.monotonic, ns: 5n * MS }])).toBe(SUCCESS);
  expect(events(process)).toEqual([{ userData: 100, errno: 0, type: 0 }]);
});

test("streams are ready, unknown descriptors, clocks and kinds are told as errors, and none of them waits", () => {
  const process = createWasiProcess();
  const answer = poll(process, [
    { clock: CLOCK.monotonic, ns: 1_000n * MS },
    { type: 2, fd: 1 },
    { type: 1, fd: 0 },
    { type: 1, fd: 9 },
    { type: 7, fd: 0 },
    { clock: 77, ns: 0n },
  ]);
  expect(answer).toBe(SUCCESS);
  expect(events(process)).toEqual([
    { userData: 101, errno: 0, type: 2 },
    { userData: 102, errno: 0, type: 1 },
    { userData: 103, errno: 8, type: 1 },
    { userData: 104, errno: 28, type: 7 },
    { userData: 105, errno: 28, type: 0 },
  ]);
});

test("no subscriptions, or too many, are refused", () => {
  const process = createWasiProcess();
  expect(process.preview1("poll_oneoff", SUBSCRIPTIONS, EVENTS, 0, FIRED)).toBe(28);
  expect(process.preview1("poll_oneoff", SUBSCRIPTIONS, EVENTS, 1_025, FIRED)).toBe(28);
});

test("clocks tell the virtual time, to the microsecond", async () => {
  const process = createWasiProcess();
  const now = (clock: number): bigint => {
    expect(process.preview1("clock_time_get", clock, 0n, 512)).toBe(SUCCESS);
    return process.view().getBigUint64(512, true);
  };
  const [wall, monotonic] = [now(CLOCK.realtime), now(CLOCK.monotonic)];
  expect(wall).toBe(START_NS);
  await process.clock.advance(1_234.567);
  // the virtual wall clock has whole milliseconds
  expect(now(CLOCK.realtime) - wall).toBe(1_234_000_000n);
  expect(now(CLOCK.monotonic) - monotonic).toBe(1_234_567_000n);
  expect(now(2) - monotonic).toBe(1_234_567_000n);
  process.clock.setWallClock(0);
  expect(now(CLOCK.realtime)).toBe(0n);
});
