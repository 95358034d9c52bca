/**
 * Which SQL engine computes. Each is metered, but by itself: ten of them that computed in one turn of the event loop would hold
 * it up ten times as long as one. So all together have one slice in a turn, whatever number of statements there are.
 *
 * Statements that begin come before those that go on, every other turn: a short one waits for a slice or two, not for one slice
 * of each long one. A clock, because an engine takes its turns from the clock it is given.
 * @module
 */
import type { Awaitable, Clock, TimerHandle } from "@kinode-ts/types";

/** What all engines together may compute in one turn, in milliseconds. */
export const ENGINE_SLICE_MS = 2;

type Go = () => void;

/** A call of an engine that is under way. */
export interface RunningCall {
  /** Asked before engines go on: one that does not stop by itself must be ended. */
  endIfOverdue(): void;
}

export class EngineTurns implements Clock {
  readonly #clock: Clock;
  readonly #beginning: Go[] = [];
  readonly #goingOn: Go[] = [];
  readonly #running = new Set<RunningCall>();
  /** When the first engine began in this turn; undefined: none has. */
  #sinceMs: number | undefined;
  #isAsked = false;
  /** Whose turn it was last. */
  #wentOn = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, fire: () => void): TimerHandle {
    return this.#clock.after(delayMs, fire);
  }

  /** Called by an engine whose slice is over. */
  afterTurn(turn: Go): void {
    this.#goingOn.push(turn);
    this.#ask();
  }

  /** A call begins; to be followed by `left`. */
  entered(call: RunningCall): void {
    this.#running.add(call);
  }

  left(call: RunningCall): void {
    this.#running.delete(call);
  }

  /** Settles when a statement may begin: at once while this turn's slice lasts. */
  begin(): Awaitable<void> {
    if (this.#beginning.length === 0 && !this.#isSpent()) return;
    return new Promise((resolve) => {
      this.#beginning.push(resolve);
      this.#ask();
    });
  }

  /** A statement is done: the next may begin in what is left of the slice. */
  end(): void {
    if (this.#beginning.length > 0 && !this.#isSpent()) this.#beginning.shift()!();
  }

  #isSpent(): boolean {
    if (this.#sinceMs !== undefined) {
      return this.#clock.monotonicMs() - this.#sinceMs >= ENGINE_SLICE_MS;
    }
    this.#sinceMs = this.#clock.monotonicMs();
    this.#clock.afterTurn(() => (this.#sinceMs = undefined));
    return false;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#clock.afterTurn(() => this.#turn());
  }

  #turn(): void {
    this.#isAsked = false;
    this.#sinceMs = undefined;
    this.#isSpent();
    const goOn = this.#goingOn.length > 0 && (this.#beginning.length === 0 || !this.#wentOn);
    this.#wentOn = goOn;
    if (goOn) for (const call of this.#running) call.endIfOverdue();
    const next = (goOn ? this.#goingOn : this.#beginning).shift();
    if (this.#beginning.length + this.#goingOn.length > 0) this.#ask();
    next?.();
  }
}
