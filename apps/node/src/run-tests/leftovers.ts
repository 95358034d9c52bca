/**
 * What has to be undone at the end, whatever happens: programs that run, folders that were made.
 * @module
 */

type Undo = () => Promise<void> | void;

export class Leftovers {
  readonly #undo: Undo[] = [];
  #ending: Promise<void> | undefined;

  /** Whether the end has come: nothing new is to begin. */
  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** Undone at the end, the newest first; at once when the end has come already. */
  add(undo: Undo): void {
    if (this.#ending === undefined) this.#undo.push(undo);
    else void guarded(undo);
  }

  /** Settles when everything is undone. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    for (const undo of this.#undo.reverse()) {
      // oxlint-disable-next-line no-await-in-loop -- a folder goes when what writes there has ended
      await guarded(undo);
    }
  }
}

/** One that fails must not keep the others. */
async function guarded(undo: Undo): Promise<void> {
  try {
    await undo();
  } catch {
    // It is gone already, or cannot go.
  }
}
