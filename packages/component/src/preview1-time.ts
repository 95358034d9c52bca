/**
 * Preview 1: clocks, and waiting for times. Streams are always ready, so whoever polls one as well does not wait.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { storeU64 } from "./canonical-abi/scalars.ts";
import type { FiberPort } from "./fiber-port.ts";
import { ERRNO, STDIN, at, isStream } from "./preview1-memory.ts";
import { RESOLUTION_NS, monotonicNs, msOfNs, wallNs } from "./wasi/time.ts";

const CLOCK_REALTIME = 0;
/** Monotonic, and the two of processor time, which are taken for it. */
const LAST_CLOCK = 3;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const EVENT = { clock: 0, read: 1, write: 2 } as const;
/** Event flag: the other side of the stream is closed. */
const HANGUP = 1;
const ABSOLUTE = 1;
const MAX_SUBSCRIPTIONS = 1_024;

const isClock = (clock: number): boolean => clock >= CLOCK_REALTIME && clock <= LAST_CLOCK;

const nowNs = (fiber: FiberPort, clock: number): U64 =>
  clock === CLOCK_REALTIME ? wallNs(fiber) : monotonicNs(fiber);

export function clockTimeGet(
  fiber: FiberPort,
  clock: number,
  _precision: number,
  pointer: number,
): number {
  if (!isClock(clock)) return ERRNO.inval;
  const word = at(fiber, pointer, 8, 8) >> 2;
  storeU64(fiber.memory.u32, nowNs(fiber, clock), word);
  return ERRNO.success;
}

export function clockResGet(fiber: FiberPort, clock: number, pointer: number): number {
  if (!isClock(clock)) return ERRNO.inval;
  storeU64(fiber.memory.u32, RESOLUTION_NS, at(fiber, pointer, 8, 8) >> 2);
  return ERRNO.success;
}

/** One thing polled for, read out of the guest's memory: the answer may be written over it. */
interface Subscription {
  readonly userData: Uint8Array;
  readonly type: number;
  readonly errno: number;
  /** Milliseconds from now; 0 for what is ready. */
  readonly delayMs: number;
  readonly flags: number;
}

function readSubscription(fiber: FiberPort, start: number): Subscription {
  const view = fiber.memory.dataView();
  const userData = fiber.memory.bytes(start, 8);
  const type = view.getUint8(start + 8);
  const ready = { userData, type, delayMs: 0, flags: 0 };
  const id = view.getUint32(start + 16, true);
  if (type !== EVENT.clock) {
    if (type > EVENT.write) return { ...ready, errno: ERRNO.inval };
    if (!isStream(id)) return { ...ready, errno: ERRNO.badf };
    return { ...ready, errno: ERRNO.success, flags: id === STDIN ? HANGUP : 0 };
  }
  if (!isClock(id)) return { ...ready, errno: ERRNO.inval };
  const timeout = view.getBigUint64(start + 24, true);
  const isAbsolute = (view.getUint16(start + 40, true) & ABSOLUTE) !== 0;
  const left = isAbsolute ? timeout - BigInt(nowNs(fiber, id)) : timeout;
  return { ...ready, errno: ERRNO.success, delayMs: Math.max(0, msOfNs(Number(left))) };
}

function writeEvent(fiber: FiberPort, start: number, event: Subscription): void {
  const { u8 } = fiber.memory;
  u8.fill(0, start, start + EVENT_BYTES);
  u8.set(event.userData, start);
  u8[start + 8] = event.errno;
  u8[start + 10] = event.type;
  u8[start + 24] = event.flags;
}

/** Waits until the first of the subscriptions is due, and answers all that are due then. */
export function pollOneoff(
  fiber: FiberPort,
  input: number,
  output: number,
  subscriptions: number,
  fired: number,
): number {
  const count = subscriptions >>> 0;
  if (count === 0 || count > MAX_SUBSCRIPTIONS) return ERRNO.inval;
  const from = at(fiber, input, count * SUBSCRIPTION_BYTES, 8);
  const to = at(fiber, output, count * EVENT_BYTES, 8);
  const firedWord = at(fiber, fired, 4) >> 2;
  fiber.spend(1 + (count >>> 3));
  const all: Subscription[] = [];
  for (let i = 0; i < count; i++) all.push(readSubscription(fiber, from + i * SUBSCRIPTION_BYTES));
  const soonestMs = all.reduce((least, { delayMs }) => Math.min(least, delayMs), Infinity);
  const answer = (): void => {
    fiber.memory.view();
    const due = all.filter(({ delayMs }) => delayMs <= soonestMs);
    due.forEach((event, i) => writeEvent(fiber, to + i * EVENT_BYTES, event));
    fiber.memory.u32[firedWord] = due.length;
  };
  if (soonestMs > 0) return -fiber.sleep(soonestMs, answer);
  answer();
  return ERRNO.success;
}
