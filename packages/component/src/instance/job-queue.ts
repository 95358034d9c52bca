/**
 * Calls that wait for their turn: a component does one thing at a time.
 * @module
 */
export interface Job {
  readonly run: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class JobQueue {
  #jobs: Job[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Settles with what `run` comes to, when its turn has come. */
  add(run: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ run, resolve, reject });
      this.#notify();
    });
  }

  /** The next job, or `undefined` after the last one of a closed queue. */
  async next(): Promise<Job | undefined> {
    while (this.#jobs.length === 0 && !this.#closed)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#jobs.shift();
  }

  /** No more jobs come; those that wait still run. */
  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** Closes it, and rejects all that wait. */
  fail(error: unknown): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    for (const job of jobs) job.reject(error);
    this.close();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
