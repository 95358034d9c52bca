/**
 * Outstanding requests of one process: what it had in hand when it sent them, and their timeouts.
 * Source: spec/kernel.md §3.3, §3.4 step 4, §3.6.
 *
 * Answers are matched when they arrive, not when they are taken: an answer nobody waits for never takes up room, and the first
 * of several answers wins (§3.10 last line). A matched answer travels through the mailbox as its context.
 * @module
 */
import type { Address, KernelMessage, NodeId, SendErrorKind, U64 } from "@kinode-ts/types";
import type { TimerNode, TimerWheel } from "./timer-wheel.ts";

/** What `send-response` and inheriting requests need of the message a process has in hand. */
export interface Prompting {
  readonly id: U64;
  readonly source: Address;
  readonly rsvp: Address | undefined;
}

/** Told when an outstanding request was not answered in time. */
export interface ContextOwner {
  fail(context: RequestContext, kind: SendErrorKind): void;
}

export class RequestContext implements TimerNode {
  owner: ContextOwner;
  readonly request: KernelMessage;
  readonly prompting: Prompting | undefined;
  /** The process's own bytes, given back with the answer. */
  readonly context: Uint8Array | undefined;
  readonly bytes: number;
  /** Set once by the first answer or failure. */
  answer: KernelMessage | undefined;
  failure: SendErrorKind | undefined;
  answered = false;
  /** Set when the kernel itself waits (spawn): the answer goes there and never into the mailbox. */
  settle: ((context: RequestContext) => void) | undefined;
  timerNext: TimerNode | undefined;
  timerPrevious: TimerNode | undefined;
  timerDeadlineMs = 0;

  constructor(
    owner: ContextOwner,
    request: KernelMessage,
    prompting: Prompting | undefined,
    context: Uint8Array | undefined,
    bytes: number,
  ) {
    this.owner = owner;
    this.request = request;
    this.prompting = prompting;
    this.context = context;
    this.bytes = bytes;
  }

  fire(): void {
    this.owner.fail(this, "timeout");
  }
}

/** The contexts of one process by id. The usual single outstanding request costs no map. */
export class ContextTable {
  #single: RequestContext | undefined;
  #others: Map<U64, RequestContext> | undefined;
  /** Opened and not yet handed to the process or given up. */
  openCount = 0;
  openBytes = 0;

  find(id: U64): RequestContext | undefined {
    const single = this.#single;
    if (single !== undefined && single.request.id === id) return single;
    return this.#others?.get(id);
  }

  /** Takes a context in; one with the same id gives way, its timer cancelled (§3.4 step 4). */
  add(context: RequestContext, timers: TimerWheel): void {
    const id = context.request.id;
    const older = this.find(id);
    if (older !== undefined) {
      this.#unlink(older);
      if (!older.answered) {
        timers.cancel(older);
        this.close(older);
      }
    }
    this.openCount++;
    this.openBytes += context.bytes;
    if (this.#single === undefined) this.#single = context;
    else (this.#others ??= new Map()).set(id, context);
  }

  /** Takes a context out when its answer is handed over; one that gave way is not in the table any more. */
  remove(context: RequestContext): void {
    if (this.find(context.request.id) === context) this.#unlink(context);
    this.close(context);
  }

  /** Requests to a node that nobody has answered. */
  *awaited(node: NodeId): Generator<KernelMessage> {
    for (const context of [this.#single, ...(this.#others?.values() ?? [])]) {
      if (context?.answered === false && context.request.target.node === node) {
        yield context.request;
      }
    }
  }

  clear(timers: TimerWheel): void {
    if (this.#single !== undefined) timers.cancel(this.#single);
    if (this.#others !== undefined) {
      for (const context of this.#others.values()) timers.cancel(context);
    }
    this.#single = undefined;
    this.#others = undefined;
    this.openCount = 0;
    this.openBytes = 0;
  }

  /** Gives every outstanding request to another owner; answers that come from now on are that one's. */
  handOver(owner: ContextOwner): void {
    if (this.#single !== undefined) this.#single.owner = owner;
    for (const context of this.#others?.values() ?? []) context.owner = owner;
  }

  /** Takes out those whose answer somebody else than the mailbox waits for. */
  dropWaited(timers: TimerWheel): void {
    for (const context of [this.#single, ...(this.#others?.values() ?? [])]) {
      if (context?.settle === undefined) continue;
      timers.cancel(context);
      this.remove(context);
    }
  }

  close(context: RequestContext): void {
    this.openCount--;
    this.openBytes -= context.bytes;
  }

  #unlink(context: RequestContext): void {
    if (this.#single === context) this.#single = undefined;
    else this.#others?.delete(context.request.id);
  }
}
