/**
 * How often a bound path may be asked for: in total, and by one address.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

/** Requests that may come at once, and in how many seconds as many come back. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

export interface RateLimits {
  readonly perAddress: RateLimit | undefined;
  readonly total: RateLimit | undefined;
}

interface Bucket {
  left: number;
  atMs: number;
}

/** Addresses that are remembered of one path; the one not seen for longest is forgotten first. */
const MAX_ADDRESS_COUNT = 4_096;

export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #addresses = new Map<string, Bucket>();
  readonly #total: Bucket;

  constructor(limits: RateLimits, clock: Pick<Clock, "monotonicMs">) {
    this.#limits = limits;
    this.#clock = clock;
    this.#total = { left: limits.total?.requests ?? 0, atMs: clock.monotonicMs() };
  }

  /** Whether addresses count one by one. */
  get needsAddress(): boolean {
    return this.#limits.perAddress !== undefined;
  }

  /**
   * Counts one request. One that its address may not send takes nothing from the others.
   * @returns seconds until it is worth coming again; 0: the request may pass
   */
  take(address: string): number {
    const { perAddress, total } = this.#limits;
    const bucket = perAddress && this.#bucketOf(address, perAddress);
    if (perAddress !== undefined && bucket!.left < 1) return secondsUntilOne(bucket!, perAddress);
    if (total !== undefined) {
      this.#refill(this.#total, total);
      if (this.#total.left < 1) return secondsUntilOne(this.#total, total);
      this.#total.left--;
    }
    if (bucket !== undefined) bucket.left--;
    return 0;
  }

  #bucketOf(address: string, limit: RateLimit): Bucket {
    const key = networkOf(address);
    const known = this.#addresses.get(key);
    const bucket = known ?? { left: limit.requests, atMs: this.#clock.monotonicMs() };
    this.#refill(bucket, limit);
    if (known !== undefined) this.#addresses.delete(key);
    this.#addresses.set(key, bucket);
    if (this.#addresses.size > MAX_ADDRESS_COUNT) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest);
        break;
      }
    }
    return bucket;
  }

  #refill(bucket: Bucket, { requests, seconds }: RateLimit): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - bucket.atMs) / 1000) * (requests / seconds);
    bucket.left = Math.min(requests, bucket.left + gained);
    bucket.atMs = nowMs;
  }
}

/** Never 0. */
function secondsUntilOne(bucket: Bucket, { requests, seconds }: RateLimit): number {
  return Math.max(1, Math.ceil((1 - bucket.left) * (seconds / requests)));
}

/** One customer has a /64 of IPv6: its addresses count as one. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = ""] = address.split("::");
  const words = head === "" ? [] : head.split(":");
  return [...words, "0", "0", "0", "0"].slice(0, 4).join(":");
}
