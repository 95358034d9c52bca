/**
 * Every limit of this package against processes, other nodes and providers.
 * @module
 */

export interface EthLimits {
  /** Requests of one process under way; more are refused with `-32005`. */
  readonly maxCallsPerProcessCount: number;
  /** Requests of all under way. */
  readonly maxCallsCount: number;
  /** Time for a request whose sender names none, in milliseconds. */
  readonly defaultBudgetMs: number;
  /** Longest that one provider is waited for, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Longest that a connection may take to open, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Longest that another node is waited for, in milliseconds. */
  readonly nodeTimeoutMs: number;
  /** Between an error of a provider and the second try, in milliseconds. */
  readonly retryAfterMs: number;
  /** How long an answer is given again to an equal request, in milliseconds. */
  readonly cacheMs: number;
  readonly maxCachedCount: number;
  /** Characters of one answer that is kept, and of all of them. */
  readonly maxCachedAnswerLength: number;
  readonly maxCachedLength: number;
  /** Bytes of what a provider sends at once. */
  readonly maxAnswerBytes: number;
  /** Arrays and objects inside each other, and parts, of what a provider or a process sends. */
  readonly maxDepth: number;
  readonly maxAnswerParts: number;
  readonly maxRequestParts: number;
  /** How long a provider that failed is tried last: at first, and at most after failing again and again, in milliseconds. */
  readonly coolDownMs: number;
  readonly maxCoolDownMs: number;
  /** How long a provider that says it is asked too often is left alone, in milliseconds. */
  readonly rateLimitedMs: number;
  /** How long a provider is not asked for a method it does not have, in milliseconds. */
  readonly methodMemoryMs: number;
  /** How long a provider of another chain is left alone, in milliseconds. */
  readonly wrongChainMs: number;
  /** How long a connection without requests and subscriptions stays open, in milliseconds. */
  readonly idleConnectionMs: number;
  /** Between two looks at whether a connection with subscriptions is still there, in milliseconds. */
  readonly heartbeatMs: number;
  /** Messages nobody asked for that one connection may bring before it is closed. */
  readonly maxStrayMessagesCount: number;
  /** Subscriptions of one process or of one other node, and of all. */
  readonly maxSubscriptionsPerSubscriberCount: number;
  readonly maxSubscriptionsCount: number;
  /** How long a subscription may take to be made, in milliseconds. */
  readonly subscribeTimeoutMs: number;
  /** How long a lost subscription is tried to be made again, in milliseconds. */
  readonly resubscribeMs: number;
  /** Between two looks at a chain whose servers cannot push, in milliseconds. */
  readonly pollMs: number;
  /** Blocks looked at again after a loss, for logs that were removed meanwhile. */
  readonly reorganisationBlocks: number;
  /** Delivered logs remembered of one subscription. */
  readonly maxRememberedLogsCount: number;
  /** Between two signs of life to a node that provides a subscription, in milliseconds. */
  readonly keepaliveMs: number;
  /** How long such a subscription may say nothing, in milliseconds. */
  readonly silenceMs: number;
  /** How long another node may give no sign of life before its subscriptions end, in milliseconds. */
  readonly consumerSilenceMs: number;
  /** Requests of another node that wait; more are refused with `-32005`. */
  readonly maxQueuedPerNodeCount: number;
  /** Requests of all other nodes that wait. */
  readonly maxQueuedCount: number;
  /** Between two requests of one node, in milliseconds. */
  readonly nodeSpacingMs: number;
  /** Entries of the file of providers, and of each list of nodes. */
  readonly maxProvidersCount: number;
  readonly maxListedNodesCount: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MEBIBYTE = 1024 * 1024;

export const DEFAULT_ETH_LIMITS: EthLimits = {
  maxCallsPerProcessCount: 256,
  maxCallsCount: 2_048,
  defaultBudgetMs: 60 * SECOND,
  attemptTimeoutMs: 15 * SECOND,
  connectTimeoutMs: 10 * SECOND,
  nodeTimeoutMs: 30 * SECOND,
  retryAfterMs: SECOND,
  cacheMs: SECOND,
  maxCachedCount: 500,
  maxCachedAnswerLength: 256 * 1024,
  maxCachedLength: 16 * MEBIBYTE,
  maxAnswerBytes: 32 * MEBIBYTE,
  maxDepth: 64,
  maxAnswerParts: 2_000_000,
  maxRequestParts: 100_000,
  coolDownMs: 5 * SECOND,
  maxCoolDownMs: 5 * MINUTE,
  rateLimitedMs: 10 * SECOND,
  methodMemoryMs: 10 * MINUTE,
  wrongChainMs: 5 * MINUTE,
  idleConnectionMs: 5 * MINUTE,
  heartbeatMs: 30 * SECOND,
  maxStrayMessagesCount: 1_000,
  maxSubscriptionsPerSubscriberCount: 64,
  maxSubscriptionsCount: 1_024,
  subscribeTimeoutMs: 30 * SECOND,
  resubscribeMs: 2 * MINUTE,
  pollMs: 4 * SECOND,
  reorganisationBlocks: 32,
  maxRememberedLogsCount: 1_024,
  keepaliveMs: 30 * SECOND,
  silenceMs: 120 * MINUTE,
  consumerSilenceMs: 5 * MINUTE,
  maxQueuedPerNodeCount: 100,
  maxQueuedCount: 1_000,
  nodeSpacingMs: 200,
  maxProvidersCount: 256,
  maxListedNodesCount: 10_000,
};
