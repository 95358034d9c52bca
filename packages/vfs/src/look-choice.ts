/**
 * Whether to look for an answer in each turn of the event loop, or to wait until one is told.
 *
 * On a machine with nothing else to do looking takes half as long; beside other work it takes the processor from the thread
 * that makes the answer. What is better is tried out again and again.
 * @module
 */

/** Calls from one trial to the next. */
const PERIOD = 512;
/** Looking costs the processor of others: it has to be so much quicker. */
const WORTH = 0.7;

/** Calls of each kind in a trial. */
const TRIAL = 17;

export class LookChoice {
  #count = 0;
  #isBetter = false;
  #looked: number[] = [];
  #told: number[] = [];

  /** For the next call. */
  next(): boolean {
    const place = this.#count++ % PERIOD;
    if (place < TRIAL) return true;
    if (place < 2 * TRIAL) return false;
    if (place === 2 * TRIAL) this.#choose();
    return this.#isBetter;
  }

  /** How long a call took. */
  note(wasLooked: boolean, ms: number): void {
    const times = wasLooked ? this.#looked : this.#told;
    if (times.length < TRIAL) times.push(ms);
  }

  #choose(): void {
    // NOTE: not the mean: others have the processor now and then, which says nothing.
    this.#isBetter = median(this.#looked) < median(this.#told) * WORTH;
    this.#looked = [];
    this.#told = [];
  }
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
}
