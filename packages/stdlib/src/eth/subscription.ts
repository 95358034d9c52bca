/**
 * Following a chain: what the node's provider pushes, as a loop.
 * Source: spec/network-identity.md §5.1, §5.4.
 * @module
 */
import { ETH_PROCESS, type U64 } from "@kinode-ts/types";
import { type Duration, toMilliseconds } from "../duration.ts";
import { KeptItems } from "../kept-items.ts";
import { createListenersById } from "../listeners-by-id.ts";
import type { IncomingRequest } from "../message.ts";
import { hasForm, isText } from "../module-answer.ts";
import { sleep } from "../timer.ts";
import { EthError } from "./eth-error.ts";
import { ethRequest } from "./eth-wire.ts";

/** What can be followed. */
export type SubscriptionKind = "newHeads" | "logs" | "newPendingTransactions" | "syncing";

/** How a subscription is made, and what is done when it ends. */
export interface SubscribeOptions {
  /** How long making it may take. Default 60 s. */
  readonly timeout?: Duration | undefined;
  /** Tries again after so long when it is refused, and when it ends; the loop never ends by itself. Default: it ends. */
  readonly retry?: Duration | undefined;
  /** Told each time a lost one runs again: what came meanwhile may be missing. */
  readonly onGap?: (() => void) | undefined;
}

/** Items from now on, in order. Ends with `break`, `stop`, or an `EthError`. */
export interface Subscription<T> extends AsyncIterable<T>, AsyncDisposable {
  /** Settles once it runs; rejects with an `EthError`. Iterating waits for it by itself. */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/** One message of the eth module about a subscription, as it is on the wire. */
export type SubscriptionUpdate =
  | { readonly kind: "item"; readonly id: number; readonly result: unknown }
  | { readonly kind: "ended"; readonly id: number; readonly error: string };

/** Items kept for a loop that is slower than the chain. */
const MAX_KEPT = 65_536;
const SENDER_SUFFIX = `@${ETH_PROCESS}`;

type Listener = (update: SubscriptionUpdate) => void;

const listenersHere = createListenersById<Listener>(deliver);
let lastId = 0;

function deliver(message: IncomingRequest, byId: ReadonlyMap<number, Listener>): undefined | false {
  const update = readSubscriptionUpdate(message);
  const listener = update && byId.get(update.id);
  if (update === undefined || listener === undefined) return false;
  listener(update);
  return undefined;
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isItem = hasForm<{ id: number; result: unknown }>({
  id: isNumber,
  result: (_value): _value is unknown => true,
});
const isEnd = hasForm<{ id: number; error: string }>({ id: isNumber, error: isText });

/** What a message of the eth module says; `undefined` for any other. For processes with a loop of their own. */
export function readSubscriptionUpdate(message: IncomingRequest): SubscriptionUpdate | undefined {
  if (!message.sender.endsWith(SENDER_SUFFIX) || !message.isLocal) return undefined;
  let told: unknown;
  try {
    told = JSON.parse(message.text());
  } catch {
    return undefined;
  }
  if (typeof told !== "object" || told === null) return undefined;
  const { Ok: item, Err: error } = told as { Ok?: unknown; Err?: unknown };
  if (isItem(item)) return { kind: "item", id: item.id, result: item.result };
  return isEnd(error) ? { kind: "ended", id: error.id, error: error.error } : undefined;
}

/** @internal Use a provider's `subscribe…`. */
export function subscribe<T>(
  chainId: U64,
  kind: SubscriptionKind,
  params: unknown,
  options: SubscribeOptions,
): Subscription<T> {
  return new Items<T>(chainId, kind, params, options);
}

class Items<T> implements Subscription<T> {
  readonly started: Promise<void>;
  readonly #chainId: U64;
  readonly #kind: SubscriptionKind;
  readonly #params: unknown;
  readonly #options: SubscribeOptions;
  readonly #byId = listenersHere();
  readonly #id = ++lastId;
  readonly #kept = new KeptItems<T>();

  constructor(chainId: U64, kind: SubscriptionKind, params: unknown, options: SubscribeOptions) {
    this.#chainId = chainId;
    this.#kind = kind;
    this.#params = params;
    this.#options = options;
    this.#byId.set(this.#id, (update) => this.#take(update));
    this.started = this.#start();
    this.started.catch((error: EthError) => this.#end(error));
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.#kept.read(this.started, () => this.stop());
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #stop(error?: EthError): Promise<void> {
    if (this.#kept.isOver) return;
    this.#kept.clear();
    this.#end(error);
    const { timeout } = this.#options;
    // It may be over at the node already.
    await ethRequest({ UnsubscribeLogs: this.#id }, "ending a subscription", { timeout }).catch(
      () => undefined,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #take(update: SubscriptionUpdate): void {
    if (this.#kept.isOver) return;
    if (update.kind === "item") {
      this.#kept.push(update.result as T);
      if (this.#kept.count > MAX_KEPT) {
        const text = `${MAX_KEPT} items wait: the loop is too slow`;
        void this.#stop(new EthError("SubscriptionClosed", this.#kind, text));
      }
    } else if (this.#options.retry === undefined) {
      this.#end(new EthError("SubscriptionClosed", this.#kind, update.error));
    } else {
      void this.#start()
        .then(() => this.#options.onGap?.())
        .catch((error: EthError) => this.#end(error));
    }
  }

  async #start(): Promise<void> {
    const { timeout, retry } = this.#options;
    const wire = {
      sub_id: this.#id,
      chain_id: this.#chainId,
      kind: this.#kind,
      params: this.#params,
    };
    for (;;) {
      try {
        await ethRequest({ SubscribeLogs: wire }, `a subscription to ${this.#kind}`, { timeout });
        return;
      } catch (thrown) {
        if (retry === undefined || this.#kept.isOver) throw thrown;
      }
      await sleep(toMilliseconds(retry));
      if (this.#kept.isOver) return;
    }
  }

  #end(error?: EthError): void {
    this.#byId.delete(this.#id);
    this.#kept.end(error);
  }
}
