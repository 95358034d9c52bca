/**
 * A growing ring buffer: the queue under mailboxes and the run queue.
 * @module
 */

const FIRST_CAPACITY = 8;

/** First in, first out; both ends cost the same however many items wait. An empty ring owns no array. */
export class Ring<T> {
  #slots: (T | undefined)[] | undefined;
  #head = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(item: T): void {
    let slots = this.#slots;
    if (slots === undefined) {
      slots = this.#slots = Array.from<T | undefined>({ length: FIRST_CAPACITY });
    } else if (this.#count === slots.length) {
      slots = this.#grow(slots);
    }
    slots[(this.#head + this.#count) & (slots.length - 1)] = item;
    this.#count++;
  }

  shift(): T | undefined {
    if (this.#count === 0) return undefined;
    const slots = this.#slots!;
    const item = slots[this.#head];
    slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (slots.length - 1);
    this.#count--;
    // A long backlog that has drained gives its memory back.
    if (this.#count === 0 && slots.length > 1_024) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = undefined;
    this.#head = 0;
    this.#count = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    const slots = this.#slots;
    for (let offset = 0; offset < this.#count; offset++) {
      yield slots![(this.#head + offset) & (slots!.length - 1)] as T;
    }
  }

  // The capacity is always a power of two, so that a mask replaces the division.
  #grow(slots: (T | undefined)[]): (T | undefined)[] {
    const grown = Array.from<T | undefined>({ length: slots.length * 2 });
    for (let offset = 0; offset < this.#count; offset++) {
      grown[offset] = slots[(this.#head + offset) & (slots.length - 1)];
    }
    this.#head = 0;
    this.#slots = grown;
    return grown;
  }
}
