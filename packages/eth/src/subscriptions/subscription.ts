/**
 * What the two kinds of subscriptions have in common: one at a server of ours, one that another node provides.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";

/** Where the items of a subscription go. */
export interface SubscriptionSink {
  /** A JSON text, as the RPC server sent it. */
  item(result: string): void;
  /** It is over, and was not asked to be. Called at most once, nothing after it. */
  ended(error: string): void;
}

export interface RunningSubscription {
  /** Which node provides it; `undefined`: we ourselves. */
  readonly provider: NodeId | undefined;
  /** Ends it without a word to the subscriber. */
  close(): void;
}
