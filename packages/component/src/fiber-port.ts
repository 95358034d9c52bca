/**
 * What an imported function sees of the fiber that calls it.
 * @module
 */
import type { ProcessHost } from "@kinode-ts/types";
import type { AddressCache, KnownAddress } from "./address-cache.ts";
import type { ComponentPowers, ProvidedInterfaces } from "./api.ts";
import type { BlobPool } from "./blob-pool.ts";
import type { LinearMemories } from "./linear-memories.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { GuestMemory } from "./canonical-abi/guest-memory.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import type { ComponentLimits } from "./limits.ts";
import type { DeliveryTypes } from "./standard-types.ts";

/** What a suspended fiber waits for. */
export const WAITING = {
  nothing: 0,
  received: 1,
  awaited: 2,
  turn: 3,
  promise: 4,
  /** A function of another component of the program. */
  call: 5,
} as const;

/** What all fibers of a program share. */
export interface FiberEnvironment extends ComponentPowers {
  readonly memories: LinearMemories;
  readonly limits: ComponentLimits;
  readonly addresses: AddressCache;
  readonly cpu: CpuMeter;
  readonly blobs: BlobPool;
  readonly memory: MemoryBudget;
}

export interface FiberPort {
  readonly host: ProcessHost;
  readonly memory: GuestMemory;
  readonly addresses: AddressCache;
  readonly environment: FiberEnvironment;
  readonly provided: ProvidedInterfaces;
  /** Nothing may be done for this process any more: killed, faulted or ended. */
  readonly over: boolean;
  /** Inline caches of the hot lowerings. */
  lastTarget: KnownAddress | undefined;
  lastSource: KnownAddress | undefined;
  lastMime: string | undefined;
  /** Set by the lowering that receives; used when something arrives later. */
  deliveries: DeliveryTypes | undefined;

  /** Ends the process because of what a host function threw; returns the status for the guest. */
  fault(thrown: unknown): number;
  /** For functions that have no way to answer a status: the guest may catch it, but not past its next fuel check. */
  throwFault(): never;
  /** A value of a function that cannot wait. @throws {ProcessFault} it is a promise */
  settled(value: unknown): unknown;
  /** Counts work done in the node for the guest, so that a busy guest comes to the scheduler in time. */
  spend(calls?: number): void;
  writeStderr(bytes: Uint8Array): void;
  /** Says that the next suspension is for a delivery, to be written to `at`; returns the status for the guest. */
  waitForDelivery(waiting: number, at: number): number;
  /** Says that the next suspension is for a promise, and what to do with its value. */
  waitFor(promise: Promise<unknown>, store: ((value: unknown) => void) | undefined): number;
  /** Says that the next suspension is a sleep, and what to do at its end. */
  sleep(delayMs: number, store: () => void): number;
  /** Settles after a time, or never when the process is over by then; its timer goes with it. One at a time. */
  pause(delayMs: number): Promise<void>;
}
