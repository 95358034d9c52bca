/**
 * All subscriptions: who has which, what they are told, and how many they may have.
 * Source: spec/network-identity.md §5.1, §5.4; W16 (keyed by subscriber and its own id; by node and remote id).
 * @module
 */
import {
  type Address,
  ETH_PROCESS,
  formatAddress,
  type KernelMessage,
  type ModuleContext,
  type NodeId,
  type ProcessId,
  type TimerHandle,
  type U64,
} from "@kinode-ts/types";
import type { SubscribeAction } from "../actions.ts";
import type { Deadline } from "../calls/deadline.ts";
import type { NodeAsks } from "../calls/node-asks.ts";
import { EthError, tooMany } from "../errors.ts";
import type { EndpointPowers } from "../providers/endpoint.ts";
import type { ProviderBook } from "../providers/provider-book.ts";
import { NodeSubscription, tellUnsubscribe } from "./node-subscription.ts";
import { ServerSubscription } from "./server-subscription.ts";
import type { RunningSubscription, SubscriptionSink } from "./subscription.ts";

interface Subscription {
  readonly subscriber: Address;
  readonly subId: U64;
  running: RunningSubscription | undefined;
  isOver: boolean;
  /** When a subscriber on another node was last heard of. */
  heardMs: number;
}

export interface SubscriptionsOptions {
  readonly context: ModuleContext;
  readonly book: ProviderBook;
  readonly asks: NodeAsks;
  readonly powers: EndpointPowers;
  readonly freshId: () => U64;
}

const encoder = new TextEncoder();

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  /** By subscriber and its own id. */
  readonly #all = new Map<string, Subscription>();
  readonly #byRemoteId = new Map<string, NodeSubscription>();
  #watch: TimerHandle | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /**
   * Settles when it runs. One with the same id takes the place of the old one.
   * @throws {EthError}
   */
  async add(message: KernelMessage, action: SubscribeAction, deadline: Deadline): Promise<void> {
    const { source: subscriber, rsvp } = message;
    const { subId } = action;
    this.remove(subscriber, subId);
    this.#assertRoom(subscriber);
    const { clock } = this.#options.powers;
    const heardMs = clock.monotonicMs();
    const made: Subscription = { subscriber, subId, running: undefined, isOver: false, heardMs };
    this.#all.set(keyOf(subscriber, subId), made);
    this.#watchConsumers();
    const sink = this.#sinkOf(made, rsvp);
    try {
      await this.#start(made, action, message, sink, deadline);
    } catch (thrown) {
      this.#forget(made);
      throw thrown;
    }
  }

  /** Ends one; false when the subscriber has none of that id. */
  remove(subscriber: Address, subId: U64): boolean {
    const found = this.#all.get(keyOf(subscriber, subId));
    if (found !== undefined) this.#close(found);
    return found !== undefined;
  }

  /** A sign of life of another node; false when it has no such subscription. */
  heard(subscriber: Address, subId: U64): boolean {
    const found = this.#all.get(keyOf(subscriber, subId));
    if (found !== undefined) found.heardMs = this.#options.powers.clock.monotonicMs();
    return found !== undefined;
  }

  /** An update of a subscription that `node` provides to us. Nothing that we did not ask that node for is taken. */
  update(node: NodeId, remoteId: U64, result: string): void {
    const found = this.#byRemoteId.get(remoteKey(node, remoteId));
    if (found !== undefined) found.update(result);
    else tellUnsubscribe(this.#options.context, node, remoteId);
  }

  updateError(node: NodeId, remoteId: U64, error: string): void {
    this.#byRemoteId.get(remoteKey(node, remoteId))?.updateError(error);
  }

  /** A process is gone. */
  dropProcess(process: ProcessId): void {
    const { our } = this.#options.context;
    this.#dropWhere(({ node, process: id }) => node === our && id === process);
  }

  /** Nodes that cannot be reached, or may not be served any more. */
  dropNodes(isDropped: (node: NodeId) => boolean): void {
    const { our } = this.#options.context;
    this.#dropWhere(({ node }) => node !== our && isDropped(node));
  }

  close(): void {
    this.#dropWhere(() => true);
    this.#watch?.cancel();
  }

  /** JSON text: per subscriber and id the node that provides it, or null. */
  stateJson(): string {
    const byAddress = new Map<string, string[]>();
    for (const { subscriber, subId, running } of this.#all.values()) {
      if (running === undefined) continue;
      const address = formatAddress(subscriber);
      const provider = JSON.stringify(running.provider ?? null);
      const entries = byAddress.get(address) ?? [];
      byAddress.set(address, [...entries, `"${subId}":${provider}`]);
    }
    const parts = [...byAddress].map(([address, ids]) => `${JSON.stringify(address)}:{${ids}}`);
    return `{${parts.join()}}`;
  }

  async #start(
    made: Subscription,
    action: SubscribeAction,
    message: KernelMessage,
    sink: SubscriptionSink,
    deadline: Deadline,
  ): Promise<void> {
    const { book, context, powers } = this.#options;
    const isLocal = made.subscriber.node === context.our;
    const own = new ServerSubscription(book, action, sink, powers);
    made.running = own;
    let failure: EthError | undefined;
    const isRunning = await own.start(deadline).catch((thrown: unknown) => {
      if (!(thrown instanceof EthError)) throw thrown;
      failure = thrown;
      return false;
    });
    this.#assertWanted(made);
    if (isRunning) return;
    made.running = undefined;
    const nodes = isLocal ? book.nodes(action.chainId, context.our) : [];
    for (const [at, node] of nodes.entries()) {
      const timeoutMs = deadline.leftMs / (nodes.length - at);
      const running = this.#askNode(node, made, action, sink);
      made.running = running;
      const isTaken = await running.start(message.id, timeoutMs);
      this.#assertWanted(made);
      if (isTaken) return;
    }
    if (failure !== undefined) throw failure;
    const isLate = nodes.length > 0 && deadline.isOver;
    throw new EthError({ code: isLate ? "eth.rpc-timeout" : "eth.no-rpc-for-chain" });
  }

  #askNode(
    node: NodeId,
    { subscriber }: Subscription,
    action: SubscribeAction,
    sink: SubscriptionSink,
  ): NodeSubscription {
    const { context, asks, powers, freshId } = this.#options;
    let remoteId = freshId();
    while (this.#byRemoteId.has(remoteKey(node, remoteId))) remoteId = freshId();
    const key = remoteKey(node, remoteId);
    const subscription = new NodeSubscription({
      node,
      remoteId,
      action,
      subscriber,
      sink,
      asks,
      context,
      clock: powers.clock,
      limits: powers.limits,
      onOver: () => void this.#byRemoteId.delete(key),
    });
    this.#byRemoteId.set(key, subscription);
    return subscription;
  }

  /** Cancelled while it was made: what was made meanwhile ends too. @throws {EthError} */
  #assertWanted(made: Subscription): void {
    if (!made.isOver) return;
    made.running?.close();
    throw new EthError({ code: "eth.subscription-closed", id: made.subId });
  }

  #sinkOf(made: Subscription, rsvp: Address | undefined): SubscriptionSink {
    const { context } = this.#options;
    const isLocal = made.subscriber.node === context.our;
    const tell = (text: string): void => {
      const body = encoder.encode(text);
      context.send({ target: made.subscriber, body, rsvp: isLocal ? undefined : rsvp });
    };
    return {
      item: (result) => {
        if (!made.isOver) tell(`{"Ok":{"id":${made.subId},"result":${result}}}`);
      },
      ended: (error) => {
        if (made.isOver) return;
        this.#forget(made);
        tell(`{"Err":{"id":${made.subId},"error":${JSON.stringify(error)}}}`);
      },
    };
  }

  /** @throws {EthError} it would be one too many */
  #assertRoom(subscriber: Address): void {
    const { context, powers } = this.#options;
    const { maxSubscriptionsCount, maxSubscriptionsPerSubscriberCount } = powers.limits;
    const isLocal = subscriber.node === context.our;
    let count = 0;
    for (const { subscriber: other } of this.#all.values()) {
      if (other.node !== subscriber.node) continue;
      if (!isLocal || other.process === subscriber.process) count++;
    }
    const isFull = this.#all.size >= maxSubscriptionsCount;
    if (isFull || count >= maxSubscriptionsPerSubscriberCount) throw tooMany("subscriptions");
  }

  #dropWhere(isDropped: (subscriber: Address) => boolean): void {
    for (const each of [...this.#all.values()]) if (isDropped(each.subscriber)) this.#close(each);
  }

  #close(subscription: Subscription): void {
    this.#forget(subscription);
    subscription.running?.close();
  }

  #forget(subscription: Subscription): void {
    subscription.isOver = true;
    const key = keyOf(subscription.subscriber, subscription.subId);
    if (this.#all.get(key) === subscription) this.#all.delete(key);
  }

  /** A node that gives no sign of life has forgotten its subscriptions, or is gone. */
  #watchConsumers(): void {
    if (this.#watch !== undefined) return;
    const { powers, context } = this.#options;
    const { consumerSilenceMs } = powers.limits;
    this.#watch = powers.clock.after(consumerSilenceMs / 2, () => {
      this.#watch = undefined;
      const silentSinceMs = powers.clock.monotonicMs() - consumerSilenceMs;
      let isAny = false;
      for (const each of [...this.#all.values()]) {
        const { node, process } = each.subscriber;
        if (node === context.our || process !== ETH_PROCESS) continue;
        if (each.heardMs <= silentSinceMs) this.#close(each);
        else isAny = true;
      }
      if (isAny) this.#watchConsumers();
    });
  }
}

const keyOf = (subscriber: Address, subId: U64): string => `${subId} ${formatAddress(subscriber)}`;
const remoteKey = (node: NodeId, remoteId: U64): string => `${remoteId} ${node}`;
