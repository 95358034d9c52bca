/**
 * Keeps what a socket tells until somebody listens, and tells each listener the end once.
 * @module
 */
import type { SocketEvents } from "../transport.ts";

export class EarlyEvents {
  #listener: SocketEvents | undefined;
  #early: Uint8Array[] = [];
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  listen(listener: SocketEvents): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) listener.received(bytes);
    if (this.#isClosed) listener.closed();
  }

  received(bytes: Uint8Array): void {
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#listener.received(bytes);
  }

  pinged(): void {
    this.#listener?.pinged?.();
  }

  drained(): void {
    this.#listener?.drained?.();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.closed();
  }
}
