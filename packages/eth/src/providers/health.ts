/**
 * What is remembered of a provider's failures, and for how long: nothing is remembered for ever.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { EthLimits } from "../limits.ts";
import type { RpcFailureKind } from "../rpc/failure.ts";

/** Methods that are remembered as missing. */
const MAX_METHODS = 64;

export class Health {
  readonly #clock: Clock;
  readonly #limits: EthLimits;
  #failures = 0;
  #coolUntilMs = 0;
  #closedUntilMs = 0;
  readonly #missing = new Map<string, number>();
  /** Text of the error it last refused with, for callers that find nobody else. */
  refusal: string | undefined = undefined;

  constructor(clock: Clock, limits: EthLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Others are to be tried first. */
  get isCooling(): boolean {
    return this.#clock.monotonicMs() < this.#coolUntilMs;
  }

  /** Whether it may be asked at all. */
  mayServe(method: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    return nowMs >= this.#closedUntilMs && nowMs >= (this.#missing.get(method) ?? 0);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#coolUntilMs = 0;
  }

  failed(kind: RpcFailureKind): void {
    const { coolDownMs, maxCoolDownMs, rateLimitedMs, wrongChainMs } = this.#limits;
    if (kind === "rate-limited") return this.#closeFor(rateLimitedMs);
    if (kind === "wrong-chain") return this.#closeFor(wrongChainMs);
    const forMs = Math.min(maxCoolDownMs, coolDownMs * 2 ** Math.min(this.#failures++, 16));
    this.#coolUntilMs = this.#clock.monotonicMs() + forMs;
  }

  lacks(method: string): void {
    if (this.#missing.size >= MAX_METHODS) this.#missing.clear();
    this.#missing.set(method, this.#clock.monotonicMs() + this.#limits.methodMemoryMs);
  }

  #closeFor(ms: number): void {
    this.#closedUntilMs = this.#clock.monotonicMs() + ms;
  }
}
