/**
 * `wasi:clocks`: the node's own clocks, and a time zone that is always UTC.
 * @module
 */
import { own } from "../canonical-abi/handles.ts";
import { string } from "../canonical-abi/lists.ts";
import { record } from "../canonical-abi/records.ts";
import { bool, s32, u32, u64 } from "../canonical-abi/scalars.ts";
import type { FiberPort } from "../fiber-port.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";
import { POLLABLE } from "./io-poll.ts";
import { RESOLUTION_NS, monotonicNs, msOfNs, nodeMsOfInstant } from "./time.ts";

const US_PER_S = 1_000_000;

export const datetime = record({ seconds: u64, nanoseconds: u32 });

/** Wall clock time as a record. */
export function datetimeOfMs(ms: number): { seconds: number; nanoseconds: number } {
  const us = Math.max(0, Math.floor(ms * 1_000));
  return { seconds: Math.floor(us / US_PER_S), nanoseconds: (us % US_PER_S) * 1_000 };
}

const monotonicMs = (process: FiberPort): number => process.environment.clock.monotonicMs();

export const clocksMonotonic: WasiInterface = {
  name: "wasi:clocks/monotonic-clock",
  resources: {},
  functions: {
    now: wasiFunction([], u64, monotonicNs),
    resolution: wasiFunction([], u64, () => RESOLUTION_NS),
    "subscribe-instant": wasiFunction([u64], own(POLLABLE), (_process, when) => ({
      dueMs: nodeMsOfInstant(when),
    })),
    "subscribe-duration": wasiFunction([u64], own(POLLABLE), (process, duration) => ({
      dueMs: monotonicMs(process) + msOfNs(duration),
    })),
  },
};

export const clocksWall: WasiInterface = {
  name: "wasi:clocks/wall-clock",
  resources: {},
  functions: {
    now: wasiFunction([], datetime, (process) => datetimeOfMs(process.environment.clock.nowMs())),
    resolution: wasiFunction([], datetime, () => ({ seconds: 0, nanoseconds: RESOLUTION_NS })),
  },
};

const timezoneDisplay = record({ utcOffset: s32, name: string, inDaylightSavingTime: bool });

export const clocksTimezone: WasiInterface = {
  name: "wasi:clocks/timezone",
  resources: {},
  functions: {
    display: wasiFunction([datetime], timezoneDisplay, () => ({
      utcOffset: 0,
      name: "UTC",
      inDaylightSavingTime: false,
    })),
    "utc-offset": wasiFunction([datetime], s32, () => 0),
  },
};
