/**
 * An established connection with one peer: messages out in turns, messages in after the policy, alive as long as somebody
 * speaks.
 * Source: spec/network-identity.md §1.5, §1.8–1.10.
 * @module
 */
import type { Clock, KernelMessage, NodeId, TimerHandle } from "@kinode-ts/types";
import type { Framing, Opening } from "../framing/framing.ts";
import { PartReader, PARTS } from "../framing/parts.ts";
import { CONNECTION_TAG_BYTES, readWord, RESUME, type Word } from "../framing/words.ts";
import type { Session } from "../handshake.ts";
import type { Socket } from "../transport.ts";
import { judgeMessage } from "./message-policy.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { DEFAULT_PULSE_LIMITS, Pulse, type PulseLimits } from "./pulse.ts";
import { type Left, Sender } from "./sender.ts";
import type { UnreadRest } from "./unread.ts";

const ENDED = "the other side ended it";
/** Bytes that are being opened at a time; above it the peer is read no further. */
const MAX_OPENING_BYTES = 1024 * 1024;
/** While nothing is read from the peer it hears this often that we are here. */
const HELD_CONFIRM_MS = 1_000;
/** How long the socket of a connection stays that another one replaced. */
const ABANDONED_MS = 2_000;

export interface ConnectionLimits {
  /** Without traffic in either direction a connection ends after this long (§1.8). */
  readonly idleMs: number;
  /** A web socket that has not written for this long sends a Ping. */
  readonly pingMs: number;
  /** No further message is sealed while the socket holds more: what is sealed cannot be overtaken. */
  readonly maxSocketBytes: number;
  /** Messages that a peer which confirms them may leave unconfirmed before no further one is begun. */
  readonly maxUnreadBytes: number;
  readonly maxUnreadCount: number;
  readonly pulse: Partial<PulseLimits>;
  readonly outbox: Partial<OutboxLimits>;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  idleMs: 1_800_000,
  pingMs: 30_000,
  maxSocketBytes: 256 * 1024,
  maxUnreadBytes: 16 * 1024 * 1024,
  maxUnreadCount: 32_768,
  pulse: {},
  outbox: {},
};

export interface ConnectionEvents {
  /** A promise: nothing more is read from the peer until it settles; it never rejects. */
  received(message: KernelMessage): void | Promise<void>;
  /** A message of ours that no peer would take. */
  unsendable(message: OutgoingMessage, why: string): void;
  /** Something of the peer was not let in. */
  refused(why: string): void;
  /**
   * Once; `unsent` are messages that were taken and that the peer cannot have, in order.
   * @param broken - it was not ended by us: messages before those that the peer may have, and says on another connection which
   */
  closed(why: string, unsent: readonly OutgoingMessage[], broken: UnreadRest | undefined): void;
  /** Something was sent and nothing is heard: the way may be interrupted. */
  silent?(): void;
  /** The peer says how much of the connection `tag` it has read; `undefined`: it knows no such connection. */
  resumed?(tag: string, count: number | undefined): void;
}

export interface ConnectionOptions {
  readonly our: NodeId;
  readonly session: Session;
  readonly socket: Socket;
  readonly framing: Framing;
  readonly clock: Clock;
  readonly events: ConnectionEvents;
  readonly limits?: Partial<ConnectionLimits>;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #limits: ConnectionLimits;
  readonly #outbox: Outbox<OutgoingMessage>;
  readonly #sender: Sender;
  /** Names it to both sides, when it is over. */
  readonly tag: string;
  /** Names the run of the peer's program, if it says so. */
  readonly peerRun: string | undefined;
  /** Of a peer that confirms what it reads. */
  readonly #pulse: Pulse | undefined;
  readonly #parts = new PartReader();
  #lastSentMs: number;
  #lastTrafficMs: number;
  #timer: TimerHandle | undefined;
  #isClosed = false;
  /** Whoever takes the messages wants a pause. */
  #isHeld = false;
  /** What has arrived and is being opened, and what came behind it. */
  readonly #opening: (Uint8Array | Opening)[] = [];
  #openingBytes = 0;
  #hasEnded = false;
  readonly #finished = Promise.withResolvers<void>();
  /** We have said that nothing more comes from us, they have said it, they have read ours. */
  #saidFinish = false;
  #heardFinish = false;
  #heardFinished = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.limits };
    this.#outbox = new Outbox(this.#limits.outbox);
    this.#lastSentMs = this.#lastTrafficMs = options.clock.monotonicMs();
    this.#sender = new Sender({
      session: options.session,
      socket: options.socket,
      framing: options.framing,
      clock: options.clock,
      outbox: this.#outbox,
      maxSocketBytes: this.#limits.maxSocketBytes,
      maxUnreadBytes: this.#limits.maxUnreadBytes,
      maxUnreadCount: this.#limits.maxUnreadCount,
      sent: (isMessage) => {
        this.#lastSentMs = options.clock.monotonicMs();
        if (isMessage) this.#lastTrafficMs = this.#lastSentMs;
        this.#pulse?.sent();
      },
      unsendable: (item, error) => options.events.unsendable(item, error.message),
    });
    this.tag = options.session.hash.subarray(0, CONNECTION_TAG_BYTES).toHex();
    this.peerRun = options.session.extension?.run?.toHex();
    this.#pulse = options.session.features.has(RESUME) ? this.#createPulse() : undefined;
    options.socket.listen({
      received: (bytes) => this.#read(bytes),
      pinged: () => {
        this.#heard();
        this.#moved();
      },
      drained: () => this.#sender.pump(),
      closed: () => this.#socketEnded(),
    });
    // It may have been made to wait while it was opened.
    options.socket.resume();
    this.#watch();
    // What came in the same piece as the end of the handshake.
    this.#read(new Uint8Array(0));
  }

  get peer(): NodeId {
    return this.#options.session.peer;
  }

  /** Monotonic milliseconds of the last traffic in either direction. */
  get lastTrafficMs(): number {
    return this.#lastTrafficMs;
  }

  /** Whether both sides can go on with another connection where this one breaks. */
  get isResumable(): boolean {
    return this.#pulse !== undefined;
  }

  /** Messages of the peer that were read. */
  get readCount(): number {
    return this.#pulse?.readCount ?? 0;
  }

  /** Whether the peer has confirmed or sent anything on it. */
  get hasServed(): boolean {
    return this.readCount > 0 || this.#sender.wasRead;
  }

  /** Something was sent and nothing is heard. */
  get isSilent(): boolean {
    return this.#pulse?.isSilent === true;
  }

  /** Monotonic milliseconds of the last sign of the peer; 0 of one that gives none. */
  get lastHeardMs(): number {
    return this.#pulse?.lastHeardMs ?? 0;
  }

  /** It must be there at any time: the other side is asked whether it is. */
  keepAlive(): void {
    this.#pulse?.mayAsk();
  }

  /** Says how much of an earlier connection was read. */
  sayResumed(tag: string, count: number | undefined): void {
    this.#sender.say({ kind: "resume", tag, count });
  }

  get waitingBytes(): number {
    return this.#outbox.byteLength + this.#options.socket.waitingBytes;
  }

  /** False when there is no room for it, or the connection is over. */
  send(message: OutgoingMessage): boolean {
    if (this.#isClosed || !this.#outbox.push(message)) return false;
    this.#sender.schedule();
    return true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether anything was sent on it. */
  get hasSent(): boolean {
    return this.#sender.hasSent;
  }

  /** Settles when the other side has read all that was sent before `retire`, or the connection has ended. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /**
   * Another connection serves: nothing more is sent on this one, which is read as long as the other side writes to it.
   * @returns messages that the other side cannot have, in order
   */
  retire(): OutgoingMessage[] {
    const unsent = this.#sender.retire();
    // A node of the reference does not know the word, and may go on writing.
    if (this.#options.session.features.has(PARTS) && !this.#isClosed) {
      this.#saidFinish = true;
      this.#sender.say({ kind: "finish" });
    } else this.#finished.resolve();
    return unsent;
  }

  /** Settles when the sender of such messages should go on; `undefined`: at once. */
  whenShort(flow: string): Promise<void> | undefined {
    return this.#outbox.whenShort(flow);
  }

  /** Ends the connection; what the socket holds goes out first, the rest is given back. Idempotent. */
  close(why: string): void {
    this.#close(why, false);
  }

  /**
   * As when it had broken: nothing more is read, and what the peer may not have is given back. The socket ends a little later,
   * when the peer has seen the connection that goes on in its place. Idempotent.
   */
  abandon(why: string, laterMs = ABANDONED_MS): void {
    this.#close(why, true, laterMs);
  }

  #close(why: string, isBroken: boolean, laterMs = 0): void {
    if (this.#isClosed) return;
    if (!isBroken && this.#pulse?.hasNews === true) {
      this.#sender.sayLast({ kind: "read", count: this.readCount });
    }
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#pulse?.stop();
    this.#finished.resolve();
    const { unsent, unread }: Left = this.#sender.stop(isBroken);
    const { socket, clock, events } = this.#options;
    if (laterMs === 0) socket.close();
    else clock.after(laterMs, () => socket.close());
    events.closed(why, unsent, isBroken ? unread : undefined);
  }

  #createPulse(): Pulse {
    const { clock, events } = this.#options;
    return new Pulse({
      clock,
      limits: { ...DEFAULT_PULSE_LIMITS, ...this.#limits.pulse },
      isWaiting: () => this.#sender.hasUnread,
      say: (word) => {
        // Who asks wants to keep it.
        if (word.kind === "ask") this.#moved();
        this.#sender.say(word);
      },
      silent: () => events.silent?.(),
      dead: () => this.#close("nothing was heard for too long", true),
    });
  }

  /** There was traffic: what is said about the connection is none. */
  #moved(): void {
    this.#lastTrafficMs = this.#options.clock.monotonicMs();
  }

  #heard(): void {
    this.#pulse?.heard();
  }

  #read(bytes: Uint8Array): void {
    const { framing, session } = this.#options;
    if (this.#isClosed) return;
    if (bytes.length > 0) {
      framing.push(bytes);
      this.#heard();
    }
    try {
      while (!this.#isClosed && !this.#isHeld) {
        if (this.#openingBytes > MAX_OPENING_BYTES) {
          this.#options.socket.pause();
          return;
        }
        const taken = this.#options.socket.mayTakeTime
          ? framing.takeMessageLater(session.receive)
          : framing.takeMessage(session.receive);
        if (taken === undefined) return;
        if (taken instanceof Uint8Array && this.#opening.length === 0) this.#take(taken);
        else this.#takeLater(taken);
      }
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  #take(taken: Uint8Array): void {
    if (this.#readWord(taken)) return;
    this.#moved();
    const message = this.#parts.read(taken);
    this.#pulse?.read(taken.length, message !== undefined);
    if (message !== undefined) this.#judge(message);
  }

  #takeLater(taken: Uint8Array | Opening): void {
    this.#opening.push(taken);
    this.#openingBytes += taken.length;
    if (this.#opening.length === 1) void this.#takeOpened();
  }

  /** Takes what is opened, in the order in which it came. */
  async #takeOpened(): Promise<void> {
    try {
      for (let next = this.#opening[0]; next !== undefined; next = this.#opening[0]) {
        const message = next instanceof Uint8Array ? next : await next.message;
        if (this.#isClosed) return;
        this.#opening.shift();
        this.#openingBytes -= next.length;
        this.#take(message);
        if (this.#isHeld) return; // goes on with the end of the pause
      }
      if (this.#hasEnded) this.#close(ENDED, true);
      this.#goOn();
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  /** The socket is gone; what has arrived before is not. */
  #socketEnded(): void {
    this.#hasEnded = true;
    if (this.#opening.length === 0 && !this.#isHeld) this.#close(ENDED, true);
  }

  #goOn(): void {
    if (this.#isClosed) return;
    this.#options.socket.resume();
    this.#read(new Uint8Array(0));
    if (this.#hasEnded && this.#opening.length === 0 && !this.#isHeld) this.#close(ENDED, true);
  }

  /** Whether it was a word about the connection. */
  #readWord(message: Uint8Array): boolean {
    if (!this.#options.session.features.has(PARTS)) return false;
    const word = readWord(message);
    if (word !== undefined) this.#obey(word);
    return word !== undefined;
  }

  #obey(word: Word): void {
    switch (word.kind) {
      case "finish":
        this.#heardFinish = true;
        this.#sender.say({ kind: "finished" });
        break;
      case "finished":
        this.#heardFinished = true;
        this.#finished.resolve();
        break;
      case "read":
        if (this.#pulse !== undefined) this.#sender.confirmed(word.count);
        return;
      case "ask":
        this.#moved();
        this.#pulse?.confirm();
        return;
      case "resume":
        if (this.#pulse !== undefined) this.#options.events.resumed?.(word.tag, word.count);
        return;
    }
    // Both have read all: whoever of the two sees it first ends it. What was said just now leaves before.
    if (this.#saidFinish && this.#heardFinish && this.#heardFinished) {
      queueMicrotask(() => this.close("another connection serves"));
    }
  }

  #judge(bytes: Uint8Array): void {
    const { our, events } = this.#options;
    const verdict = judgeMessage(bytes, our, this.peer);
    if (verdict.kind === "deliver") {
      const pause = events.received(verdict.message);
      if (pause !== undefined) void this.#hold(pause);
      return;
    }
    events.refused(verdict.why);
    if (verdict.kind === "close") this.close(verdict.why);
  }

  /** Reads nothing more for a while: the peer is slowed down by its own socket. */
  async #hold(pause: Promise<void>): Promise<void> {
    const { socket } = this.#options;
    // Web sockets cannot be paused here: what comes would only wait somewhere else.
    if (socket.protocol === "ws") return;
    this.#isHeld = true;
    socket.pause();
    this.#sayWhileHeld();
    await pause;
    this.#isHeld = false;
    if (this.#isClosed) return;
    if (this.#opening.length > 0) void this.#takeOpened();
    else this.#goOn();
  }

  /** A peer that hears nothing would look for another way. */
  #sayWhileHeld(): void {
    const pulse = this.#pulse;
    if (pulse === undefined) return;
    this.#options.clock.after(HELD_CONFIRM_MS, () => {
      if (!this.#isHeld || this.#isClosed) return;
      pulse.confirm();
      this.#sayWhileHeld();
    });
  }

  /** One timer for both: Pings, and the end of a connection on which nobody speaks. */
  #watch(): void {
    const { clock, socket } = this.#options;
    const nowMs = clock.monotonicMs();
    const idleAtMs = this.#lastTrafficMs + this.#limits.idleMs;
    if (nowMs >= idleAtMs) {
      this.close("nobody has spoken for half an hour");
      return;
    }
    let nextMs = idleAtMs - nowMs;
    if (socket.protocol === "ws") {
      if (nowMs - this.#lastSentMs >= this.#limits.pingMs) {
        socket.ping();
        this.#lastSentMs = nowMs;
      }
      nextMs = Math.min(nextMs, this.#lastSentMs + this.#limits.pingMs - nowMs);
    }
    this.#timer = clock.after(nextMs, () => this.#watch());
  }
}
