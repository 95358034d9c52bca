/**
 * Bounds password attempts: each one costs a long key derivation, and a guess.
 * Source: spec/runtime-modules.md §6.6 ("rate-limit password attempts"), §6.11 row 11.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

export interface AttemptLimiterOptions {
  readonly clock: Clock;
  /** Attempts one peer may make at once. */
  readonly burstCount: number;
  /** How long it takes until one attempt comes back. */
  readonly refillMs: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

const MAX_PEER_COUNT = 4_096;
/** Derivations at one time, from all peers together. */
const MAX_RUNNING_COUNT = 2;

export class AttemptLimiter {
  readonly #options: AttemptLimiterOptions;
  readonly #buckets = new Map<string, Bucket>();
  #runningCount = 0;

  constructor(options: AttemptLimiterOptions) {
    this.#options = options;
  }

  /**
   * Runs one attempt of a peer.
   * @returns `undefined`, without running it, when the peer has none left or too many run
   */
  async attempt<T>(peer: string, run: () => Promise<T>): Promise<T | undefined> {
    if (this.#runningCount >= MAX_RUNNING_COUNT || !this.#take(peer)) return undefined;
    this.#runningCount++;
    try {
      return await run();
    } finally {
      this.#runningCount--;
    }
  }

  /** Forgets what a peer used up, after it proved to know the password. */
  forgive(peer: string): void {
    this.#buckets.delete(peer);
  }

  #take(peer: string): boolean {
    const { clock, burstCount, refillMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const bucket = this.#buckets.get(peer) ?? { left: burstCount, atMs: nowMs };
    const left = Math.min(burstCount, bucket.left + (nowMs - bucket.atMs) / refillMs);
    this.#buckets.delete(peer);
    this.#buckets.set(peer, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    if (this.#buckets.size > MAX_PEER_COUNT) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return left >= 1;
  }
}
