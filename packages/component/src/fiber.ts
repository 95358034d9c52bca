/**
 * One running component: its instance, its one wait, and how it ends.
 *
 * The guest waits in exactly one import, `suspend`; before it calls that, another import has said what it waits for
 * (see core-module/metering.ts). What it waited for is written into its memory by whoever wakes it, then the promise that
 * `suspend` returned is resolved with a status. Nothing is thrown into the guest, so no handler in it can hold on to life.
 *
 * Life: created → (started ↔ waiting) → over. Once `over` is set no host function does anything for it.
 * @module
 */
import { ProcessFault, ProcessKilled } from "@kinode-ts/types";
import type {
  Ending,
  ProcessHost,
  ProcessLimits,
  ProcessUsage,
  RunningProcess,
  TimerHandle,
} from "@kinode-ts/types";
import type { AddressCache, KnownAddress } from "./address-cache.ts";
import type { ProvidedInterfaces } from "./api.ts";
import { GuestMemory } from "./canonical-abi/guest-memory.ts";
import { isPromise } from "./is-promise.ts";
import type { Limits } from "./core-module/core-module.ts";
import { CALLBACK_FUEL, STATUS } from "./core-module/metering.ts";
import type { CpuAccount } from "./cpu-meter.ts";
import { reasonOf } from "./ending.ts";
import type { FiberEnvironment, FiberPort } from "./fiber-port.ts";
import { WAITING } from "./fiber-port.ts";
import { storeDelivery } from "./lower-hot.ts";
import { ModuleMeter } from "./module-meter.ts";
import type { DeliveryTypes } from "./standard-types.ts";
import { ensureStack } from "./stack-guard.ts";
import { StderrRing } from "./stderr-ring.ts";

const PAGE_BYTES = 65_536;
const NO_MEMORY_LEFT = "the memory that all processes of this node may have together is used up";
/** Work of host functions, in calls, after which the scheduler is asked even if the guest's fuel lasts. */
const HOST_CALLS_PER_LOOK = 500;
/** Between two looks of a guest that computes, about: a kill and the end of a slice come this late at most, usually. */
const LOOK_EVERY_MS = 0.25;
/** Fuel before the first look. What a program costs is not known yet, and starting must not take others' time. */
const FIRST_QUANTUM = 1_000;

/** What a fiber runs: instantiates, calls the guest, and settles when it has returned. */
export interface FiberProgram {
  /** Upper estimate of the memory that its code takes in the engine. */
  readonly codeBytes: number;
  run(fiber: Fiber): Promise<void>;
}

/** A call of another component of the same program. */
interface PendingCall {
  readonly start: () => Promise<unknown>;
  readonly store: (value: unknown) => void;
}

export class Fiber implements RunningProcess, FiberPort, CpuAccount {
  readonly host: ProcessHost;
  readonly memory: GuestMemory;
  readonly addresses: AddressCache;
  readonly environment: FiberEnvironment;
  readonly provided: ProvidedInterfaces;
  readonly ended: Promise<Ending>;
  lastTarget: KnownAddress | undefined;
  lastSource: KnownAddress | undefined;
  lastMime: string | undefined;
  deliveries: DeliveryTypes | undefined;
  /** Nothing may be done for this process any more: killed, faulted or ended. */
  over = false;
  cpuMs = 0;
  busySinceMs = -1;
  #killed = false;
  #fault: ProcessFault | undefined;
  #stderr: StderrRing | undefined;
  readonly #meters: ModuleMeter[] = [];
  /** Made for its modules, which may share one. */
  readonly #memories: WebAssembly.Memory[] = [];
  #atEnd: (() => void)[] | undefined;
  /** Bytes of linear memory the budget knows of. */
  #accountedBytes = 0;
  readonly #fuelPerCheck: number;
  /** Fuel until the next look: as much as lasts for about `LOOK_EVERY_MS`, whatever the guest does with it. */
  #quantum: number;
  readonly #limits: ProcessLimits;
  #timer: TimerHandle | undefined;
  #hostCallsLeft = HOST_CALLS_PER_LOOK;
  #waiting: number = WAITING.nothing;
  #resultAt = 0;
  /** Who asked for the delivery that is waited for. */
  #receiver: FiberPort = this;
  #call: PendingCall | undefined;
  /** Whether the node has called the guest: then it may not wait. */
  #callsGuest = false;
  /** Fuel for such calls, all of them together until the guest goes on by itself. */
  #callbackFuel = CALLBACK_FUEL;
  #resolve: ((status: number) => void) | undefined;
  readonly #catchResolve = (resolve: (status: number) => void): void => {
    this.#resolve = resolve;
  };
  readonly #wake = (): void => this.#onWake();

  constructor(
    program: FiberProgram,
    host: ProcessHost,
    limits: ProcessLimits,
    environment: FiberEnvironment,
    provided: ProvidedInterfaces,
  ) {
    this.host = host;
    this.environment = environment;
    this.provided = provided;
    this.addresses = environment.addresses;
    this.memory = new GuestMemory(environment.limits);
    this.#limits = limits;
    this.#fuelPerCheck = Math.max(1, Math.min(limits.fuelPerCheck, 0x3fff_ffff));
    this.#quantum = Math.min(this.#fuelPerCheck, FIRST_QUANTUM);
    // one turn later, so that the caller has this object before its process does anything
    this.ended = Promise.resolve().then(() => this.#run(program));
  }

  /** Runs the process to its end. */
  async #run(program: FiberProgram): Promise<Ending> {
    let thrown: unknown;
    this.environment.cpu.resumed();
    try {
      if (!this.over) await program.run(this);
    } catch (error) {
      thrown = error ?? new ProcessFault("The process threw nothing that can be shown");
    }
    this.over = true;
    this.environment.cpu.suspended(this);
    const ending = this.#ending(thrown);
    for (const end of this.#atEnd ?? []) end();
    this.memory.usedHandles?.dropAll(this);
    this.memory.release();
    this.#accountMemory();
    for (const meter of this.#meters) meter.release();
    for (const memory of this.#memories.splice(0)) this.environment.memories.discard(memory);
    return ending;
  }

  #ending(thrown: unknown): Ending {
    if (this.#killed || (thrown !== undefined && this.host.killed)) return { kind: "killed" };
    const fault = this.#fault ?? thrown;
    if (fault === undefined) return { kind: "returned" };
    return { kind: "trapped", reason: reasonOf(fault), stderr: this.stderr };
  }

  /** The meter for a core module about to be instantiated. */
  addModule(): ModuleMeter {
    const meter = new ModuleMeter(this.#onLook);
    this.#meters.push(meter);
    return meter;
  }

  /**
   * Checks before a module is instantiated that its first memory fits.
   * @throws {ProcessFault} more than the process's limit, or than the node has left
   */
  checkMemory(bytes: number): void {
    const { maxMemoryBytes } = this.#limits;
    const total = this.#accountedBytes + bytes;
    if (total > maxMemoryBytes) {
      throw new ProcessFault(
        `it needs ${total} bytes of memory to start, above its limit of ${maxMemoryBytes}`,
      );
    }
    if (bytes > this.environment.memory.leftBytes) throw new ProcessFault(NO_MEMORY_LEFT);
  }

  /**
   * The memory of a module about to be instantiated.
   * @throws {ProcessFault} see `checkMemory`; or the node has no room for another
   */
  createMemory(size: Limits): WebAssembly.Memory {
    this.checkMemory(size.min * PAGE_BYTES);
    const memory = this.environment.memories.create(size);
    this.#memories.push(memory);
    return memory;
  }

  /** A module exists: it gets fuel, and its memory counts. */
  admit(
    meter: ModuleMeter,
    exports: Readonly<Record<string, unknown>>,
    memory: WebAssembly.Memory | undefined,
  ): void {
    meter.bind(exports, memory, this.over ? 0 : this.#quantum);
    if (this.#accountMemory() > this.environment.memory.maxBytes)
      throw new ProcessFault(NO_MEMORY_LEFT);
  }

  /** Lets others have their turn if it is due: for work that the node does to start a process. */
  async giveWay(): Promise<void> {
    if (!this.host.sliceIsOver()) return;
    this.environment.cpu.suspended(this);
    await new Promise<void>((resolve) => this.host.yieldSlice(resolve));
    this.environment.cpu.resumed();
  }

  /** Something to do when nothing of the process will run any more. */
  atEnd(work: () => void): void {
    (this.#atEnd ??= []).push(work);
  }

  kill(): void {
    if (this.over && this.#killed) return;
    this.#killed = true;
    this.over = true;
    this.#stopAtNextCheck();
    this.#timer?.cancel();
    this.#finish(STATUS.end);
  }

  usage(): ProcessUsage {
    return { memoryBytes: this.over ? 0 : this.#memoryBytes(), cpuMs: this.cpuMs };
  }

  fault(thrown: unknown): number {
    if (thrown instanceof ProcessKilled) this.#killed = true;
    else
      this.#fault ??= thrown instanceof ProcessFault ? thrown : new ProcessFault(reasonOf(thrown));
    this.over = true;
    this.#stopAtNextCheck();
    return STATUS.end;
  }

  throwFault(): never {
    throw this.#fault ?? new ProcessKilled();
  }

  #memoryBytes(): number {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    return bytes;
  }

  /**
   * Tells the budget how large the memory is now, and the guest how far it may grow. Added code looks in here before
   * and after every growth. @returns bytes of all processes together
   */
  #accountMemory(): number {
    const budget = this.environment.memory;
    const bytes = this.over ? 0 : this.#memoryBytes();
    budget.account(this.#accountedBytes, bytes);
    this.#accountedBytes = bytes;
    const growth = Math.max(0, Math.min(this.#limits.maxMemoryBytes - bytes, budget.leftBytes));
    for (const meter of this.#meters) meter.allow((meter.memory?.buffer.byteLength ?? 0) + growth);
    return budget.usedBytes;
  }

  #stopAtNextCheck(): void {
    for (const meter of this.#meters) meter.refuel(0);
  }

  /** The node calls the guest: it may not wait, nor call the node. */
  enterGuest(): void {
    this.#callsGuest = true;
  }

  leaveGuest(): void {
    this.#callsGuest = false;
  }

  settled(value: unknown): unknown {
    if (isPromise(value))
      throw new ProcessFault("it called a function that would have to wait and cannot");
    return value;
  }

  spend(calls = 1): void {
    if ((this.#hostCallsLeft -= calls) >= 0) return;
    this.#hostCallsLeft = HOST_CALLS_PER_LOOK;
    this.#stopAtNextCheck();
  }

  /** The newest text it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr?.text() ?? "";
  }

  writeStderr(bytes: Uint8Array): void {
    this.#stderr ??= new StderrRing(this.environment.limits.stderrBytes);
    this.#stderr.write(bytes);
  }

  /** Fuel of a module is used up. */
  readonly #onLook = (meter: ModuleMeter): number => {
    if (this.over) return STATUS.end;
    try {
      ensureStack(0);
      this.#adapt(this.environment.cpu.checked(this));
      this.#accountMemory();
      meter.refuel(this.#quantum);
      if (this.host.killed) return this.fault(new ProcessKilled());
      if (this.#callsGuest) return this.#lookInCallback();
      this.#callbackFuel = CALLBACK_FUEL;
      if (!this.host.sliceIsOver()) return STATUS.done;
    } catch (thrown) {
      return this.fault(thrown);
    }
    this.#waiting = WAITING.turn;
    return STATUS.wait;
  };

  /** Nothing may wait while the node has called the guest, so that is bounded. */
  #lookInCallback(): number {
    this.#callbackFuel -= this.#quantum;
    if (this.#callbackFuel >= 0) return STATUS.done;
    return this.fault(
      new ProcessFault("its allocator, or a function that cleans up, took too long"),
    );
  }

  /** Sets the fuel for the next stretch by how long the last one took; negative if that is not known. */
  #adapt(elapsedMs: number): void {
    if (elapsedMs > 2 * LOOK_EVERY_MS) {
      this.#quantum = Math.max(1, Math.floor((this.#quantum * LOOK_EVERY_MS) / elapsedMs));
    } else if (elapsedMs < LOOK_EVERY_MS / 2) {
      this.#quantum = Math.min(this.#fuelPerCheck, this.#quantum * 2);
    }
  }

  /** The import `suspend`. What it waits for was set by the import called just before. */
  readonly suspend = (): Promise<number> => {
    const promise = new Promise<number>(this.#catchResolve);
    const waiting = this.#waiting;
    this.#callbackFuel = CALLBACK_FUEL;
    this.environment.cpu.suspended(this);
    try {
      ensureStack(0);
      if (this.over || waiting === WAITING.nothing) this.#finish(STATUS.end);
      else if (waiting === WAITING.call) this.#startCall();
      else if (waiting === WAITING.turn) this.host.yieldSlice(this.#wake);
      else if (waiting !== WAITING.promise) this.host.park(this.#wake);
    } catch (thrown) {
      this.#finish(this.fault(thrown));
    }
    return promise;
  };

  waitForDelivery(waiting: number, at: number, receiver: FiberPort = this): number {
    this.#waiting = waiting;
    this.#resultAt = at;
    this.#receiver = receiver;
    return STATUS.wait;
  }

  /** Says that the next suspension is for a call within the program, and what to do with its value. */
  waitForCall(start: () => Promise<unknown>, store: (value: unknown) => void): number {
    this.#waiting = WAITING.call;
    this.#call = { start, store };
    return STATUS.wait;
  }

  /** The caller is suspended; what it called runs on a stack of its own and may wait itself meanwhile. */
  #startCall(): void {
    const call = this.#call!;
    const resolveCaller = this.#resolve!;
    this.#call = undefined;
    this.#resolve = undefined;
    this.#waiting = WAITING.nothing;
    void Promise.resolve().then(async () => {
      let status: number = STATUS.end;
      this.environment.cpu.resumed();
      try {
        if (!this.over) {
          const value = await call.start();
          if (!this.over) {
            call.store(value);
            status = STATUS.done;
          }
        }
      } catch (thrown) {
        status = this.fault(thrown);
      }
      this.environment.cpu.suspended(this);
      this.#resolve = resolveCaller;
      this.#finish(status);
    });
  }

  waitFor(promise: Promise<unknown>, store: ((value: unknown) => void) | undefined): number {
    this.#waiting = WAITING.promise;
    promise.then(
      (value) => {
        if (this.over) return;
        let status: number = STATUS.done;
        try {
          store?.(value);
        } catch (thrown) {
          status = this.fault(thrown);
        }
        this.#finish(status);
      },
      (thrown: unknown) => {
        if (!this.over) this.#finish(this.fault(thrown));
      },
    );
    return STATUS.wait;
  }

  sleep(delayMs: number, store: () => void): number {
    return this.waitFor(this.pause(delayMs), store);
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.environment.clock.after(delayMs, resolve);
    });
  }

  #finish(status: number): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#waiting = WAITING.nothing;
    this.environment.cpu.resumed();
    resolve(status);
  }

  /** The scheduler's call: polling will succeed, or a turn has come, or the process was killed. */
  #onWake(): void {
    if (this.#resolve === undefined) return;
    try {
      if (this.over || this.host.killed) {
        this.#finish(this.over ? STATUS.end : this.fault(new ProcessKilled()));
        return;
      }
      const waiting = this.#waiting;
      if (waiting === WAITING.turn) this.environment.cpu.resumedComputing(this);
      else {
        const delivery = waiting === WAITING.received ? this.host.poll() : this.host.pollAwaited();
        if (delivery === undefined) {
          this.host.park(this.#wake);
          return;
        }
        storeDelivery(this.#receiver, delivery, this.#resultAt, waiting);
      }
      this.#finish(STATUS.done);
    } catch (thrown) {
      this.#finish(this.fault(thrown));
    }
  }
}
