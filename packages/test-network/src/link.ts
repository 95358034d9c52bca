/**
 * The two ends of a connection between simulated hosts. What one end sends arrives after a delay, cut into pieces or joined, in
 * order, or not at all when the connection breaks: as TCP behaves. Web sockets keep their frames.
 * @module
 */
import type { Protocol, Socket, SocketEvents } from "@kinode-ts/net";
import type { SeededRandom } from "@kinode-ts/testing";
import type { Clock } from "@kinode-ts/types";

/** What the network is like at a moment. */
export interface Weather {
  /** Milliseconds that the next piece takes; `undefined`: it stands still, the way is interrupted. */
  delayMs(from: string, to: string): number | undefined;
}

/** Bytes that a system takes into its hands before it makes the program wait. */
const SYSTEM_BYTES = 64 * 1024;
/** A piece that stands still is tried again after so long, then after twice the time, as TCP does (RFC 6298). */
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 120_000;

interface Piece {
  readonly bytes: Uint8Array;
  readonly isPing: boolean;
}

export class SimulatedSocket implements Socket {
  readonly protocol: Protocol;
  readonly remote: string;
  other!: SimulatedSocket;
  readonly #link: Link;
  readonly #host: string;
  #events: SocketEvents | undefined;
  #early: Uint8Array[] = [];
  /** In the hands of the system, or beyond it. */
  #flying: Piece[] = [];
  #flyingBytes = 0;
  /** Not taken by the system. */
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  #isMoving = false;
  #retryMs = FIRST_RETRY_MS;
  #isEnding = false;
  #isPaused = false;
  #held: Piece[] = [];
  #isOpen = true;

  constructor(link: Link, protocol: Protocol, host: string, remote: string) {
    this.#link = link;
    this.protocol = protocol;
    this.#host = host;
    this.remote = remote;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get host(): string {
    return this.#host;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get unwrittenBytes(): number {
    return this.protocol === "tcp" ? this.#waitingBytes : 0;
  }

  send(bytes: Uint8Array): void {
    if (this.#isOpen && !this.#isEnding) this.#put({ bytes, isPing: false });
  }

  ping(): void {
    if (this.#isOpen && !this.#isEnding) this.#put({ bytes: new Uint8Array(0), isPing: true });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const piece of this.#held.splice(0)) this.#hear(piece);
  }

  close(): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    this.#move();
  }

  listen(events: SocketEvents): void {
    this.#events = events;
    for (const bytes of this.#early.splice(0)) events.received(bytes);
    if (!this.#isOpen) events.closed();
  }

  /** The end, whoever made it. What was not heard is lost. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#flying = [];
    this.#events?.closed();
  }

  #put(piece: Piece): void {
    if (this.#waitingBytes > 0 || this.#flyingBytes >= SYSTEM_BYTES) {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.bytes.length;
    } else this.#take(piece);
    this.#move();
  }

  #take(piece: Piece): void {
    this.#flying.push(piece);
    this.#flyingBytes += piece.bytes.length;
  }

  /** One piece is on its way at a time: that keeps the order. */
  #move(): void {
    if (this.#isMoving || !this.#isOpen) return;
    if (this.#flying.length === 0 && !this.#isEnding) return;
    this.#isMoving = true;
    const { weather, clock } = this.#link;
    const delayMs = weather.delayMs(this.#host, this.other.host);
    const waitMs = delayMs ?? this.#retryMs;
    this.#retryMs = delayMs === undefined ? Math.min(2 * waitMs, MAX_RETRY_MS) : FIRST_RETRY_MS;
    clock.after(waitMs, () => {
      this.#isMoving = false;
      if (!this.#isOpen) return;
      if (delayMs !== undefined) this.#arrive();
      this.#move();
    });
  }

  #arrive(): void {
    const next = this.#flying.shift();
    if (next === undefined) {
      // All has arrived, then the end does.
      if (this.#isEnding && this.#waiting.length === 0) this.#link.end();
      return;
    }
    const { heard, rest } = this.#cut(next);
    if (rest !== undefined) this.#flying.unshift(rest);
    this.#flyingBytes -= heard.bytes.length;
    this.#refill();
    this.other.#hear(heard);
  }

  /** A stream has no borders: sometimes less arrives at once, sometimes more. */
  #cut(piece: Piece): { readonly heard: Piece; readonly rest: Piece | undefined } {
    const { random } = this.#link;
    const { bytes } = piece;
    if (this.protocol === "ws" || bytes.length < 2) return { heard: piece, rest: undefined };
    if (random.chance(0.2)) {
      const at = 1 + random.below(bytes.length - 1);
      return {
        heard: { bytes: bytes.subarray(0, at), isPing: false },
        rest: { bytes: bytes.subarray(at), isPing: false },
      };
    }
    const parts = [bytes];
    while (this.#flying.length > 0 && random.chance(0.3)) parts.push(this.#flying.shift()!.bytes);
    if (parts.length === 1) return { heard: piece, rest: undefined };
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return { heard: { bytes: joined, isPing: false }, rest: undefined };
  }

  #refill(): void {
    if (this.#waiting.length === 0) return;
    while (this.#waiting.length > 0 && this.#flyingBytes < SYSTEM_BYTES) {
      const piece = this.#waiting.shift()!;
      this.#waitingBytes -= piece.bytes.length;
      this.#take(piece);
    }
    this.#events?.drained?.();
  }

  #hear(piece: Piece): void {
    if (!this.#isOpen) return;
    if (this.#isPaused) {
      this.#held.push(piece);
      return;
    }
    if (piece.isPing) this.#events?.pinged?.();
    else if (this.#events === undefined) this.#early.push(piece.bytes.slice());
    else this.#events.received(piece.bytes.slice());
  }
}

export class Link {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly weather: Weather;
  readonly ends: readonly [SimulatedSocket, SimulatedSocket];

  constructor(
    protocol: Protocol,
    hosts: readonly [string, string],
    powers: { readonly clock: Clock; readonly random: SeededRandom; readonly weather: Weather },
  ) {
    this.clock = powers.clock;
    this.random = powers.random;
    this.weather = powers.weather;
    const [caller, called] = hosts;
    const left = new SimulatedSocket(this, protocol, caller, `${called}:1`);
    const right = new SimulatedSocket(this, protocol, called, `${caller}:1`);
    left.other = right;
    right.other = left;
    this.ends = [left, right];
  }

  get isOpen(): boolean {
    return this.ends[0].isOpen || this.ends[1].isOpen;
  }

  /** Both ends see it. */
  end(): void {
    for (const end of this.ends) end.end();
  }

  /** One end sees it now, the other `laterMs` after: what is on its way is lost. */
  break(first: 0 | 1, laterMs: number): void {
    this.ends[first].end();
    this.clock.after(laterMs, () => this.ends[1 - first]!.end());
  }
}
