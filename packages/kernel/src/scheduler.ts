/**
 * Who runs next: fibers go on at once while the slice lasts, then in turn after the event loop has turned.
 * Source: design.md §4 "Fair".
 *
 * Waking a fiber settles a promise, so within a slice the host's microtask queue is the run queue and costs nothing.
 * Microtasks alone would starve sockets and timers; once the slice is used up, fibers are queued here and go on in small
 * batches after the next turn.
 *
 * Fibers that only compute wait apart from those that were woken by a message, and the two kinds have every other turn.
 * In one queue each hop of a conversation would wait for a whole slice of every computing fiber.
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
  /** Woken fibers that the slice had no time for. */
  readonly #woken = new Ring<() => void>();
  /** Fibers that computed until the slice was over. */
  readonly #computing = new Ring<() => void>();
  /** The queue whose turn it is. */
  #queue = this.#woken;
  readonly #onTurn = () => this.#turned();
  readonly #onBatch = () => this.#drain();
  readonly #onGivenWay = () => {
    this.#queue = this.#woken;
    this.#drain();
  };
  /** Whether a turn of the event loop has been asked for: a slice is running. */
  #active = false;
  #over = false;
  #nowMs: number;
  #sliceEndMs = 0;
  #wakes = 0;
  #wakesAtAsk = 0;
  #asks = 0;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#nowMs = clock.monotonicMs();
  }

  /** Continues a fiber: at once while the slice lasts and nobody waits before it, else in its turn. */
  ready(wake: () => void): void {
    if (!this.#active) this.#begin();
    if (!this.#over && this.#woken.count === 0) {
      if (++this.#wakes % WAKES_PER_LOOK !== 0 || !this.#look()) {
        wake();
        return;
      }
    }
    this.#woken.push(wake);
  }

  /** Puts a running fiber behind all that wait like it. */
  yield(resume: () => void): void {
    if (!this.#active) this.#begin();
    if (this.#over) {
      this.#computing.push(resume);
      return;
    }
    this.#woken.push(resume);
    // Nothing may be on its way to drain the queue: the slice of this turn is not over, but one fiber gave way.
    if (this.#woken.count === 1) queueMicrotask(this.#onGivenWay);
  }

  /** Whether the running fiber should give way. */
  sliceIsOver(): boolean {
    if (this.#over) return true;
    if (!this.#active) this.#begin();
    const wakes = this.#wakes;
    if (wakes !== this.#wakesAtAsk) {
      // Fibers that chat ask after each message: one look at the clock for several questions is enough.
      this.#wakesAtAsk = wakes;
      return (++this.#asks & 7) === 0 && this.#look();
    }
    // A fiber that computes asks rarely, at its fuel checks; each may be milliseconds after the last.
    return this.#look();
  }

  /** Monotonic milliseconds, at most about a slice old: exact enough for timeouts of seconds, and free. */
  nowMs(): number {
    if (!this.#active) this.#begin();
    return this.#nowMs;
  }

  get waitingCount(): number {
    return this.#woken.count + this.#computing.count;
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
    if (this.waitingCount === 0) return;
    this.#begin();
    const wasWoken = this.#queue === this.#woken;
    const other = wasWoken ? this.#computing : this.#woken;
    if (other.count > 0) this.#queue = other;
    this.#drain();
  }

  #drain(): void {
    if (!this.#active || this.#over || this.#queue.count === 0) return;
    if (this.#look()) return;
    // A computing fiber takes a slice for itself.
    const batch = this.#queue === this.#woken ? BATCH_COUNT : 1;
    for (let count = 0; count < batch && this.#queue.count > 0; count++) {
      this.#queue.shift()!();
    }
    // The woken fibers run first: their promises were settled before this microtask was queued.
    if (this.#queue.count > 0) queueMicrotask(this.#onBatch);
  }
}
