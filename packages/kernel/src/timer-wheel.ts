/**
 * Timers for every outstanding request: putting one in and taking it out costs the same however many there are.
 * Source: spec/kernel.md §3.1 (no timeout fires early), §3.4 step 4, W26.
 *
 * Five levels of 64 slots with one-millisecond ticks cover 12 days; later deadlines wait in the last slot and are placed anew.
 * Only one host timer exists, armed for the nearest used slot.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";

/** A timer is a link of a circular list, so that setting and cancelling allocate nothing. */
export interface TimerNode {
  timerNext: TimerNode | undefined;
  timerPrevious: TimerNode | undefined;
  timerDeadlineMs: number;
  /** NOTE: may come after `cancel` when both fall on the same tick; the node knows whether it still waits. */
  fire(): void;
}

const SLOT_COUNT = 64;
const LEVEL_COUNT = 5;
const HORIZON_TICKS = SLOT_COUNT ** LEVEL_COUNT;
const SPANS = Array.from({ length: LEVEL_COUNT }, (_, level) => SLOT_COUNT ** level);

function createSentinel(): TimerNode {
  const node: TimerNode = {
    timerNext: undefined,
    timerPrevious: undefined,
    timerDeadlineMs: 0,
    fire: () => {},
  };
  node.timerNext = node;
  node.timerPrevious = node;
  return node;
}

export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots = Array.from({ length: SLOT_COUNT * LEVEL_COUNT }, createSentinel);
  readonly #onTimer = () => this.#elapsed();
  #count = 0;
  /** Everything up to and including this tick has fired. */
  #tick: number;
  #armedTick = Infinity;
  #armed: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.monotonicMs());
  }

  get count(): number {
    return this.#count;
  }

  /** Calls `node.fire()` once the monotonic clock has reached `deadlineMs`, a few milliseconds late at most. */
  set(node: TimerNode, deadlineMs: number): void {
    node.timerDeadlineMs = deadlineMs;
    this.#count++;
    const wakeTick = this.#place(node);
    if (wakeTick < this.#armedTick) this.#arm(wakeTick);
  }

  cancel(node: TimerNode): void {
    const next = node.timerNext;
    if (next === undefined) return;
    const previous = node.timerPrevious!;
    previous.timerNext = next;
    next.timerPrevious = previous;
    node.timerNext = undefined;
    node.timerPrevious = undefined;
    this.#count--;
  }

  /** Forgets all timers. */
  clear(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#armedTick = Infinity;
    for (const slot of this.#slots) {
      while (slot.timerNext !== slot) this.cancel(slot.timerNext!);
    }
  }

  /** Links a node into its slot; returns the tick at which that slot wants to be looked at. */
  #place(node: TimerNode): number {
    const deadlineTick = Math.max(Math.ceil(node.timerDeadlineMs), this.#tick + 1);
    const delta = Math.min(deadlineTick - this.#tick, HORIZON_TICKS - 1);
    const tick = this.#tick + delta;
    let level = 0;
    while (delta >= SPANS[level]! * SLOT_COUNT) level++;
    const span = SPANS[level]!;
    const number = Math.floor(tick / span);
    const slot = this.#slots[level * SLOT_COUNT + (number % SLOT_COUNT)]!;
    const last = slot.timerPrevious!;
    node.timerNext = slot;
    node.timerPrevious = last;
    last.timerNext = node;
    slot.timerPrevious = node;
    return number * span;
  }

  #arm(tick: number): void {
    this.#armed?.cancel();
    this.#armedTick = tick;
    this.#armed = this.#clock.after(Math.max(0, tick - this.#clock.monotonicMs()), this.#onTimer);
  }

  #elapsed(): void {
    this.#armed = undefined;
    this.#armedTick = Infinity;
    const nowMs = this.#clock.monotonicMs();
    const due = this.#collect(Math.floor(nowMs), nowMs);
    for (const node of due) node.fire();
    if (this.#count > 0 && this.#armed === undefined) this.#arm(this.#nearestTick());
  }

  /** Steps to `nowTick`: takes out what is due, in order of deadline, and moves the rest to finer slots. */
  #collect(nowTick: number, nowMs: number): TimerNode[] {
    const before = this.#tick;
    if (nowTick <= before) return [];
    const reached: TimerNode[] = [];
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const span = SPANS[level]!;
      const last = Math.floor(nowTick / span);
      const first = Math.max(Math.floor(before / span) + 1, last - SLOT_COUNT + 1);
      for (let number = first; number <= last; number++) {
        const slot = this.#slots[level * SLOT_COUNT + (number % SLOT_COUNT)]!;
        while (slot.timerNext !== slot) {
          const node = slot.timerNext!;
          this.cancel(node);
          reached.push(node);
        }
      }
    }
    this.#tick = nowTick;
    const due = reached.filter((node) => node.timerDeadlineMs <= nowMs);
    for (const node of reached) {
      if (node.timerDeadlineMs <= nowMs) continue;
      this.#count++;
      this.#place(node);
    }
    return due.toSorted((a, b) => a.timerDeadlineMs - b.timerDeadlineMs);
  }

  #nearestTick(): number {
    let nearest = Infinity;
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const span = SPANS[level]!;
      const current = Math.floor(this.#tick / span);
      for (let number = current + 1; number <= current + SLOT_COUNT; number++) {
        const slot = this.#slots[level * SLOT_COUNT + (number % SLOT_COUNT)]!;
        if (slot.timerNext === slot) continue;
        nearest = Math.min(nearest, number * span);
        break;
      }
    }
    return nearest;
  }
}
