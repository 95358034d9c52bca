/**
 * HTTP requests that wait for an app. All wait equally long, so the oldest is always the first to give up: one timer of
 * the host serves them all.
 * Source: spec/runtime-modules.md §6.4, §6.11 rows 6 and 13.
 * @module
 */
import type { Clock, KernelMessage, NodeId, ProcessId, TimerHandle, U64 } from "@kinode-ts/types";
import type { Client } from "./request-client.ts";
import { WaitingShares } from "./waiting-shares.ts";

/** Turns the message that answers into what the client gets; without one the app's rules apply. */
export type ReadAnswer = (answer: KernelMessage) => Response;

/** One waiting request. The response may be there before anyone waits for it. */
export class PendingAnswer {
  /** Who must answer; `undefined`: anybody on `node` (RPC). */
  readonly responder: ProcessId | undefined;
  readonly node: NodeId;
  dueMs: number;
  readonly read: ReadAnswer | undefined;
  /** Who asked, when it was an HTTP request to an app. */
  readonly client: Client | undefined;
  /** The app waits for the client: its own time does not run. */
  readonly isHeldUp: (() => boolean) | undefined;
  /** Whether the end of the client's connection is told. */
  isWatched = false;
  readonly sinceMs: number;
  #response: Response | undefined;
  #resolve: ((response: Response) => void) | undefined;

  constructor(
    responder: ProcessId | undefined,
    node: NodeId,
    sinceMs: number,
    dueMs: number,
    read: ReadAnswer | undefined,
    client: Client | undefined,
    isHeldUp: (() => boolean) | undefined,
  ) {
    this.responder = responder;
    this.node = node;
    this.sinceMs = sinceMs;
    this.dueMs = dueMs;
    this.read = read;
    this.client = client;
    this.isHeldUp = isHeldUp;
  }

  /** Only the first one counts. */
  settle(response: Response): void {
    if (this.#resolve !== undefined) this.#resolve(response);
    else this.#response ??= response;
  }

  /** The response when it is there already, else a promise of it. */
  response(): Response | Promise<Response> {
    if (this.#response !== undefined) return this.#response;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

/**
 * Who waits longer than this is asked whether it is still there. Most requests are answered long before, and asking costs
 * more than all else that is done here.
 */
const LOOK_AFTER_MS = 1_000;

export interface PendingAnswersOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly maxCount: number;
  /** Of one network; programs on this machine may have all places. */
  readonly maxPerNetwork: number;
  /** What the client gets when nobody answered. */
  readonly timedOut: () => Response;
  /** What nobody gets any more: the client is gone. */
  readonly clientGone: () => Response;
}

export class PendingAnswers {
  readonly #options: PendingAnswersOptions;
  /** In order of age, which is the order of their deadlines. */
  readonly #pending = new Map<U64, PendingAnswer>();
  readonly #shares: WaitingShares;
  #timer: TimerHandle | undefined;
  #look: TimerHandle | undefined;
  #abandonedCount = 0;

  constructor(options: PendingAnswersOptions) {
    this.#options = options;
    this.#shares = new WaitingShares(options.maxPerNetwork);
  }

  get count(): number {
    return this.#pending.size;
  }

  /** Requests whose clients went away before there was an answer. */
  get abandonedCount(): number {
    return this.#abandonedCount;
  }

  get isFull(): boolean {
    return this.#pending.size >= this.#options.maxCount;
  }

  /** Whether there is no place for a request of this client. */
  isFullFor(client: Client): boolean {
    return this.isFull || !this.#shares.mayWait(client, this.#pending);
  }

  add(
    id: U64,
    responder: ProcessId | undefined,
    node: NodeId,
    from: {
      readonly read?: ReadAnswer;
      readonly client?: Client;
      readonly isHeldUp?: () => boolean;
    },
  ): PendingAnswer {
    const { clock, timeoutMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const pending = new PendingAnswer(
      responder,
      node,
      nowMs,
      nowMs + timeoutMs,
      from.read,
      from.client,
      from.isHeldUp,
    );
    this.#pending.set(id, pending);
    this.#shares.added(pending);
    this.#timer ??= clock.after(timeoutMs, () => this.#expire());
    this.#look ??= clock.after(LOOK_AFTER_MS, () => this.#lookForClients());
    return pending;
  }

  get(id: U64): PendingAnswer | undefined {
    return this.#pending.get(id);
  }

  /** Gives one the whole time again: the app is at work on it. */
  touch(id: U64): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { clock, timeoutMs } = this.#options;
    pending.dueMs = clock.monotonicMs() + timeoutMs;
    // To the end, where the youngest are.
    this.#pending.delete(id);
    this.#pending.set(id, pending);
  }

  /** Settles one and forgets it. */
  settle(id: U64, response: Response): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#shares.removed(pending, this.#pending.size);
    pending.settle(response);
  }

  /** Settles all that wait for this process. */
  settleAll(responder: ProcessId, response: () => Response): void {
    for (const [id, pending] of this.#pending) {
      if (pending.responder === responder) this.settle(id, response());
    }
  }

  /** Settles everything; nothing waits any more. */
  close(response: () => Response): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#look?.cancel();
    this.#look = undefined;
    for (const id of [...this.#pending.keys()]) this.settle(id, response());
  }

  /** Lets go of requests whose clients are gone, and hears of those that go from now on. */
  #lookForClients(): void {
    this.#look = undefined;
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() - LOOK_AFTER_MS;
    for (const [id, pending] of this.#pending) {
      if (!pending.isWatched && pending.sinceMs <= dueMs) this.#watch(id, pending);
    }
    if (this.#pending.size === 0) return;
    this.#look = clock.after(LOOK_AFTER_MS, () => this.#lookForClients());
  }

  #watch(id: U64, pending: PendingAnswer): void {
    pending.isWatched = true;
    const gone = (): void => {
      if (this.#pending.get(id) !== pending) return;
      this.#abandonedCount++;
      this.settle(id, this.#options.clientGone());
    };
    const signal = pending.client?.request.signal;
    if (signal?.aborted === true) gone();
    else signal?.addEventListener("abort", gone, { once: true });
  }

  #expire(): void {
    this.#timer = undefined;
    const { clock, timedOut } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [id, pending] of this.#pending) {
      if (pending.dueMs > nowMs) {
        this.#timer = clock.after(pending.dueMs - nowMs, () => this.#expire());
        return;
      }
      if (pending.isHeldUp?.() === true) this.touch(id);
      else this.settle(id, timedOut());
    }
  }
}
