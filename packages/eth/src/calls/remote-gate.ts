/**
 * Requests of other nodes wait in a queue per node and are served one by one, not too fast.
 * Source: spec/network-identity.md §6.2 (per-node limits), §7 (100 waiting, 200 ms apart).
 * @module
 */
import type { Clock, NodeId } from "@kinode-ts/types";
import type { EthLimits } from "../limits.ts";

export class RemoteGate {
  readonly #clock: Clock;
  readonly #limits: EthLimits;
  /** Nodes that were served less than the spacing ago, with what waits. */
  readonly #waiting = new Map<NodeId, (() => void)[]>();
  #count = 0;
  #isClosed = false;

  constructor(clock: Clock, limits: EthLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Runs the job now or in its turn. False when too many wait. */
  add(node: NodeId, job: () => void): boolean {
    const waiting = this.#waiting.get(node);
    if (waiting === undefined) {
      if (this.#isClosed || this.#waiting.size >= this.#limits.maxQueuedCount) return false;
      this.#waiting.set(node, []);
      this.#goOn(node);
      job();
      return true;
    }
    const { maxQueuedPerNodeCount, maxQueuedCount } = this.#limits;
    if (waiting.length >= maxQueuedPerNodeCount || this.#count >= maxQueuedCount) return false;
    waiting.push(job);
    this.#count++;
    return true;
  }

  /** Nothing runs any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #goOn(node: NodeId): void {
    this.#clock.after(this.#limits.nodeSpacingMs, () => {
      const job = this.#waiting.get(node)?.shift();
      if (job === undefined) {
        this.#waiting.delete(node);
        return;
      }
      this.#count--;
      this.#goOn(node);
      job();
    });
  }
}
