/**
 * Changes on their way to the store: all of one turn of the event loop in one commit, in order.
 * Source: design.md §4 "Durable"; W11, W26.
 * @module
 */
import {
  errorText,
  type Clock,
  type ProcessId,
  type Store,
  type StoreChange,
} from "@kinode-ts/types";

const RETRY_MS = 1_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** State bytes as they will be once everything is written; `undefined` in `value`: cleared. */
export interface PendingState {
  readonly value: Uint8Array | undefined;
}

export class Journal {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onError: (text: string) => void;
  readonly #onTurn = () => this.#write();
  #changes: StoreChange[] = [];
  #waiters: Waiter[] = [];
  #writing: Promise<void> | undefined;
  #inFlight: readonly StoreChange[] = [];
  #asked = false;
  #closed = false;

  constructor(store: Store, clock: Clock, onError: (text: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onError = onError;
  }

  append(changes: readonly StoreChange[]): void {
    for (const change of changes) this.#changes.push(change);
    if (this.#changes.length > 0) this.#ask();
  }

  /** Appends, and settles when these changes and all before them are on disk. */
  commit(changes: readonly StoreChange[]): Promise<void> {
    this.append(changes);
    return this.settled();
  }

  /**
   * Settles when everything appended so far is on disk.
   * @throws what the store threw; a change that is not a state is tried again with the next commit
   */
  settled(): Promise<void> {
    if (this.#changes.length === 0) return this.#writing ?? Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Stops trying again; what is written meanwhile still settles. */
  close(): void {
    this.#closed = true;
  }

  /** State that was set or cleared and is not on disk yet. */
  pendingState(process: ProcessId): PendingState | undefined {
    return findState(this.#changes, process) ?? findState(this.#inFlight, process);
  }

  #ask(): void {
    if (this.#asked || this.#writing !== undefined || this.#changes.length === 0) return;
    this.#asked = true;
    this.#clock.afterTurn(this.#onTurn);
  }

  #write(): void {
    this.#asked = false;
    const changes = (this.#inFlight = this.#changes);
    const waiters = this.#waiters;
    this.#changes = [];
    this.#waiters = [];
    const writing = this.#store.commit(changes);
    this.#writing = writing;
    writing.then(
      () => this.#wrote(() => waiters.forEach((waiter) => waiter.resolve())),
      (reason: unknown) => {
        this.#keep(changes, reason);
        this.#wrote(() => waiters.forEach((waiter) => waiter.reject(reason)), RETRY_MS);
      },
    );
  }

  #wrote(settle: () => void, delayMs = 0): void {
    this.#writing = undefined;
    this.#inFlight = [];
    settle();
    if (this.#changes.length === 0 || this.#closed) return;
    if (delayMs === 0) this.#ask();
    else this.#clock.after(delayMs, () => this.#ask());
  }

  // What the kernel decided stays decided: those rows go with the next commit. A state is given up, its process is told.
  #keep(changes: readonly StoreChange[], reason: unknown): void {
    this.#onError(`Cannot write the node's records: ${errorText(reason)}`);
    const kept = changes.filter(
      ({ kind }) =>
        kind === "put-process" ||
        kind === "delete-process" ||
        kind === "put-capability" ||
        kind === "delete-capability",
    );
    this.#changes = [...kept, ...this.#changes];
  }
}

function findState(changes: readonly StoreChange[], process: ProcessId): PendingState | undefined {
  for (let index = changes.length - 1; index >= 0; index--) {
    const change = changes[index]!;
    if (change.kind === "put-state" && change.process === process) return { value: change.bytes };
    if (change.kind === "delete-state" && change.process === process) return { value: undefined };
  }
  return undefined;
}
