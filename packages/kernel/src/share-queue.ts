/**
 * Fibers that wait for the processor, the one with least virtual time first; equals in the order they came.
 * @module
 */
import type { CpuShare } from "./cpu-share.ts";

interface Waiting {
  readonly resume: () => void;
  readonly share: CpuShare;
  readonly virtualMs: number;
  readonly arrival: number;
}

const comesBefore = (a: Waiting, b: Waiting): boolean =>
  a.virtualMs < b.virtualMs || (a.virtualMs === b.virtualMs && a.arrival < b.arrival);

/** A binary heap. */
export class ShareQueue {
  readonly #heap: Waiting[] = [];
  #arrivals = 0;

  get count(): number {
    return this.#heap.length;
  }

  push(resume: () => void, share: CpuShare): void {
    const heap = this.#heap;
    const item = { resume, share, virtualMs: share.virtualMs, arrival: this.#arrivals++ };
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  shift(): Waiting | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!comesBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
