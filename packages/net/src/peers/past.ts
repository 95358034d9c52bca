/**
 * What a connection that is over has left: messages the peer may have, until it says which it has read, and messages it cannot
 * have. Both go on with the next connection, before everything newer.
 * @module
 */
import type { KernelMessage } from "@kinode-ts/types";
import type { OutgoingMessage } from "./outgoing.ts";
import type { UnreadRest } from "./unread.ts";

export interface PastOptions {
  readonly tag: string;
  readonly unread: UnreadRest;
  readonly unsent: readonly OutgoingMessage[];
  /** Requests whose answer is still waited for, whoever has them now. */
  readonly awaited: readonly KernelMessage[];
  /** Whether the peer remembers what it has read. */
  readonly isResumable: boolean;
  /** Of the peer's program that it was with, if it names its runs. */
  readonly run: string | undefined;
}

export class Past {
  readonly tag: string;
  readonly unsent: readonly OutgoingMessage[];
  readonly #awaited: readonly KernelMessage[];
  readonly #first: number;
  readonly #run: string | undefined;
  #unread: readonly OutgoingMessage[];
  #isOpen: boolean;

  constructor({ tag, unread, unsent, awaited, isResumable, run }: PastOptions) {
    this.tag = tag;
    this.#run = run;
    this.unsent = unsent;
    this.#first = unread.first;
    this.#unread = unread.items;
    const ids = new Set(unsent.map(({ message }) => message.id));
    this.#awaited = awaited.filter(({ id }) => !ids.has(id));
    this.#isOpen = isResumable && (unread.items.length > 0 || this.#awaited.length > 0);
  }

  /** The peer has to say what it has read. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Nobody waits for anything of it. */
  get isEmpty(): boolean {
    return this.again.length === 0 && this.#awaited.length === 0;
  }

  /** Whether `count` is more than the peer had confirmed. */
  hasMoved(count: number | undefined): boolean {
    return count !== undefined && count > this.#first;
  }

  /**
   * The peer has read the first `count` messages of the connection; `undefined`: it knows nothing of it. Then it has never heard
   * of it, when it is the same run of its program: or it is another one, and nothing is sent twice.
   * @param run - of the peer's program now
   * @returns messages that fail
   */
  settle(count: number | undefined, run: string | undefined): readonly KernelMessage[] {
    if (!this.#isOpen) return [];
    this.#isOpen = false;
    const unread = this.#unread;
    if (count === undefined && run !== undefined && run === this.#run) return [];
    if (count !== undefined) {
      this.#unread = unread.slice(Math.max(0, count - this.#first));
      return [];
    }
    this.#unread = [];
    return this.#failing(unread);
  }

  /** What is sent again, in order. */
  get again(): readonly OutgoingMessage[] {
    return [...this.#unread, ...this.unsent];
  }

  /** Everything of it fails. */
  giveUp(): readonly KernelMessage[] {
    return this.#failing(this.again);
  }

  #failing(items: readonly OutgoingMessage[]): readonly KernelMessage[] {
    const ids = new Set(items.map(({ message }) => message.id));
    return [
      ...items.map(({ message }) => message),
      ...this.#awaited.filter(({ id }) => !ids.has(id)),
    ];
  }
}
