/**
 * Two ends of a socket in memory. Bytes arrive when `flow` is called, so that a test decides when the network moves.
 * @module
 */
import type { Protocol, Socket, SocketEvents } from "../src/index.ts";

export class MemorySocket implements Socket {
  readonly protocol: Protocol;
  readonly remote = "memory:1";
  readonly sent: Uint8Array[] = [];
  pings = 0;
  isOpen = true;
  isPaused = false;
  /** What waits is in the hands of the system: nobody knows whether it arrives. */
  systemTakes = false;
  other!: MemorySocket;
  #events: SocketEvents | undefined;
  #waiting: Uint8Array[] = [];
  #early: Uint8Array[] = [];

  constructor(protocol: Protocol) {
    this.protocol = protocol;
  }

  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }
  get unwrittenBytes(): number {
    return this.systemTakes ? 0 : this.waitingBytes;
  }
  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.sent.push(bytes);
    this.#waiting.push(bytes);
  }
  ping(): void {
    this.pings += 1;
    this.other.#events?.pinged?.();
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    if (!this.isOpen) return;
    this.flow();
    this.isOpen = false;
    this.other.end();
  }
  /** As if the network had broken. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#events?.closed();
  }
  listen(events: SocketEvents): void {
    this.#events = events;
    for (const bytes of this.#early.splice(0)) events.received(bytes);
    if (!this.isOpen) events.closed();
  }
  /** The first piece that waits is taken by somebody in between. */
  drop(): void {
    this.#waiting.shift();
  }
  /** Lets at most `count` pieces arrive. */
  flow(count = Number.POSITIVE_INFINITY): void {
    for (let left = count; left > 0 && this.#waiting.length > 0; left -= 1) {
      const bytes = this.#waiting.shift()!;
      const { other } = this;
      if (other.#events === undefined) other.#early.push(bytes.slice());
      else other.#events.received(bytes.slice());
    }
    this.#events?.drained?.();
  }
}

export function socketPair(protocol: Protocol): [MemorySocket, MemorySocket] {
  const [left, right] = [new MemorySocket(protocol), new MemorySocket(protocol)];
  left.other = right;
  right.other = left;
  return [left, right];
}
