/**
 * Something that there is little of, such as memory for bodies that are kept whole, shared by many owners: half of
 * it is for whoever comes first, the other half for those who have little. So nobody can take all of it.
 * @module
 */

/** The part of one body. */
export interface BodyRoom {
  /** Takes more of the memory; false, and nothing taken, when there is none left for this owner. */
  take(byteCount: number): boolean;
  /** Gives back all that was taken. */
  release(): void;
}

export class SharedRoom<Owner> {
  readonly #maxBytes: number;
  readonly #byOwner = new Map<Owner, number>();
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @param owner - `undefined`: one that is trusted, and may have all of it */
  open(owner: Owner | undefined): BodyRoom {
    let taken = 0;
    return {
      take: (byteCount) => {
        const isTaken = this.#take(owner, byteCount);
        if (isTaken) taken += byteCount;
        return isTaken;
      },
      release: () => {
        this.#give(owner, taken);
        taken = 0;
      },
    };
  }

  #take(owner: Owner | undefined, byteCount: number): boolean {
    const used = this.#usedBytes + byteCount;
    if (used > this.#maxBytes) return false;
    if (owner !== undefined) {
      const own = (this.#byOwner.get(owner) ?? 0) + byteCount;
      if (used > this.#maxBytes / 2 && own > this.#maxBytes / 4) return false;
      this.#byOwner.set(owner, own);
    }
    this.#usedBytes = used;
    return true;
  }

  #give(owner: Owner | undefined, byteCount: number): void {
    this.#usedBytes -= byteCount;
    if (owner === undefined || byteCount === 0) return;
    const own = this.#byOwner.get(owner)! - byteCount;
    if (own === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, own);
  }
}
