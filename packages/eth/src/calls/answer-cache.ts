/**
 * Answers of the last second, given again to equal requests.
 * Source: spec/network-identity.md §5.2 (3).
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { EthLimits } from "../limits.ts";
import { RAW_TRANSACTION } from "../methods.ts";
import type { CallAction } from "../actions.ts";

interface Kept {
  readonly result: string;
  readonly untilMs: number;
}

export class AnswerCache {
  readonly #clock: Clock;
  readonly #limits: EthLimits;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();
  #length = 0;

  constructor(clock: Clock, limits: EthLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The result that an equal request was given, as JSON text. */
  find(action: CallAction): string | undefined {
    const kept = this.#kept.get(keyOf(action));
    return kept !== undefined && this.#clock.monotonicMs() < kept.untilMs ? kept.result : undefined;
  }

  keep(action: CallAction, result: string): void {
    const { cacheMs, maxCachedCount, maxCachedAnswerLength, maxCachedLength } = this.#limits;
    const key = keyOf(action);
    const length = key.length + result.length;
    if (action.method === RAW_TRANSACTION || length > maxCachedAnswerLength) return;
    this.#drop(key);
    this.#kept.set(key, { result, untilMs: this.#clock.monotonicMs() + cacheMs });
    this.#length += length;
    if (this.#kept.size > maxCachedCount) this.#dropOldest(Math.ceil(maxCachedCount / 10));
    while (this.#length > maxCachedLength) this.#dropOldest(1);
  }

  /** Everything: the providers are others now. */
  clear(): void {
    this.#kept.clear();
    this.#length = 0;
  }

  #dropOldest(count: number): void {
    for (const key of [...this.#kept.keys()].slice(0, count)) this.#drop(key);
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#length -= key.length + kept.result.length;
  }
}

const keyOf = ({ chainId, method, params }: CallAction): string =>
  `${chainId} ${JSON.stringify(method)} ${params}`;
