/**
 * Who runs next: fibers go on at once while the slice lasts, then in turn after the event loop has turned.
 * Source: design.md §4 "Fair".
 *
 * Waking a fiber settles a promise, so within a slice the host's microtask queue is the run queue and costs nothing.
 * Microtasks alone would starve sockets and timers; once the slice is used up, fibers are queued here and go on in small
 * batches after the next turn.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import { Ring } from "./ring.ts";

/** Fibers woken between two looks at the clock: keeps the clock's cost per message small. */
const WAKES_PER_LOOK = 32;
const BATCH_COUNT = 16;

export class Scheduler {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #queue = new Ring<() => void>();
  readonly #onTurn = () => this.#turned();
  readonly #onBatch = () => this.#drain();
  /** Whether a turn of the event loop has been asked for: a slice is running. */
  #active = false;
  #over = false;
  #nowMs: number;
  #sliceEndMs = 0;
  #wakes = 0;
  #asks = 0;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#nowMs = clock.monotonicMs();
  }

  /** Continues a fiber: at once while the slice lasts and nobody waits before it, else in its turn. */
  ready(wake: () => void): void {
    if (!this.#active) this.#begin();
    if (!this.#over && this.#queue.count === 0) {
      if (++this.#wakes % WAKES_PER_LOOK !== 0 || !this.#look()) {
        wake();
        return;
      }
    }
    this.#queue.push(wake);
  }

  /** Puts a running fiber behind all that wait. */
  yield(resume: () => void): void {
    if (!this.#active) this.#begin();
    this.#queue.push(resume);
    // Nothing may be on its way to drain the queue: the slice of this turn is not over, but one fiber gave way.
    if (!this.#over && this.#queue.count === 1) queueMicrotask(this.#onBatch);
  }

  /** Whether the running fiber should give way. Looks at the clock at every eighth question only. */
  sliceIsOver(): boolean {
    if (this.#over) return true;
    if (!this.#active) this.#begin();
    return (++this.#asks & 7) === 0 && this.#look();
  }

  /** Monotonic milliseconds, at most about a slice old: exact enough for timeouts of seconds, and free. */
  nowMs(): number {
    if (!this.#active) this.#begin();
    return this.#nowMs;
  }

  get waitingCount(): number {
    return this.#queue.count;
  }

  #begin(): void {
    this.#active = true;
    this.#over = false;
    this.#nowMs = this.#clock.monotonicMs();
    this.#sliceEndMs = this.#nowMs + this.#sliceMs;
    this.#clock.afterTurn(this.#onTurn);
  }

  #look(): boolean {
    this.#nowMs = this.#clock.monotonicMs();
    this.#over = this.#nowMs >= this.#sliceEndMs;
    return this.#over;
  }

  #turned(): void {
    this.#active = false;
    this.#over = false;
    if (this.#queue.count === 0) return;
    this.#begin();
    this.#drain();
  }

  #drain(): void {
    if (!this.#active || this.#over || this.#queue.count === 0) return;
    if (this.#look()) return;
    for (let count = 0; count < BATCH_COUNT && this.#queue.count > 0; count++) {
      this.#queue.shift()!();
    }
    // The woken fibers run first: their promises were settled before this microtask was queued.
    if (this.#queue.count > 0) queueMicrotask(this.#onBatch);
  }
}
