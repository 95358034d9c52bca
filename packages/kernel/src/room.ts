/**
 * What a sender that is slowed waits for: room in a mailbox, or on the way to another node.
 * Source: spec/kernel.md W1, W21; spec/network-identity.md W5; design.md §4 "Bounded".
 * @module
 */
import type { KernelMessage } from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";

/** `release` is called once for each call of `whenRoom`. */
export interface Room {
  /** Calls `release` when the sender of `message` may go on. */
  whenRoom(message: KernelMessage, release: () => void): void;
  /** The wait took too long. */
  giveUp(release: () => void): void;
  /** The sender was killed. */
  forget(release: () => void): void;
}

/** Room on the way to another node: the network says when. */
export class NetworkRoom implements Room {
  readonly #promise: Promise<void>;
  #isOver = false;

  constructor(promise: Promise<void>) {
    this.#promise = promise;
  }

  whenRoom(_message: KernelMessage, release: () => void): void {
    void this.#promise.then(() => this.#end(release));
  }

  giveUp(release: () => void): void {
    this.#end(release);
  }

  forget(release: () => void): void {
    this.#end(release);
  }

  #end(release: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    release();
  }
}

/**
 * Calls `release` when there is room, or after `maxMs` milliseconds.
 * @returns ends the wait at once
 */
export function waitForRoom(
  { timers, scheduler }: KernelCore,
  room: Room,
  message: KernelMessage,
  maxMs: number,
  release: () => void,
): () => void {
  const released = (): void => {
    timers.cancel(timer);
    release();
  };
  const timer = {
    timerNext: undefined,
    timerPrevious: undefined,
    timerDeadlineMs: 0,
    fire: () => room.giveUp(released),
  };
  timers.set(timer, scheduler.nowMs() + maxMs);
  room.whenRoom(message, released);
  return () => room.forget(released);
}
