/**
 * First in, first out per source process; different processes beside each other.
 * Source: spec/runtime-modules.md §1.7.
 * @module
 */
import type { ProcessId } from "./address.ts";
import type { Awaitable } from "./awaitable.ts";

/** Work that handles its own failures: it never throws and never rejects. */
export type Job = () => Awaitable<void>;

export class SourceQueues {
  readonly #maxQueuedCount: number;
  /** Sources with work in flight, and what waits behind it. */
  readonly #waiting = new Map<ProcessId, Job[]>();
  readonly #running = new Set<Promise<void>>();

  constructor(maxQueuedCount: number) {
    this.#maxQueuedCount = maxQueuedCount;
  }

  /** Runs the job now when its source has nothing in flight, else later. False when too many wait. */
  add(source: ProcessId, job: Job): boolean {
    const waiting = this.#waiting.get(source);
    if (waiting !== undefined) {
      if (waiting.length >= this.#maxQueuedCount) return false;
      waiting.push(job);
      return true;
    }
    const pending = job();
    if (pending instanceof Promise) this.#goOn(source, pending);
    return true;
  }

  /** Settles when everything accepted has been done. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #goOn(source: ProcessId, pending: Promise<void>): void {
    const jobs: Job[] = [];
    this.#waiting.set(source, jobs);
    const run = this.#drain(source, pending, jobs);
    this.#running.add(run);
    void run.then(() => this.#running.delete(run));
  }

  async #drain(source: ProcessId, first: Promise<void>, jobs: Job[]): Promise<void> {
    await first;
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
    this.#waiting.delete(source);
  }
}
