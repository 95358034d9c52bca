/**
 * A subscription that another node provides, from the side of the one who asked for it.
 * Source: spec/network-identity.md §5.4.
 * @module
 */
import {
  type Address,
  type Clock,
  ETH_PROCESS,
  type ModuleContext,
  type NodeId,
  type TimerHandle,
  type U64,
} from "@kinode-ts/types";
import type { SubscribeAction } from "../actions.ts";
import { FORWARD_EXPECTS_S } from "../calls/call-service.ts";
import type { NodeAsks } from "../calls/node-asks.ts";
import type { EthLimits } from "../limits.ts";
import type { RunningSubscription, SubscriptionSink } from "./subscription.ts";

export interface NodeSubscriptionOptions {
  readonly node: NodeId;
  /** What the provider knows it by: fresh and random. */
  readonly remoteId: U64;
  readonly action: SubscribeAction;
  readonly subscriber: Address;
  readonly sink: SubscriptionSink;
  readonly asks: NodeAsks;
  readonly context: ModuleContext;
  readonly clock: Clock;
  readonly limits: EthLimits;
  /** Called once, when it is over. */
  readonly onOver: () => void;
}

const KEEPALIVE_EXPECTS_S = 30;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class NodeSubscription implements RunningSubscription {
  readonly provider: NodeId;
  readonly remoteId: U64;
  readonly #options: NodeSubscriptionOptions;
  #timer: TimerHandle | undefined;
  #stopWaiting: () => void = () => {};
  #heardMs: number;
  #isOver = false;

  constructor(options: NodeSubscriptionOptions) {
    this.provider = options.node;
    this.remoteId = options.remoteId;
    this.#options = options;
    this.#heardMs = options.clock.monotonicMs();
  }

  /** Whether the node has agreed. Never rejects. */
  async start(id: U64, timeoutMs: number): Promise<boolean> {
    const { node, action, asks, subscriber } = this.#options;
    const { chainId, what, params } = action;
    const body = encoder.encode(
      `{"SubscribeLogs":{"sub_id":${this.remoteId},"chain_id":${chainId},"kind":"${what}","params":${params}}}`,
    );
    const expectsSeconds = FORWARD_EXPECTS_S;
    const end = await asks.ask({ node, body, id, expectsSeconds, timeoutMs, rsvp: subscriber });
    const isTaken = end.kind === "answer" && decoder.decode(end.body).trim() === '"Ok"';
    if (this.#isOver || !isTaken) {
      // It may have been made all the same: an answer can be late.
      if (end.kind !== "answer" || isTaken) this.#tellUnsubscribe();
      this.#over();
      return false;
    }
    this.#keepAlive();
    return true;
  }

  /** An update from the node. */
  update(result: string): void {
    if (this.#isOver) return;
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#options.sink.item(result);
  }

  /** The node says that it is over. */
  updateError(error: string): void {
    this.#giveUp(error);
  }

  close(): void {
    if (this.#isOver) return;
    this.#over();
    this.#tellUnsubscribe();
  }

  #keepAlive(): void {
    const { node, asks, clock, limits } = this.#options;
    this.#timer = clock.after(limits.keepaliveMs, () => {
      if (clock.monotonicMs() - this.#heardMs >= limits.silenceMs) {
        return this.#giveUp("the provider has sent nothing for too long");
      }
      const body = encoder.encode(String(this.remoteId));
      const timeoutMs = KEEPALIVE_EXPECTS_S * 1_000;
      // A provider that knows the subscription says nothing.
      this.#stopWaiting = asks.send(
        { node, body, expectsSeconds: KEEPALIVE_EXPECTS_S, timeoutMs },
        ({ kind }) => {
          if (kind === "answer") this.#giveUp("the provider does not know the subscription");
          if (kind === "offline") this.#giveUp("the provider is offline");
        },
      );
      this.#keepAlive();
    });
  }

  #giveUp(error: string): void {
    if (this.#isOver) return;
    this.close();
    this.#options.sink.ended(error);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stopWaiting();
    this.#options.onOver();
  }

  #tellUnsubscribe(): void {
    tellUnsubscribe(this.#options.context, this.provider, this.remoteId);
  }
}

/** Tells a node that nobody here wants its updates of a subscription. */
export function tellUnsubscribe(context: ModuleContext, node: NodeId, id: U64): void {
  const body = encoder.encode(`{"UnsubscribeLogs":${id}}`);
  context.send({ target: { node, process: ETH_PROCESS }, body });
}
