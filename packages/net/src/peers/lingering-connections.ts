/**
 * Connections that lost to another one of the same peer: listened to as long as the other side uses them, since a peer of the
 * reference may go on writing to them.
 * Source: spec/network-identity.md §1.9.
 * @module
 */
import type { Clock, NodeId } from "@kinode-ts/types";
import type { Connection } from "./connection.ts";

export class LingeringConnections {
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #connections = new Set<Connection>();

  /** @param lingerMs - one without traffic for this long ends */
  constructor(clock: Clock, lingerMs: number) {
    this.#clock = clock;
    this.#lingerMs = lingerMs;
  }

  get count(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    const look = (): void => {
      if (!this.#connections.has(connection)) return;
      const leftMs = connection.lastTrafficMs + this.#lingerMs - this.#clock.monotonicMs();
      if (leftMs <= 0 && connection.waitingBytes === 0)
        connection.close("another connection serves");
      else this.#clock.after(Math.max(leftMs, 1), look);
    };
    look();
  }

  /** It has ended. */
  delete(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** @param name - those of this peer only */
  close(why: string, name?: NodeId): void {
    for (const connection of this.#connections) {
      if (name === undefined || connection.peer === name) connection.close(why);
    }
  }
}
