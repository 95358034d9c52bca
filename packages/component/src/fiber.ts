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
import type { AllocateMessage, Realloc } from "./canonical-abi/guest-memory.ts";
import { isPromise } from "./is-promise.ts";
import { METER_EXPORT, MODE, STATUS } from "./core-module/metering.ts";
import type { CpuAccount } from "./cpu-meter.ts";
import { reasonOf } from "./ending.ts";
import type { FiberEnvironment, FiberPort } from "./fiber-port.ts";
import { WAITING } from "./fiber-port.ts";
import { instantiate, promising } from "./jspi.ts";
import type { LinkedProgram } from "./linked-program.ts";
import { storeDelivery } from "./lower-hot.ts";
import type { DeliveryTypes } from "./standard-types.ts";
import { ensureStack } from "./stack-guard.ts";
import { StderrRing } from "./stderr-ring.ts";

/** Work of host functions, in calls, after which the scheduler is asked even if the guest's fuel lasts. */
const HOST_CALLS_PER_LOOK = 500;
const PAGE_BYTES = 65_536;

type GuestExports = Readonly<Record<string, unknown>>;

export class Fiber implements RunningProcess, FiberPort, CpuAccount {
  readonly host: ProcessHost;
  readonly memory: GuestMemory;
  readonly addresses: AddressCache;
  readonly environment: FiberEnvironment;
  readonly provided: ProvidedInterfaces;
  readonly ended: Promise<Ending>;
  lastTarget: KnownAddress | undefined;
  lastSource: KnownAddress | undefined;
  deliveries: DeliveryTypes | undefined;
  /** Nothing may be done for this process any more: killed, faulted or ended. */
  over = false;
  cpuMs = 0;
  busySinceMs = -1;
  #killed = false;
  #fault: ProcessFault | undefined;
  #stderr: StderrRing | undefined;
  #fuel: WebAssembly.Global<"i32"> | undefined;
  #linear: WebAssembly.Memory | undefined;
  #maxPages: WebAssembly.Global<"i32"> | undefined;
  /** Bytes of linear memory the budget knows of. */
  #accountedBytes = 0;
  readonly #fuelPerCheck: number;
  readonly #limits: ProcessLimits;
  #timer: TimerHandle | undefined;
  #hostCallsLeft = HOST_CALLS_PER_LOOK;
  #waiting: number = WAITING.nothing;
  #resultAt = 0;
  #resolve: ((status: number) => void) | undefined;
  readonly #catchResolve = (resolve: (status: number) => void): void => {
    this.#resolve = resolve;
  };
  readonly #wake = (): void => this.#onWake();

  constructor(
    program: LinkedProgram,
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
    // one turn later, so that the caller has this object before its process does anything
    this.ended = Promise.resolve().then(() => this.#run(program));
  }

  /** Runs the process to its end. */
  async #run(program: LinkedProgram): Promise<Ending> {
    let thrown: unknown;
    this.environment.cpu.resumed();
    try {
      if (!this.over) await this.#runGuest(program);
    } catch (error) {
      thrown = error ?? new ProcessFault("The process threw nothing that can be shown");
    }
    this.over = true;
    this.environment.cpu.suspended(this);
    const ending = this.#ending(thrown);
    this.memory.release();
    this.#accountMemory();
    this.#linear = undefined;
    this.#maxPages = undefined;
    this.#fuel = undefined;
    return ending;
  }

  #ending(thrown: unknown): Ending {
    if (this.#killed || (thrown !== undefined && this.host.killed)) return { kind: "killed" };
    const fault = this.#fault ?? thrown;
    if (fault === undefined) return { kind: "returned" };
    return { kind: "trapped", reason: reasonOf(fault), stderr: this.#stderr?.text() ?? "" };
  }

  async #runGuest(program: LinkedProgram): Promise<void> {
    const exports = instantiate(program.module, program.bindImports(this));
    this.#bind(program, exports);
    if (program.hasInitialize) await promising(exports["_initialize"])();
    if (this.over) return;
    const init = promising(exports[program.initName]);
    const [pointer, length] = this.#lowerOur();
    await init(pointer, length);
  }

  #bind(program: LinkedProgram, exports: GuestExports): void {
    const memory = exports[program.memoryName] as WebAssembly.Memory | undefined;
    const { maxMemoryBytes } = this.#limits;
    if (memory !== undefined && memory.buffer.byteLength > maxMemoryBytes) {
      throw new ProcessFault(
        `it needs ${memory.buffer.byteLength} bytes of memory to start, above its limit of ${maxMemoryBytes}`,
      );
    }
    this.#linear = memory;
    this.#maxPages = exports[METER_EXPORT.maxPages] as WebAssembly.Global<"i32">;
    if (this.#accountMemory() > this.environment.memory.maxBytes) {
      throw new ProcessFault(
        "the memory that all processes of this node may have together is used up",
      );
    }
    (exports[METER_EXPORT.mode] as WebAssembly.Global).value = MODE.normal;
    this.#fuel = exports[METER_EXPORT.fuel] as WebAssembly.Global<"i32">;
    this.#fuel.value = this.over ? 0 : this.#fuelPerCheck;
    this.memory.bind(
      memory,
      exports[METER_EXPORT.realloc] as Realloc | undefined,
      exports[METER_EXPORT.message] as AllocateMessage | undefined,
    );
  }

  /** The argument of `init`: this process's address as text. */
  #lowerOur(): readonly [number, number] {
    const { node, process } = this.host.our;
    const bytes = new TextEncoder().encode(`${node}@${process}`);
    const pointer = this.memory.allocate(1, bytes.length);
    this.memory.view().set(bytes, pointer);
    return [pointer, bytes.length];
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
    return { memoryBytes: this.memory.byteLength, cpuMs: this.cpuMs };
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

  /**
   * Tells the budget how large the memory is now, and the guest how far it may grow. Added code looks in here before
   * and after every growth. @returns bytes of all processes together
   */
  #accountMemory(): number {
    const budget = this.environment.memory;
    const bytes = this.over ? 0 : (this.#linear?.buffer.byteLength ?? 0);
    budget.account(this.#accountedBytes, bytes);
    this.#accountedBytes = bytes;
    const allowed = Math.min(this.#limits.maxMemoryBytes, bytes + budget.leftBytes);
    if (this.#maxPages !== undefined) this.#maxPages.value = Math.floor(allowed / PAGE_BYTES);
    return budget.usedBytes;
  }

  #stopAtNextCheck(): void {
    if (this.#fuel !== undefined) this.#fuel.value = 0;
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

  writeStderr(bytes: Uint8Array): void {
    this.#stderr ??= new StderrRing(this.environment.limits.stderrBytes);
    this.#stderr.write(bytes);
  }

  /** The import `look`: fuel is used up. */
  readonly look = (): number => {
    if (this.over) return STATUS.end;
    try {
      ensureStack(0);
      this.environment.cpu.checked(this);
      this.#accountMemory();
      this.#fuel!.value = this.#fuelPerCheck;
      if (this.host.killed) return this.fault(new ProcessKilled());
      if (!this.host.sliceIsOver()) return STATUS.done;
    } catch (thrown) {
      return this.fault(thrown);
    }
    this.#waiting = WAITING.turn;
    return STATUS.wait;
  };

  /** The import `suspend`. What it waits for was set by the import called just before. */
  readonly suspend = (): Promise<number> => {
    const promise = new Promise<number>(this.#catchResolve);
    const waiting = this.#waiting;
    this.environment.cpu.suspended(this);
    try {
      ensureStack(0);
      if (this.over || waiting === WAITING.nothing) this.#finish(STATUS.end);
      else if (waiting === WAITING.turn) this.host.yieldSlice(this.#wake);
      else if (waiting !== WAITING.promise) this.host.park(this.#wake);
    } catch (thrown) {
      this.#finish(this.fault(thrown));
    }
    return promise;
  };

  waitForDelivery(waiting: number, at: number): number {
    this.#waiting = waiting;
    this.#resultAt = at;
    return STATUS.wait;
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
      if (waiting !== WAITING.turn) {
        const delivery = waiting === WAITING.received ? this.host.poll() : this.host.pollAwaited();
        if (delivery === undefined) {
          this.host.park(this.#wake);
          return;
        }
        storeDelivery(this, delivery, this.#resultAt, waiting);
      }
      this.#finish(STATUS.done);
    } catch (thrown) {
      this.#finish(this.fault(thrown));
    }
  }
}
