/**
 * A process as one set of canonical options sees it: with the memory and the handles of a component instance of the program.
 * @module
 */
import type { ProcessHost } from "@kinode-ts/types";
import type { AddressCache, KnownAddress } from "../address-cache.ts";
import type { ProvidedInterfaces } from "../api.ts";
import type { CoreType, CoreValue } from "../canonical-abi/abi-type.ts";
import type { GuestMemory } from "../canonical-abi/guest-memory.ts";
import type { Fiber } from "../fiber.ts";
import type { FiberEnvironment, FiberPort } from "../fiber-port.ts";
import type { DeliveryTypes } from "../standard-types.ts";
import type { ProgramInstance } from "./program-instance.ts";

export class LinkPort implements FiberPort {
  readonly program: ProgramInstance;
  readonly fiber: Fiber;
  readonly memory: GuestMemory;
  readonly host: ProcessHost;
  readonly addresses: AddressCache;
  readonly environment: FiberEnvironment;
  readonly provided: ProvidedInterfaces;
  lastTarget: KnownAddress | undefined;
  lastMime: string | undefined;
  lastSource: KnownAddress | undefined;
  deliveries: DeliveryTypes | undefined;

  constructor(program: ProgramInstance, memory: GuestMemory) {
    const { fiber } = program;
    this.program = program;
    this.fiber = fiber;
    this.memory = memory;
    this.host = fiber.host;
    this.addresses = fiber.addresses;
    this.environment = fiber.environment;
    this.provided = fiber.provided;
  }

  get over(): boolean {
    return this.fiber.over;
  }

  fault(thrown: unknown): number {
    return this.fiber.fault(thrown);
  }

  throwFault(): never {
    return this.fiber.throwFault();
  }

  settled(value: unknown): unknown {
    return this.fiber.settled(value);
  }

  spend(calls?: number): void {
    this.fiber.spend(calls);
  }

  writeStderr(bytes: Uint8Array): void {
    this.fiber.writeStderr(bytes);
  }

  waitForDelivery(waiting: number, at: number): number {
    return this.fiber.waitForDelivery(waiting, at, this);
  }

  waitFor(promise: Promise<unknown>, store: ((value: unknown) => void) | undefined): number {
    return this.fiber.waitFor(promise, store);
  }

  sleep(delayMs: number, store: () => void): number {
    return this.fiber.sleep(delayMs, store);
  }

  pause(delayMs: number): Promise<void> {
    return this.fiber.pause(delayMs);
  }

  /** Leaves a result for the trampoline that called. */
  setResult(type: CoreType, value: CoreValue): void {
    this.program.setResult(type, value);
  }
}
