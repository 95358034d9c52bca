/**
 * A clock that stands still until a test moves it, with the event-loop turns the kernel's scheduler waits for.
 * Source: the `Clock` contract in `@kinode-ts/types`.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";
import { hostTurn } from "./host-turn-bun.ts";

export interface VirtualClockOptions {
  /** Wall clock at the start, milliseconds since 1970. Default: 2025-01-31T00:00:00Z. */
  readonly startMs?: number;
  /** Milliseconds that each look at `monotonicMs` costs, for tests of time slices. Default 0. */
  readonly costPerReadMs?: number;
}

export interface VirtualClock extends Clock {
  /** Timers that have neither fired nor been cancelled. */
  readonly pendingTimerCount: number;
  /** Turns asked for with `afterTurn` and not run yet. */
  readonly pendingTurnCount: number;
  /** Runs the turns that are waiting now, not those they ask for; returns how many ran. */
  runTurn(): number;
  /** Lets microtasks and turns run until nothing is left to do at this moment. Time does not move. */
  settle(): Promise<void>;
  /** Moves time forward, firing each due timer at its own moment and settling after it. */
  advance(ms: number): Promise<void>;
  /**
   * Moves time from timer to timer until `promise` settles, and returns its value.
   * @throws {Error} nothing is left that could settle it, or `limitMs` (default: 30 days) have passed
   */
  runUntil<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Sets the wall clock alone, as a person or NTP would. */
  setWallClock(ms: number): void;
}

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

const DEFAULT_START_MS = 1_738_281_600_000;
const MAX_IDLE_ROUNDS = 2;
const MAX_TURNS = 200_000;
const MONTH_MS = 30 * 24 * 3_600_000;

/** Timers in the order they fire: by due time, then by age. */
class TimerList {
  readonly #timers: Timer[] = [];

  get count(): number {
    return this.#timers.length;
  }

  add(timer: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timers[middle]!.dueMs <= timer.dueMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }

  remove(timer: Timer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  takeDue(untilMs: number): Timer | undefined {
    const first = this.#timers[0];
    return first !== undefined && first.dueMs <= untilMs ? this.#timers.shift() : undefined;
  }
}

class SteppedClock implements VirtualClock {
  readonly #timers = new TimerList();
  readonly #costPerReadMs: number;
  #turns: (() => void)[] = [];
  #elapsedMs = 0;
  #wallOffsetMs: number;

  constructor(options: VirtualClockOptions) {
    this.#wallOffsetMs = options.startMs ?? DEFAULT_START_MS;
    this.#costPerReadMs = options.costPerReadMs ?? 0;
  }

  get pendingTimerCount(): number {
    return this.#timers.count;
  }

  get pendingTurnCount(): number {
    return this.#turns.length;
  }

  nowMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#elapsedMs);
  }

  monotonicMs(): number {
    this.#elapsedMs += this.#costPerReadMs;
    return this.#elapsedMs;
  }

  setWallClock(ms: number): void {
    this.#wallOffsetMs = ms - this.#elapsedMs;
  }

  after(delayMs: number, fire: () => void): TimerHandle {
    if (!Number.isFinite(delayMs)) throw new RangeError(`"${delayMs}" is not a finite delay`);
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), fire };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.remove(timer) };
  }

  afterTurn(turn: () => void): void {
    this.#turns.push(turn);
  }

  runTurn(): number {
    const turns = this.#turns;
    this.#turns = [];
    for (const turn of turns) turn();
    return turns.length;
  }

  async settle(): Promise<void> {
    let idleRounds = 0;
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      await hostTurn();
      idleRounds = this.runTurn() === 0 ? idleRounds + 1 : 0;
      if (idleRounds === MAX_IDLE_ROUNDS) return;
    }
    throw new Error(`Still busy after ${MAX_TURNS} turns; something asks for a turn in every turn`);
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`Cannot advance by "${ms}" ms; time only moves forward`);
    const targetMs = this.#elapsedMs + ms;
    await this.settle();
    for (let timer = this.#timers.takeDue(targetMs); timer !== undefined;) {
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueMs);
      timer.fire();
      await this.settle();
      timer = this.#timers.takeDue(targetMs);
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }

  async runUntil<T>(promise: Promise<T>, limitMs: number = MONTH_MS): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    const lastMs = this.#elapsedMs + limitMs;
    await this.settle();
    while (!settled) {
      const dueMs = this.#timers.nextDueMs();
      if (dueMs === undefined) throw new Error("The promise is pending and no timer is left");
      if (dueMs > lastMs) throw new Error(`The promise is still pending after ${limitMs} ms`);
      await this.advance(Math.max(0, dueMs - this.#elapsedMs));
    }
    return promise;
  }
}

/** A clock at rest. Deterministic: the same calls give the same order of timers and turns. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new SteppedClock(options);
}
