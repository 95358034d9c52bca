/**
 * What waits to be sent to one peer. Messages of one flow (one process to one process) keep their order; flows take turns
 * by bytes, so that a large transfer delays the small messages of others by one of its messages, or one part, not by all.
 * Source: deficit round robin (Shreedhar and Varghese, 1995); design.md §8.
 * @module
 */

/** A message in the outbox. */
export interface Outgoing {
  /** Who to whom; order is kept within it. */
  readonly flow: string;
  /** About what it takes on the wire. */
  readonly byteLength: number;
}

export interface OutboxLimits {
  /** Bytes waiting for one peer. */
  readonly maxBytes: number;
  /** Bytes of one flow: one process must not fill the way for all. */
  readonly maxFlowBytes: number;
  /** Messages waiting for one peer. */
  readonly maxCount: number;
  /** Bytes of one flow above which its sender is asked to wait; it may go on below half of it. */
  readonly slowFlowBytes: number;
  /** Messages of one flow above which its sender is asked to wait; it may go on below half of them. */
  readonly slowFlowCount: number;
  /** Bytes a flow may send in its turn. */
  readonly turnBytes: number;
}

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  maxBytes: 64 * 1024 * 1024,
  maxFlowBytes: 32 * 1024 * 1024,
  maxCount: 16_384,
  slowFlowBytes: 4 * 1024 * 1024,
  slowFlowCount: 1_024,
  turnBytes: 64 * 1024,
};

interface Flow<T> {
  readonly name: string;
  readonly items: T[];
  /** Place of the first item that was not taken. */
  head: number;
  byteLength: number;
  /** Bytes it may still send in this turn. */
  credit: number;
  /** Who waits for it to become short; settled with all others of the flow. */
  room: PromiseWithResolvers<void> | undefined;
}

export class Outbox<T extends Outgoing> {
  readonly #limits: OutboxLimits;
  readonly #flows = new Map<string, Flow<T>>();
  /** Flows with something to send; the first one has the turn. */
  #turns: Flow<T>[] = [];
  #count = 0;
  #byteLength = 0;

  constructor(limits: Partial<OutboxLimits> = {}) {
    this.#limits = { ...DEFAULT_OUTBOX_LIMITS, ...limits };
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** False when there is no room: the message was not taken. */
  push(item: T): boolean {
    const { maxBytes, maxFlowBytes, maxCount, turnBytes } = this.#limits;
    const flow = this.#flows.get(item.flow);
    const flowBytes = (flow?.byteLength ?? 0) + item.byteLength;
    // A message that is larger than a bound by itself may go alone: the largest one is bounded elsewhere.
    const fits =
      this.#count < maxCount &&
      (this.#byteLength + item.byteLength <= maxBytes || this.#count === 0) &&
      (flowBytes <= maxFlowBytes || flow === undefined);
    if (!fits) return false;
    this.#count += 1;
    this.#byteLength += item.byteLength;
    if (flow !== undefined) {
      flow.items.push(item);
      flow.byteLength = flowBytes;
      return true;
    }
    const begun: Flow<T> = {
      name: item.flow,
      items: [item],
      head: 0,
      byteLength: item.byteLength,
      credit: turnBytes,
      room: undefined,
    };
    this.#flows.set(item.flow, begun);
    this.#turns.push(begun);
    return true;
  }

  /** Settles when the flow is short again; `undefined` when it is: its sender need not wait. */
  whenShort(name: string): Promise<void> | undefined {
    const flow = this.#flows.get(name);
    const { slowFlowBytes, slowFlowCount } = this.#limits;
    if (flow === undefined) return undefined;
    if (flow.byteLength <= slowFlowBytes && flow.items.length - flow.head <= slowFlowCount) {
      return undefined;
    }
    flow.room ??= Promise.withResolvers<void>();
    return flow.room.promise;
  }

  /**
   * The message whose turn it is; it stays until `take`.
   * @param maxStepBytes - what at most is sent of it before others have their turn
   */
  next(maxStepBytes = Number.POSITIVE_INFINITY): T | undefined {
    for (;;) {
      const flow = this.#turns[0];
      if (flow === undefined) return undefined;
      const item = flow.items[flow.head]!;
      const step = Math.min(item.byteLength, maxStepBytes);
      if (step <= flow.credit || this.#turns.length === 1) return item;
      flow.credit += this.#limits.turnBytes;
      this.#turns.push(this.#turns.shift()!);
    }
  }

  /** A part of the message that `next` gave was sent; it stays. */
  spend(bytes: number): void {
    const flow = this.#turns[0]!;
    flow.credit = Math.max(0, flow.credit - bytes);
  }

  /** Takes out the message that `next` gave. */
  take(): T {
    const flow = this.#turns[0]!;
    const item = flow.items[flow.head]!;
    flow.head += 1;
    flow.byteLength -= item.byteLength;
    flow.credit = Math.max(0, flow.credit - item.byteLength);
    this.#count -= 1;
    this.#byteLength -= item.byteLength;
    if (flow.head === flow.items.length) {
      this.#turns.shift();
      this.#flows.delete(flow.name);
    } else if (flow.head > 1_024) {
      flow.items.splice(0, flow.head);
      flow.head = 0;
    }
    this.#giveRoom(flow);
    return item;
  }

  /** The message to send next, taken out. */
  shift(): T | undefined {
    return this.next() === undefined ? undefined : this.take();
  }

  /** Everything that waits, in the order it would be sent; the outbox is empty afterwards, and nobody waits for room. */
  drain(): T[] {
    return Array.from({ length: this.#count }, () => this.shift()!);
  }

  #giveRoom(flow: Flow<T>): void {
    const { room } = flow;
    if (room === undefined) return;
    const { slowFlowBytes, slowFlowCount } = this.#limits;
    const count = flow.items.length - flow.head;
    if (count > 0 && (flow.byteLength > slowFlowBytes / 2 || count > slowFlowCount / 2)) return;
    flow.room = undefined;
    room.resolve();
  }
}
