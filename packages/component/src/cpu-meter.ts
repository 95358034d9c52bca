/**
 * Measures whose fibers use the processor, for about one clock reading per several switches.
 * Between two suspensions exactly one fiber runs. Every `SAMPLE_EVERY`th such stretch is timed and counted that many
 * times; a fiber that computes long is timed exactly from its first fuel check on.
 * @module
 */
import type { Clock } from "@kinode-ts/types";

/** Odd, so that two fibers that take turns are both sampled. */
const SAMPLE_EVERY = 17;

/** Longer stretches come to a fuel check; one that seems longer was interrupted, by the node or the machine. */
const MAX_SAMPLE_MS = 1;

/** Where measured time is added. */
export interface CpuAccount {
  cpuMs: number;
  /** Since when it is timed exactly; negative when it is not. */
  busySinceMs: number;
}

export class CpuMeter {
  readonly #clock: Clock;
  #switches = 0;
  /** Fibers woken that have not suspended again. */
  #woken = 0;
  #sampling = false;
  /** Start of the sampled stretch; negative while the node is idle. */
  #markMs = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A fiber will be continued. */
  resumed(): void {
    this.#woken++;
    if (this.#sampling && this.#markMs < 0) this.#markMs = this.#clock.monotonicMs();
  }

  /** A fiber that gave way while it computed goes on: timed exactly from here on. */
  resumedComputing(account: CpuAccount): void {
    account.busySinceMs = this.#clock.monotonicMs();
  }

  /** The running fiber has used up its fuel. Returns how long it has been timed; negative if it was not. */
  checked(account: CpuAccount): number {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = account.busySinceMs < 0 ? -1 : nowMs - account.busySinceMs;
    if (elapsedMs > 0) account.cpuMs += elapsedMs;
    account.busySinceMs = nowMs;
    return elapsedMs;
  }

  /** The running fiber suspends or ends. */
  suspended(account: CpuAccount): void {
    if (account.busySinceMs >= 0) {
      account.cpuMs += this.#clock.monotonicMs() - account.busySinceMs;
      account.busySinceMs = -1;
      this.#sampling = false;
    } else if (this.#sampling) {
      if (this.#markMs >= 0) {
        const elapsedMs = Math.min(this.#clock.monotonicMs() - this.#markMs, MAX_SAMPLE_MS);
        account.cpuMs += elapsedMs * SAMPLE_EVERY;
      }
      this.#sampling = false;
    }
    if (this.#woken > 0) this.#woken--;
    if (++this.#switches % SAMPLE_EVERY === 0) {
      this.#sampling = true;
      this.#markMs = this.#woken > 0 ? this.#clock.monotonicMs() : -1;
    }
  }
}
