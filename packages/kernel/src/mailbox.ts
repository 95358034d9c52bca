/**
 * Messages waiting for one process, with a quota for all senders and one for each.
 * Source: spec/kernel.md §3.2, W1, W2, W17, W21; design.md §4 "Bounded".
 *
 * Requests are counted. Answers to the process's own requests are not: they are bounded by what it has outstanding,
 * and a flood of others must not make it lose them.
 * @module
 */
import type { KernelMessage, NodeId } from "@kinode-ts/types";
import { RequestContext } from "./contexts.ts";
import type { KernelLimits } from "./limits.ts";
import { Ring } from "./ring.ts";

/** What is taken from a mailbox: a request, or a request of one's own that was answered. */
export type MailItem = KernelMessage | RequestContext;

/** `slow`: taken in, but the sender is over its quota and should wait. */
export type Offer = "accepted" | "slow" | "refused";

/** Fixed cost charged for every message, about what its objects take. */
const MESSAGE_OVERHEAD_BYTES = 256;

/** Bytes a message is charged with, once, wherever it waits. */
export function messageBytes(message: KernelMessage): number {
  const content = message.message;
  let bytes = MESSAGE_OVERHEAD_BYTES + content.body.byteLength;
  if (message.blob !== undefined) bytes += message.blob.bytes.byteLength;
  if (content.metadata !== undefined) bytes += content.metadata.length;
  if (content.capabilities.length !== 0) bytes += capabilityBytes(message);
  return bytes;
}

function capabilityBytes(message: KernelMessage): number {
  let bytes = 0;
  for (const capability of message.message.capabilities) bytes += 192 + capability.params.length;
  return bytes;
}

interface Share {
  count: number;
  bytes: number;
}

interface Waiter {
  readonly sender: string;
  readonly release: () => void;
  /** How many requests the process had taken when the wait began. */
  readonly takenCount: number;
}

export class Mailbox {
  readonly #limits: KernelLimits;
  readonly #our: NodeId;
  readonly #items = new Ring<MailItem>();
  #count = 0;
  #bytes = 0;
  #answerBytes = 0;
  #takenCount = 0;
  /** Shares by sender, kept only while the mailbox is long enough for anybody to be over the quota. */
  #shares: Map<string, Share> | undefined;
  #waiters: Waiter[] | undefined;
  /** Nothing was taken while a sender was slowed: slowing is no use, refuse. Ends with the next take. */
  #stalled = false;
  refusedCount = 0;

  constructor(our: NodeId, limits: KernelLimits) {
    this.#our = our;
    this.#limits = limits;
  }

  /** Requests and answers waiting. */
  get count(): number {
    return this.#items.count;
  }

  get bytes(): number {
    return this.#bytes + this.#answerBytes;
  }

  /** @param maySlow - whether the sender can be made to wait; else it is refused above its quota */
  offer(message: KernelMessage, maySlow: boolean): Offer {
    const limits = this.#limits;
    const bytes = messageBytes(message);
    // A single message above the byte quota passes when nothing else waits: the message limit bounds it.
    if (
      this.#count >= limits.maxMailboxCount ||
      (this.#bytes + bytes > limits.maxMailboxBytes && this.#bytes > 0)
    ) {
      this.refusedCount++;
      return "refused";
    }
    let over = false;
    if (this.#shares !== undefined || this.#mayBeOver(bytes)) {
      const share = this.#provideShare(message);
      over =
        share.count >= limits.senderQuotaCount ||
        (share.bytes + bytes > limits.senderQuotaBytes && share.count > 0);
      if (over && (!maySlow || this.#stalled)) {
        this.refusedCount++;
        return "refused";
      }
      share.count++;
      share.bytes += bytes;
    }
    this.#count++;
    this.#bytes += bytes;
    this.#items.push(message);
    return over ? "slow" : "accepted";
  }

  /** Whether an answer still fits; their number is bounded by what the process has outstanding. */
  fitsAnswer(answer: KernelMessage): boolean {
    const total = this.#answerBytes + messageBytes(answer);
    if (total <= this.#limits.maxMailboxBytes || this.#answerBytes === 0) return true;
    this.refusedCount++;
    return false;
  }

  /** Takes in an answered request of the process itself. */
  pushAnswer(context: RequestContext): void {
    if (context.answer !== undefined) this.#answerBytes += messageBytes(context.answer);
    this.#items.push(context);
  }

  take(): MailItem | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    if (item instanceof RequestContext) {
      if (item.answer !== undefined) this.#answerBytes -= messageBytes(item.answer);
      return item;
    }
    const bytes = messageBytes(item);
    this.#count--;
    this.#bytes -= bytes;
    this.#takenCount++;
    this.#stalled = false;
    if (this.#shares !== undefined) this.#giveBack(item, bytes);
    return item;
  }

  /** Calls `release` once the sender of `message` is well below its quota again, or the mailbox is closed. */
  whenRoom(message: KernelMessage, release: () => void): void {
    const sender = this.#senderOf(message);
    (this.#waiters ??= []).push({ sender, release, takenCount: this.#takenCount });
  }

  /** Lets go of a slowed sender that waited long enough; if nothing at all was taken, senders are refused from now on. */
  giveUp(release: () => void): void {
    const waiters = this.#waiters;
    const waiter = waiters?.find((candidate) => candidate.release === release);
    if (waiters === undefined || waiter === undefined) return;
    if (waiter.takenCount === this.#takenCount) this.#stalled = true;
    this.#keepWaiters(waiters.filter((waiter) => waiter.release !== release));
    release();
  }

  /** Lets go of a slowed sender that was killed. */
  forget(release: () => void): void {
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    this.#keepWaiters(waiters.filter((waiter) => waiter.release !== release));
    release();
  }

  close(): void {
    const waiters = this.#waiters;
    this.#items.clear();
    this.#shares = undefined;
    this.#waiters = undefined;
    this.#count = 0;
    this.#bytes = 0;
    this.#answerBytes = 0;
    for (const waiter of waiters ?? []) waiter.release();
  }

  #mayBeOver(bytes: number): boolean {
    return (
      this.#count >= this.#limits.senderQuotaCount ||
      this.#bytes + bytes > this.#limits.senderQuotaBytes
    );
  }

  // Local senders by process, other nodes as a whole: a node may have any number of processes.
  #senderOf(message: KernelMessage): string {
    const source = message.source;
    return source.node === this.#our ? source.process : source.node;
  }

  #provideShare(message: KernelMessage): Share {
    this.#shares ??= this.#countShares();
    const sender = this.#senderOf(message);
    let share = this.#shares.get(sender);
    if (share === undefined) this.#shares.set(sender, (share = { count: 0, bytes: 0 }));
    return share;
  }

  #countShares(): Map<string, Share> {
    const shares = new Map<string, Share>();
    for (const item of this.#items) {
      if (item instanceof RequestContext) continue;
      const sender = this.#senderOf(item);
      const share = shares.get(sender);
      const bytes = messageBytes(item);
      if (share === undefined) shares.set(sender, { count: 1, bytes });
      else {
        share.count++;
        share.bytes += bytes;
      }
    }
    return shares;
  }

  #giveBack(message: KernelMessage, bytes: number): void {
    const shares = this.#shares!;
    const sender = this.#senderOf(message);
    const share = shares.get(sender);
    if (share !== undefined) {
      share.count--;
      share.bytes -= bytes;
      if (share.count === 0) shares.delete(sender);
      if (this.#waiters !== undefined && this.#hasRoom(share)) this.#releaseSender(sender);
    }
    // Half the quota, so that a mailbox around the quota does not count its senders again and again.
    const limits = this.#limits;
    if (
      this.#waiters === undefined &&
      this.#count < limits.senderQuotaCount / 2 &&
      this.#bytes < limits.senderQuotaBytes / 2
    ) {
      this.#shares = undefined;
    }
  }

  #hasRoom(share: Share): boolean {
    return (
      share.count <= this.#limits.senderQuotaCount / 2 &&
      share.bytes <= this.#limits.senderQuotaBytes / 2
    );
  }

  #releaseSender(sender: string): void {
    const waiters = this.#waiters!;
    const released = waiters.filter((waiter) => waiter.sender === sender);
    if (released.length === 0) return;
    this.#keepWaiters(waiters.filter((waiter) => waiter.sender !== sender));
    for (const waiter of released) waiter.release();
  }

  #keepWaiters(waiters: Waiter[]): void {
    this.#waiters = waiters.length === 0 ? undefined : waiters;
  }
}
