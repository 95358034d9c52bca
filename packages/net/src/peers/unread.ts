/**
 * Messages that were handed to a socket and that the peer may not have, in order. A peer that confirms what it has read
 * (`RESUME`) takes them out by their number on the connection; with others they go when the system has taken their last byte,
 * and nobody knows whether they arrive.
 * @module
 */
import { badFrame } from "../errors.ts";
import type { OutgoingMessage } from "./outgoing.ts";

interface Handed {
  readonly item: OutgoingMessage;
  /** Bytes handed over up to and with its last one. */
  readonly end: number;
}

/** What a connection leaves behind of what was handed over. */
export interface UnreadRest {
  /** Number of the first one on that connection. */
  readonly first: number;
  readonly items: readonly OutgoingMessage[];
}

export const NOTHING_UNREAD: UnreadRest = { first: 0, items: [] };

export class Unread {
  #items: Handed[] = [];
  #head = 0;
  /** Number of the one at `head`. */
  #first = 0;
  #byteLength = 0;

  get count(): number {
    return this.#items.length - this.#head;
  }

  /** Number of the first one on the connection. */
  get first(): number {
    return this.#first;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  push(item: OutgoingMessage, end: number): void {
    this.#items.push({ item, end });
    this.#byteLength += item.byteLength;
  }

  /**
   * The peer has read the first `count` messages of the connection.
   * @throws {NetError} `net.bad-frame`: so many were not sent
   */
  confirm(count: number): void {
    if (count > this.#first + this.count) {
      throw badFrame(`${count} messages are confirmed, ${this.#first + this.count} were sent`);
    }
    while (this.#first < count) this.#take();
  }

  /** Those whose last byte is among the first `left` bytes are no longer ours. */
  forget(left: number): void {
    while (this.count > 0 && this.#items[this.#head]!.end <= left) this.#take();
  }

  /** Those whose last byte is not among the first `left` bytes. */
  beyond(left: number): OutgoingMessage[] {
    return this.#rest.filter(({ end }) => end > left).map(({ item }) => item);
  }

  /** All, which are left out from now on. */
  takeRest(): UnreadRest {
    const rest = { first: this.#first, items: this.#rest.map(({ item }) => item) };
    this.#items = [];
    this.#head = this.#byteLength = 0;
    return rest;
  }

  get #rest(): readonly Handed[] {
    return this.#items.slice(this.#head);
  }

  #take(): void {
    this.#byteLength -= this.#items[this.#head]!.item.byteLength;
    this.#head += 1;
    this.#first += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1_024) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
