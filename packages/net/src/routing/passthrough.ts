/**
 * Two sockets joined: what one says the other hears, unread.
 * Source: spec/network-identity.md §2.4, §0 (idle).
 * @module
 */
import type { Clock, TimerHandle } from "@kinode-ts/types";
import type { Socket } from "../transport.ts";

/** Bytes that may wait for a slow side before the fast one is paused. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A joined pair on which nobody speaks ends after this long. */
export const PASSTHROUGH_IDLE_MS = 2 * 3_600_000;

export class Passthrough {
  readonly #sides: readonly [Socket, Socket];
  readonly #clock: Clock;
  readonly #ended: () => void;
  readonly #idleMs: number;
  #lastMs: number;
  #timer: TimerHandle | undefined;
  #isClosed = false;

  /** @param ended - called once */
  constructor(
    sides: readonly [Socket, Socket],
    clock: Clock,
    ended: () => void,
    idleMs = PASSTHROUGH_IDLE_MS,
  ) {
    this.#sides = sides;
    this.#clock = clock;
    this.#ended = ended;
    this.#idleMs = idleMs;
    this.#lastMs = clock.monotonicMs();
    const [left, right] = sides;
    this.#pipe(left, right);
    this.#pipe(right, left);
    // One that had much to say may have been made to wait.
    for (const side of sides) side.resume();
    this.#watch();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Monotonic milliseconds. */
  get lastTrafficMs(): number {
    return this.#lastMs;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const side of this.#sides) side.close();
    this.#ended();
  }

  #pipe(from: Socket, to: Socket): void {
    from.listen({
      received: (bytes) => {
        this.#lastMs = this.#clock.monotonicMs();
        to.send(bytes);
        if (to.waitingBytes > MAX_WAITING_BYTES) from.pause();
      },
      pinged: () => {
        this.#lastMs = this.#clock.monotonicMs();
        to.ping();
      },
      // Room on this side: the other may go on.
      drained: () => to.resume(),
      closed: () => this.close(),
    });
  }

  #watch(): void {
    const leftMs = this.#lastMs + this.#idleMs - this.#clock.monotonicMs();
    if (leftMs <= 0) this.close();
    else if (!this.#isClosed) this.#timer = this.#clock.after(leftMs, () => this.#watch());
  }
}
