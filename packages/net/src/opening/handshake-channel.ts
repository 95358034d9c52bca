/**
 * A socket before there is a session: whole handshake messages, one after the other, until a deadline.
 * Source: spec/network-identity.md §0 (5 s), §1.2.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";
import { badHandshake } from "../errors.ts";
import { createFraming, type Framing } from "../framing/framing.ts";
import type { Socket } from "../transport.ts";

/** Time for everything between an open socket and a session (§0). */
export const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Bytes that may come before they are asked for; a stream that brings more is not read until there is a session. */
const MAX_EARLY_BYTES = 128 * 1024;
/** Web sockets cannot be made to wait. */
const MAX_EARLY_FRAME_BYTES = 1024 * 1024;

export class HandshakeChannel {
  readonly socket: Socket;
  readonly framing: Framing;
  readonly #timer: TimerHandle;
  #waiting: PromiseWithResolvers<Uint8Array> | undefined;
  #failure: Error | undefined;
  #earlyBytes = 0;
  #isTurnedAway = false;

  constructor(socket: Socket, clock: Clock, timeoutMs = HANDSHAKE_TIMEOUT_MS) {
    this.socket = socket;
    this.framing = createFraming(socket.protocol);
    this.#timer = clock.after(timeoutMs, () =>
      this.fail(badHandshake(`it took longer than ${timeoutMs / 1_000} s`)),
    );
    socket.listen({
      received: (bytes) => this.#received(bytes),
      closed: () => {
        this.#isTurnedAway = this.#failure === undefined;
        this.fail(badHandshake("the other side ended the connection"));
      },
    });
  }

  send(message: Uint8Array): void {
    this.socket.send(this.framing.frameHandshake(message));
  }

  /**
   * The next message.
   * @throws {NetError} `net.bad-handshake`: none came in time, the socket ended, or it is too long
   */
  receive(): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const waiting = Promise.withResolvers<Uint8Array>();
    this.#waiting = waiting;
    this.#look();
    return waiting.promise;
  }

  /**
   * The handshake is over: the deadline no longer holds. What arrives is kept in `framing`.
   * @throws {NetError} `net.bad-handshake`: the socket has ended, or the time was over before
   */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#timer.cancel();
    this.socket.resume();
  }

  /** The other side ended it, or the way broke: it may go better a little later. */
  get isTurnedAway(): boolean {
    return this.#isTurnedAway;
  }

  /** Ends the socket without a word. Idempotent. */
  fail(failure: Error): void {
    this.#timer.cancel();
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.socket.close();
    this.#waiting?.reject(failure);
    this.#waiting = undefined;
  }

  #received(bytes: Uint8Array): void {
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > MAX_EARLY_BYTES) {
      if (this.socket.protocol === "tcp") this.socket.pause();
      else if (this.#earlyBytes > MAX_EARLY_FRAME_BYTES) {
        this.fail(badHandshake(`more than ${MAX_EARLY_FRAME_BYTES} bytes came before it was over`));
        return;
      }
    }
    this.framing.push(bytes);
    this.#look();
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const message = this.framing.takeHandshake();
    if (message === undefined) return;
    this.#waiting = undefined;
    waiting.resolve(message);
  }
}
