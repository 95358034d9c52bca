/**
 * An established connection with one peer: messages out in turns, messages in after the policy, alive as long as somebody
 * speaks.
 * Source: spec/network-identity.md §1.5, §1.8–1.10.
 * @module
 */
import { encodeKernelMessage } from "@kinode-ts/codec";
import { type Clock, type KernelMessage, type NodeId, type TimerHandle } from "@kinode-ts/types";
import type { Framing } from "../framing/framing.ts";
import type { Session } from "../handshake.ts";
import type { Socket } from "../transport.ts";
import { judgeMessage } from "./message-policy.ts";
import { Outbox, type Outgoing, type OutboxLimits } from "./outbox.ts";

export interface ConnectionLimits {
  /** Without traffic in either direction a connection ends after this long (§1.8). */
  readonly idleMs: number;
  /** A web socket that has not written for this long sends a Ping. */
  readonly pingMs: number;
  /** No further message is sealed while the socket holds more: what is sealed cannot be overtaken. */
  readonly maxSocketBytes: number;
  readonly outbox: Partial<OutboxLimits>;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  idleMs: 1_800_000,
  pingMs: 30_000,
  maxSocketBytes: 256 * 1024,
  outbox: {},
};

/** A message on its way, encoded once. */
export interface OutgoingMessage extends Outgoing {
  readonly message: KernelMessage;
  readonly bytes: Uint8Array;
}

/** @throws {CodecError} `codec.too-large`: no peer would take it */
export function toOutgoing(message: KernelMessage): OutgoingMessage {
  const bytes = encodeKernelMessage(message);
  const flow = `${message.source.process}>${message.target.process}`;
  return { flow, byteLength: bytes.length, message, bytes };
}

export interface ConnectionEvents {
  received(message: KernelMessage): void;
  /** Something of the peer was not let in. */
  refused(why: string): void;
  /** Once; `unsent` are messages that were taken and never given to the socket. */
  closed(why: string, unsent: readonly OutgoingMessage[]): void;
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
  #lastSentMs: number;
  #lastTrafficMs: number;
  #timer: TimerHandle | undefined;
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.limits };
    this.#outbox = new Outbox(this.#limits.outbox);
    this.#lastSentMs = this.#lastTrafficMs = options.clock.monotonicMs();
    options.socket.listen({
      received: (bytes) => this.#read(bytes),
      pinged: () => this.#heard(),
      drained: () => this.#pump(),
      closed: () => this.close("the other side ended it"),
    });
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

  get waitingBytes(): number {
    return this.#outbox.byteLength + this.#options.socket.waitingBytes;
  }

  /** False when there is no room for it, or the connection is over. */
  send(message: OutgoingMessage): boolean {
    if (this.#isClosed || !this.#outbox.push(message)) return false;
    this.#pump();
    return true;
  }

  /** Ends the connection; messages that were not sealed are given back. Idempotent. */
  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#options.socket.close();
    this.#options.events.closed(why, this.#outbox.drain());
  }

  #pump(): void {
    const { socket, framing, session } = this.#options;
    while (!this.#isClosed && socket.waitingBytes < this.#limits.maxSocketBytes) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      for (const piece of framing.sealMessage(session.send, next.bytes)) socket.send(piece);
      this.#lastSentMs = this.#options.clock.monotonicMs();
      this.#heard();
    }
  }

  #heard(): void {
    this.#lastTrafficMs = this.#options.clock.monotonicMs();
  }

  #read(bytes: Uint8Array): void {
    const { framing, session } = this.#options;
    if (bytes.length > 0) {
      framing.push(bytes);
      this.#heard();
    }
    try {
      while (!this.#isClosed) {
        const message = framing.takeMessage(session.receive);
        if (message === undefined) return;
        this.#judge(message);
      }
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  #judge(bytes: Uint8Array): void {
    const { our, events } = this.#options;
    const verdict = judgeMessage(bytes, our, this.peer);
    if (verdict.kind === "deliver") {
      events.received(verdict.message);
      return;
    }
    events.refused(verdict.why);
    if (verdict.kind === "close") this.close(verdict.why);
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
