/**
 * Things that are due at some time, earliest first and in insertion order when due together: a binary heap.
 * @module
 */

export interface Due {
  readonly dueMs: number;
  /** Order of insertion. */
  readonly sequence: number;
}

export class TimerQueue<T extends Due> {
  #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest, left where it is. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  /** All of them, in no particular order. */
  values(): readonly T[] {
    return this.#heap;
  }

  add(item: T): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  /** Takes the earliest. */
  take(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  /** Keeps only what `keep` says; costs as much as all of them. */
  filter(keep: (item: T) => boolean): void {
    const kept = this.#heap.filter(keep);
    this.#heap = [];
    for (const item of kept) this.add(item);
  }

  /** Puts `item` in the place of the first and lets it down to where it belongs. */
  #sink(item: T): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
