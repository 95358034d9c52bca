/**
 * Who runs next: fibers go on at once while the slice lasts, then in turn after the event loop has turned.
 * Source: design.md §4 "Fair".
 *
 * Waking a fiber settles a promise, so within a slice the host's microtask queue is the run queue and costs nothing.
 * Microtasks alone would starve sockets and timers; once the slice is used up, fibers are queued here and go on in small
 * batches after the next turn.
 *
 * Fibers that only compute wait apart from those that were woken by a message, and the two kinds have every other turn.
 * In one queue each hop of a conversation would wait for a whole slice of every computing fiber. A turn of those that compute is
 * shorter: whatever comes from outside waits for it.
 * Among those that compute, who has used least of its share comes first. One that is woken by messages but has used its
 * burst waits among them, too: see cpu-share.ts. While nobody computes, nothing is counted.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { CpuShare } from "./cpu-share.ts";
import { Ring } from "./ring.ts";
import { ShareQueue } from "./share-queue.ts";

/** Fibers woken between two looks at the clock: keeps the clock's cost per message small. */
const WAKES_PER_LOOK = 32;
const BATCH_COUNT = 16;
/** After so many milliseconds without a computing fiber, what was used is forgotten. */
const FORGET_MS = 100;
/** What a fresh process may use of its burst: little, or spawning would be a way around shares. */
const FRESH_CREDIT_MS = 10;

export class Scheduler {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #computeSliceMs: number;
  /** Woken fibers that the slice had no time for. */
  readonly #woken = new Ring<() => void>();
  /** Fibers that computed until the slice was over, and woken ones that have used their burst. */
  readonly #computing = new ShareQueue();
  readonly #onTurn = () => this.#turned();
  readonly #onBatch = () => {
    this.#isDraining = false;
    this.#drain();
  };
  /** Whether it is the turn of those that compute. */
  #computingTurn = false;
  /** Whether a process has started in this turn. */
  #hasStarted = false;
  /** Whether `#onBatch` has been queued. */
  #isDraining = false;
  /** Virtual time of the last that came from `#computing`; never goes back. */
  #virtualMs = 0;
  #period = 0;
  #lastComputingMs = -Infinity;
  /** Whether a turn of the event loop has been asked for: a slice is running. */
  #active = false;
  #over = false;
  #nowMs: number;
  #sliceEndMs = 0;
  #wakes = 0;
  #wakesAtAsk = 0;
  #asks = 0;

  /** @param computeSliceMs - of a turn of those that compute; default: as long as any */
  constructor(clock: Clock, sliceMs: number, computeSliceMs = sliceMs) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#computeSliceMs = Math.min(sliceMs, computeSliceMs);
    this.#nowMs = clock.monotonicMs();
  }

  /** Continues a fiber: at once while the slice lasts and nobody waits before it, else in its turn. */
  ready(wake: () => void, share?: CpuShare): void {
    if (!this.#active) this.#begin();
    if (share !== undefined && this.#computing.count > 0) {
      this.#charge(share, true);
      if (share.virtualMs >= this.#virtualMs) {
        this.#compute(wake, share);
        return;
      }
    }
    if (!this.#over && this.#woken.count === 0) {
      if (++this.#wakes % WAKES_PER_LOOK !== 0 || !this.#look()) {
        wake();
        return;
      }
    }
    this.#woken.push(wake);
  }

  /**
   * Lets a process start: at once if it is the first in this turn and nobody waits, else in its turn. Starting takes a
   * millisecond or so in which nothing is counted, and a thousand may want to.
   */
  start(launch: () => void, share: CpuShare): void {
    if (!this.#active) this.#begin();
    this.#admit(share);
    if (!this.#over && !this.#hasStarted && this.waitingCount === 0) {
      this.#hasStarted = true;
      launch();
      return;
    }
    this.#compute(launch, share);
  }

  /** While others compute, a fresh process has not much of a burst yet. */
  #admit(share: CpuShare): void {
    this.#forget();
    if (share.period === this.#period) return;
    share.period = this.#period;
    share.chargedMs = share.cpuMs();
    share.virtualMs = this.#virtualMs - Math.min(FRESH_CREDIT_MS, share.creditMs);
  }

  /** Puts a running fiber behind all that wait like it. */
  yield(resume: () => void, share?: CpuShare): void {
    if (!this.#active) this.#begin();
    if (share !== undefined && this.#over) {
      this.#charge(share, false);
      this.#compute(resume, share);
      return;
    }
    this.#woken.push(resume);
    // Nothing may be on its way to drain the queue: the slice of this turn is not over, but one fiber gave way.
    if (!this.#over) this.#drainSoon();
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

  /**
   * Tells that a module has done what it was asked for, which may have taken long: a process that asks again and again would
   * else have `WAKES_PER_LOOK` operations of a slow disk in one slice.
   */
  worked(): void {
    if (this.#active && !this.#over) this.#look();
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
    this.#computingTurn = false;
    this.#hasStarted = false;
    this.#nowMs = this.#clock.monotonicMs();
    this.#sliceEndMs = this.#nowMs + this.#sliceMs;
    this.#clock.afterTurn(this.#onTurn);
  }

  #look(): boolean {
    this.#nowMs = this.#clock.monotonicMs();
    this.#over = this.#nowMs >= this.#sliceEndMs;
    return this.#over;
  }

  /** Queues a fiber among those that compute. */
  #compute(resume: () => void, share: CpuShare): void {
    this.#computing.push(resume, share);
    this.#lastComputingMs = this.#nowMs;
    if (!this.#over) this.#drainSoon();
  }

  /** A new time of contention begins after a quiet one: all that were there before have their whole burst. */
  #forget(): void {
    if (this.#computing.count === 0 && this.#nowMs - this.#lastComputingMs > FORGET_MS)
      this.#period++;
  }

  /** Adds what a fiber has used since it was charged last. One that was `woken` had waited and may have saved its burst. */
  #charge(share: CpuShare, woken: boolean): void {
    this.#forget();
    const usedMs = share.cpuMs();
    const earliestMs = this.#virtualMs - share.creditMs;
    if (share.period === this.#period) {
      // Short stretches are sampled: a sample that a pause of the node fell into must not count as a long one.
      const spentMs = Math.min(Math.max(0, usedMs - share.chargedMs), this.#sliceMs);
      share.virtualMs = Math.max(share.virtualMs + spentMs / share.shares, earliestMs);
    } else {
      share.virtualMs = woken ? earliestMs : this.#virtualMs;
      share.period = this.#period;
    }
    share.chargedMs = usedMs;
  }

  #turned(): void {
    this.#active = false;
    this.#over = false;
    if (this.waitingCount === 0) return;
    const wasComputingTurn = this.#computingTurn;
    this.#begin();
    this.#computingTurn =
      this.#computing.count > 0 && (!wasComputingTurn || this.#woken.count === 0);
    if (this.#computingTurn) this.#sliceEndMs = this.#nowMs + this.#computeSliceMs;
    this.#drain();
  }

  #drainSoon(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    queueMicrotask(this.#onBatch);
  }

  /** Only the queue whose turn it is: that nobody waits in the other's does not mean that its fibers have finished. */
  #drain(): void {
    if (!this.#active || this.#over) return;
    const queue = this.#computingTurn ? this.#computing : this.#woken;
    if (queue.count === 0 || this.#look()) return;
    if (this.#computingTurn) this.#resumeNext();
    else {
      for (let count = 0; count < BATCH_COUNT && this.#woken.count > 0; count++)
        this.#woken.shift()!();
    }
    // The woken fibers run first: their promises were settled before this microtask was queued.
    if (queue.count > 0) this.#drainSoon();
  }

  /** A computing fiber may take the rest of the slice for itself. */
  #resumeNext(): void {
    const next = this.#computing.shift()!;
    this.#virtualMs = Math.max(this.#virtualMs, next.virtualMs);
    this.#lastComputingMs = this.#nowMs;
    next.resume();
  }
}
