/**
 * Whether the other end of a connection is there, between nodes that confirm what they read (`RESUME`). Whoever has sent
 * something hears of it soon; when nothing at all is heard the way is interrupted, long before TCP says so: it would try again
 * half a minute after the way is open.
 * Source: ours; spec/network-identity.md §6.1 allows it.
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";
import type { Word } from "../framing/words.ts";

export interface PulseLimits {
  /** What was read is confirmed after so long, or sooner by count or size. */
  readonly confirmMs: number;
  readonly confirmCount: number;
  readonly confirmBytes: number;
  /** With something unconfirmed, and nothing heard for this long, another way is looked for. */
  readonly silentMs: number;
  /** After this long the connection ends. */
  readonly deadMs: number;
  /** A connection that must be there at any time, to a router of ours, is asked when nothing was heard for this long. */
  readonly askMs: number;
}

export const DEFAULT_PULSE_LIMITS: PulseLimits = {
  confirmMs: 100,
  confirmCount: 64,
  confirmBytes: 1024 * 1024,
  silentMs: 2_000,
  deadMs: 120_000,
  askMs: 10_000,
};

/** A look that comes so much too late was held up here: what has arrived meanwhile is heard first. */
const LATE_MS = 500;

export interface PulseOptions {
  readonly clock: Clock;
  readonly limits: PulseLimits;
  /** Whether anything was sent that is not confirmed. */
  readonly isWaiting: () => boolean;
  /** Says something to the other side. */
  readonly say: (word: Word) => void;
  /** Nothing is heard: called once for each silence. */
  readonly silent: () => void;
  /** Nothing was heard for so long that it is over. */
  readonly dead: () => void;
}

export class Pulse {
  readonly #options: PulseOptions;
  #readCount = 0;
  /** Since the last confirmation. */
  #newCount = 0;
  #newBytes = 0;
  #confirming: TimerHandle | undefined;
  #looking: TimerHandle | undefined;
  #lastHeardMs: number;
  /** Since when we wait for a sign. */
  #sinceMs: number | undefined;
  #isAsked = false;
  #mayAsk = false;
  #isSilent = false;
  #isStopped = false;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#lastHeardMs = options.clock.monotonicMs();
  }

  /** Messages that were read. */
  get readCount(): number {
    return this.#readCount;
  }

  /** Monotonic milliseconds. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** Something should have been heard, and was not. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** From now on the other side is asked when it is quiet. */
  mayAsk(): void {
    this.#mayAsk = true;
    this.sent();
  }

  /** Something was sent. */
  sent(): void {
    if (this.#looking !== undefined || this.#isStopped) return;
    const { limits, isWaiting } = this.#options;
    if (isWaiting()) {
      this.#sinceMs = this.#options.clock.monotonicMs();
      this.#lookAfter(limits.silentMs);
    } else if (this.#mayAsk) this.#lookAfter(limits.askMs);
  }

  /** Something has arrived. */
  heard(): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    this.#isAsked = this.#isSilent = false;
  }

  /** So many bytes were read, with them perhaps the end of a message. */
  read(bytes: number, isMessage: boolean): void {
    const { limits, clock } = this.#options;
    this.#newBytes += bytes;
    if (isMessage) {
      this.#readCount += 1;
      this.#newCount += 1;
    }
    if (this.#newCount >= limits.confirmCount || this.#newBytes >= limits.confirmBytes) {
      this.confirm();
    }
    if (this.#newBytes === 0 || this.#confirming !== undefined || this.#isStopped) return;
    this.#confirming = clock.after(limits.confirmMs, () => {
      this.#confirming = undefined;
      if (this.#newBytes > 0) this.confirm();
    });
  }

  /** Says what was read: that we are here, too. */
  confirm(): void {
    this.#newCount = this.#newBytes = 0;
    this.#options.say({ kind: "read", count: this.#readCount });
  }

  /** Whether anything was read and not confirmed. */
  get hasNews(): boolean {
    return this.#newBytes > 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#confirming?.cancel();
    this.#looking?.cancel();
  }

  #lookAfter(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    this.#looking = clock.after(delayMs, () => {
      this.#looking = undefined;
      if (clock.monotonicMs() - dueMs > LATE_MS) this.#lookAfter(LATE_MS);
      else this.#look();
    });
  }

  #look(): void {
    const { clock, limits, isWaiting, say, silent, dead } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!isWaiting() && !this.#isAsked) {
      this.#sinceMs = undefined;
      if (!this.#mayAsk) return;
      const quietMs = nowMs - this.#lastHeardMs;
      if (quietMs < limits.askMs) {
        this.#lookAfter(limits.askMs - quietMs);
        return;
      }
      this.#isAsked = true;
      say({ kind: "ask" });
    }
    this.#sinceMs ??= nowMs;
    const silentMs = nowMs - Math.max(this.#lastHeardMs, this.#sinceMs);
    if (silentMs >= limits.deadMs) {
      dead();
      return;
    }
    if (silentMs >= limits.silentMs && !this.#isSilent) {
      this.#isSilent = true;
      silent();
      if (this.#isStopped) return;
    }
    this.#lookAfter(silentMs < limits.silentMs ? limits.silentMs - silentMs : limits.silentMs);
  }
}
