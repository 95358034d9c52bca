import { expect, test } from "bun:test";
import type { Printer, ProcessId } from "@kinode-ts/types";
import { DEFAULT_KERNEL_LIMITS } from "./limits.ts";
import { Lines } from "./lines.ts";
import type { ProcessEntry } from "./process-entry.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TimerNode, TimerWheel } from "./timer-wheel.ts";

test("a second that begins before the last one was summed up loses and invents no line", () => {
  const printed: string[] = [];
  const timers: TimerNode[] = [];
  let nowMs = 0;
  const lines = new Lines(
    { print: (_, __, text) => void printed.push(text) } satisfies Printer,
    { nowMs: () => nowMs } as unknown as Scheduler,
    { set: (node: TimerNode) => void timers.push(node) } as unknown as TimerWheel,
    { ...DEFAULT_KERNEL_LIMITS, maxPrintsPerSecond: 10 },
  );
  const id = "a:test:sys" as ProcessId;
  const prints = { process: id, windowMs: -Infinity, count: 0 };
  const entry = { id, role: "process", prints } as unknown as ProcessEntry;
  const print = (count: number) => {
    for (let i = 0; i < count; i++) lines.process(entry, 0, "spam");
  };
  print(15);
  nowMs = 1_000; // the event loop was busy: the timer has not fired
  print(3);
  for (const timer of timers) timer.fire();
  const summary = "a:test:sys printed 5 lines more than 10 in one second; they are not shown";
  expect(printed.filter((text) => text.includes("more than"))).toEqual([summary]);
  print(9);
  expect(printed.filter((text) => text.endsWith("spam"))).toHaveLength(20);
});
