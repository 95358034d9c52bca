/**
 * How many of the waiting requests came from each network, so that one client cannot take all places of a node whose app is
 * slow. Counted only while so many wait that somebody may have too many.
 * @module
 */
import type { Peer } from "./app-message.ts";
import { networkOf } from "./rate-limiter.ts";
import { isLoopback } from "./trust.ts";

/** Who asked; programs on this machine are not counted. */
export interface WaitingClient {
  readonly peer: Peer | null;
}

export interface Waiting {
  readonly client: WaitingClient | undefined;
}

export class WaitingShares {
  readonly #maxPerNetwork: number;
  #counts: Map<string, number> | undefined;

  constructor(maxPerNetwork: number) {
    this.#maxPerNetwork = maxPerNetwork;
  }

  /** Whether one more of this client may wait. @param all - everything that waits */
  mayWait(client: WaitingClient, all: ReadonlyMap<unknown, Waiting>): boolean {
    if (all.size < this.#maxPerNetwork) return true;
    const network = networkOfClient(client);
    if (network === undefined) return true;
    this.#counts ??= countNetworks(all.values());
    return (this.#counts.get(network) ?? 0) < this.#maxPerNetwork;
  }

  added(one: Waiting): void {
    if (this.#counts !== undefined) change(this.#counts, one, 1);
  }

  /** @param leftCount - how many wait now */
  removed(one: Waiting, leftCount: number): void {
    if (this.#counts === undefined) return;
    // Half of it, so that a number around the bound does not make it count again and again.
    if (leftCount < this.#maxPerNetwork / 2) this.#counts = undefined;
    else change(this.#counts, one, -1);
  }
}

/** The network of a client elsewhere; `undefined` for programs on this machine. */
export function networkOfClient(client: WaitingClient | undefined): string | undefined {
  const peer = client?.peer ?? null;
  return peer === null || isLoopback(peer) ? undefined : networkOf(peer.address);
}

function countNetworks(all: Iterable<Waiting>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) change(counts, one, 1);
  return counts;
}

function change(counts: Map<string, number>, one: Waiting, by: 1 | -1): void {
  const network = networkOfClient(one.client);
  if (network === undefined) return;
  const count = (counts.get(network) ?? 0) + by;
  if (count === 0) counts.delete(network);
  else counts.set(network, count);
}
