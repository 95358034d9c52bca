/**
 * The runtime module `timer:distro:sys`: answers when a number of milliseconds have passed.
 * Source: spec/runtime-modules.md §5.
 * @module
 */
import {
  TIMER_PROCESS,
  type Address,
  type Clock,
  type KernelMessage,
  type ModuleContext,
  type ProcessId,
  type RuntimeModule,
  type TimerHandle,
  type U64,
} from "@kinode-ts/types";
import { decodeVariant } from "@kinode-ts/codec/module-json";
import { DEFAULT_SYSTEM_LIMITS, type SystemLimits } from "./limits.ts";
import { TimerQueue, type Due } from "./timer-queue.ts";

export interface TimerOptions {
  readonly clock: Clock;
  readonly limits?: Partial<SystemLimits>;
}

const EMPTY = new Uint8Array(0);
/** Answers sent before the event loop turns. */
const FIRED_PER_TURN = 2_000;
/** Due times that `Debug` prints; the rest is counted. */
const DEBUG_LINES = 100;
/** Of more timers `Debug` tells the number alone: any process may ask, and looking at them all takes time from all. */
const DEBUG_TIMERS = 10_000;

/** Only what the answer needs: the request itself, its blob above all, is let go. */
interface Timer extends Due {
  readonly owner: ProcessId;
  readonly target: Address;
  readonly id: U64;
}

/** Public; for local processes only. Timers of a process end with it and do not survive a restart. */
export function createTimer(options: TimerOptions): RuntimeModule {
  return new TimerModule(options);
}

class TimerModule implements RuntimeModule {
  readonly id = TIMER_PROCESS;
  readonly public = true;
  readonly #clock: Clock;
  readonly #maxTimers: number;
  readonly #queue = new TimerQueue<Timer>();
  readonly #counts = new Map<ProcessId, number>();
  #context: ModuleContext | undefined;
  #alarm: { readonly dueMs: number; readonly handle: TimerHandle } | undefined;
  #sequence = 0;

  constructor(options: TimerOptions) {
    this.#clock = options.clock;
    const limits = { ...DEFAULT_SYSTEM_LIMITS, ...options.limits };
    this.#maxTimers = limits.maxTimersPerProcessCount;
  }

  start(context: ModuleContext): void {
    this.#context = context;
  }

  handle(message: KernelMessage): void {
    const context = this.#context!;
    if (message.source.node !== context.our || message.message.kind !== "request") return;
    const [name, value] = decodeVariant(message.message.body) ?? [];
    if (name === "SetTimer" && isU64(value)) this.#set(message, Number(value));
    else if (name === "Debug" && value === null) this.#debug();
    else context.print(1, `timer: dropped a malformed request from ${message.source.process}`);
  }

  processEnded(process: ProcessId): void {
    if (!this.#counts.delete(process)) return;
    this.#queue.filter((timer) => timer.owner !== process);
    this.#schedule();
  }

  stop(): void {
    this.#alarm?.handle.cancel();
    this.#alarm = undefined;
    this.#queue.filter(() => false);
  }

  /** NOTE: `Number(2^64 - 1)` is finite, and so is the sum: nothing wraps, such a timer never fires. */
  #set(message: KernelMessage, delayMs: number): void {
    const target = message.rsvp ?? message.source;
    const owner = message.source.process;
    if (delayMs === 0) {
      this.#context!.respondTo(target, message.id, { body: EMPTY });
      return;
    }
    const count = this.#counts.get(owner) ?? 0;
    if (count >= this.#maxTimers) {
      this.#context!.print(
        1,
        `timer: dropped a timer of ${owner}: it has ${count} running, at most ${this.#maxTimers} are kept`,
      );
      return;
    }
    this.#counts.set(owner, count + 1);
    // Whole milliseconds: what is due in the same one comes in insertion order. Up, so that nothing is early.
    const dueMs = Math.ceil(this.#clock.monotonicMs() + delayMs);
    this.#queue.add({ dueMs, sequence: this.#sequence++, owner, target, id: message.id });
    this.#schedule();
  }

  /** One alarm of the host for the earliest timer. */
  #schedule(): void {
    const next = this.#queue.peek();
    if (this.#alarm !== undefined) {
      if (this.#alarm.dueMs === next?.dueMs) return;
      this.#alarm.handle.cancel();
      this.#alarm = undefined;
    }
    if (next === undefined) return;
    const delayMs = Math.max(0, next.dueMs - this.#clock.monotonicMs());
    const handle = this.#clock.after(delayMs, () => this.#fire());
    this.#alarm = { dueMs: next.dueMs, handle };
  }

  #fire(): void {
    this.#alarm?.handle.cancel();
    this.#alarm = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let left = FIRED_PER_TURN; left > 0; left--) {
      const next = this.#queue.peek();
      if (next === undefined || next.dueMs > nowMs) return this.#schedule();
      this.#queue.take();
      this.#release(next.owner);
      this.#context!.respondTo(next.target, next.id, { body: EMPTY });
    }
    this.#clock.afterTurn(() => this.#fire());
  }

  #release(owner: ProcessId): void {
    const count = this.#counts.get(owner) ?? 0;
    if (count > 1) this.#counts.set(owner, count - 1);
    else this.#counts.delete(owner);
  }

  #debug(): void {
    const nowMs = this.#clock.monotonicMs();
    const timers = this.#queue.values();
    if (timers.length > DEBUG_TIMERS) {
      this.#context!.print(0, `timer: ${timers.length} timers, too many to list`);
      return;
    }
    const dues = Float64Array.from(timers, ({ dueMs }) => dueMs).sort();
    const firsts: number[] = [];
    dues.forEach((dueMs, index) => {
      if (dueMs !== dues[index - 1]) firsts.push(index);
    });
    this.#context!.print(0, `timer: ${firsts.length} due times, ${timers.length} timers`);
    for (const [line, first] of firsts.slice(0, DEBUG_LINES).entries()) {
      const count = (firsts[line + 1] ?? timers.length) - first;
      const leftMs = Math.max(0, Math.round(dues[first]! - nowMs));
      this.#context!.print(0, `timer: ${count} in ${leftMs} ms`);
    }
    const left = firsts.length - DEBUG_LINES;
    if (left > 0) this.#context!.print(0, `timer: and ${left} later due times`);
  }
}

function isU64(value: unknown): value is number | bigint {
  return typeof value === "bigint"
    ? value >= 0n && value < 1n << 64n
    : Number.isInteger(value) && (value as number) >= 0;
}
