/**
 * `wasi:io/poll`: waiting for whichever of several things happens first. Everything a process can wait for here is a time
 * or has happened already: streams are never busy.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import { borrow } from "../canonical-abi/handles.ts";
import { list } from "../canonical-abi/lists.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { bool, u32 } from "../canonical-abi/scalars.ts";
import type { FiberPort } from "../fiber-port.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";

export interface Pollable {
  /** Monotonic milliseconds from which on it is ready. */
  readonly dueMs: number;
}

export const POLLABLE = new ResourceType<Pollable>("pollable");

/** For what never makes a process wait. */
export const createReadyPollable = (): Pollable => ({ dueMs: -Infinity });

const nowMs = (process: FiberPort): number => process.environment.clock.monotonicMs();

function block(process: FiberPort, { dueMs }: Pollable): Promise<void> | undefined {
  const delayMs = dueMs - nowMs(process);
  return delayMs > 0 ? process.pause(delayMs) : undefined;
}

/** Indexes of those that are ready. */
const dueAt = (pollables: readonly Pollable[], timeMs: number): readonly number[] =>
  pollables.flatMap(({ dueMs }, i) => (dueMs <= timeMs ? [i] : []));

function poll(
  process: FiberPort,
  pollables: readonly Pollable[],
): readonly number[] | Promise<readonly number[]> {
  if (pollables.length === 0) throw new ProcessFault("it polled an empty list of pollables");
  process.spend(1 + (pollables.length >>> 4));
  const timeMs = nowMs(process);
  const ready = dueAt(pollables, timeMs);
  if (ready.length > 0) return ready;
  const soonestMs = pollables.reduce((least, { dueMs }) => Math.min(least, dueMs), Infinity);
  return process.pause(soonestMs - timeMs).then(() => dueAt(pollables, soonestMs));
}

export const ioPoll: WasiInterface = {
  name: "wasi:io/poll",
  resources: { pollable: POLLABLE },
  functions: {
    "[method]pollable.ready": wasiFunction(
      [borrow(POLLABLE)],
      bool,
      (process, { dueMs }) => dueMs <= nowMs(process),
    ),
    "[method]pollable.block": wasiFunction([borrow(POLLABLE)], undefined, block),
    poll: wasiFunction([list(borrow(POLLABLE))], list(u32), poll),
  },
};
