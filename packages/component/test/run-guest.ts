/**
 * Runs a committed guest on a direct host, for tests.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import { processorMsOf } from "@kinode-ts/testing/processor-time";
import type {
  Address,
  Clock,
  Ending,
  ProcessId,
  ProcessLimits,
  RunningProcess,
} from "@kinode-ts/types";
import type { ComponentOptions, LoadedComponent } from "../src/api.ts";
import { loadComponent } from "../src/load-component.ts";

/** The machine's own time. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

export const LIMITS: ProcessLimits = { maxMemoryBytes: 4 << 20, fuelPerCheck: 10_000 };

export const address = (name: string): Address => ({
  node: "our",
  process: `${name}:test:sys` as ProcessId,
});

export interface Guest {
  readonly host: DirectHost;
  readonly process: RunningProcess;
  readonly ended: Promise<Ending>;
}

export interface RunOptions extends Partial<ComponentOptions> {
  readonly processLimits?: Partial<ProcessLimits>;
  readonly link?: DirectLink;
  /** Changes the host before the process runs. */
  readonly prepare?: (host: DirectHost) => void;
}

const loaded = new Map<string, Promise<LoadedComponent>>();

export const options = (given: Partial<ComponentOptions> = {}): ComponentOptions => ({
  clock: realClock,
  random: createSeededRandom(1),
  ...given,
});

/** Loads a guest once per set of options. */
export function load(
  name: string,
  given: Partial<ComponentOptions> = {},
): Promise<LoadedComponent> {
  if (Object.keys(given).length > 0) return loadComponent(guestBytes(name), options(given));
  let program = loaded.get(name);
  if (program === undefined)
    loaded.set(name, (program = loadComponent(guestBytes(name), options())));
  return program;
}

/** Starts a guest; the host records calls, and giving way lasts a turn of the event loop. */
export async function runGuest(name: string, given: RunOptions = {}): Promise<Guest> {
  const { processLimits, prepare, link = new DirectLink(), ...component } = given;
  const program = await load(name, component);
  const host = link.createHost(address(name), true);
  host.turn = (resume) => void setImmediate(resume);
  prepare?.(host);
  const process = program.start(host, { ...LIMITS, ...processLimits });
  return { host, process, ended: process.ended };
}

/** Generous: only what hangs gets near it. */
const DEADLINE_MS = 60_000;

/** Lets the event loop turn until `done`, or fails at the deadline. */
export async function until(done: () => boolean): Promise<void> {
  const startedMs = performance.now();
  while (!done()) {
    if (performance.now() - startedMs > DEADLINE_MS) throw new Error("Waited in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Kills a process that runs or waits and tells what that took of the processor, in milliseconds. */
export async function killAndTime(guest: Guest): Promise<number> {
  return await processorMsOf(() => {
    guest.process.kill();
    return guest.ended;
  });
}
