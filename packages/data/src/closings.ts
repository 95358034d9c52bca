/**
 * Databases that are being closed. Two on the same files would destroy them, so the next one waits.
 * @module
 */
export class Closings {
  readonly #closings = new Map<string, Promise<void>>();

  /** Settles when the database of this key has let go of its files; `undefined` when none is being closed. */
  before(text: string): Promise<void> | undefined {
    return this.#closings.get(text);
  }

  /** Returns what it was given. */
  track(text: string, closed: Promise<void>): Promise<void> {
    const settled = closed.catch(() => undefined);
    this.#closings.set(text, settled);
    void settled.then(() => {
      if (this.#closings.get(text) === settled) this.#closings.delete(text);
    });
    return closed;
  }
}
