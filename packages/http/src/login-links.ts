/**
 * One-time links that log a browser in: printed at start, made on request.
 * @module
 */
import type { Clock, Random } from "@kinode-ts/types";

export interface LoginLinksOptions {
  readonly clock: Clock;
  readonly random: Pick<Random, "bytes">;
  readonly lifeMs: number;
}

const TOKEN_BYTES = 32;
/** Older links end when more are made. */
const MAX_LINK_COUNT = 16;

export class LoginLinks {
  readonly #options: LoginLinksOptions;
  /** Unused tokens and when they end, oldest first. */
  readonly #links = new Map<string, number>();

  constructor(options: LoginLinksOptions) {
    this.#options = options;
  }

  /** A fresh token, to be put behind `/~/login?token=`. */
  issue(): string {
    const { clock, random, lifeMs } = this.#options;
    const token = random.bytes(TOKEN_BYTES).toHex();
    this.#links.set(token, clock.monotonicMs() + lifeMs);
    if (this.#links.size > MAX_LINK_COUNT) {
      for (const oldest of this.#links.keys()) {
        this.#links.delete(oldest);
        break;
      }
    }
    return token;
  }

  /** Whether the token is good; it is not any more afterwards. */
  redeem(token: string): boolean {
    const endsMs = this.#links.get(token);
    this.#links.delete(token);
    return endsMs !== undefined && this.#options.clock.monotonicMs() < endsMs;
  }
}
