/**
 * Every limit of this package against its callers.
 * @module
 */

export interface DataLimits {
  /** Requests of one process waiting behind one that is in work; more are refused. */
  readonly maxQueuedCount: number;
  /** Open databases until fd-manager gives a share (spec §1.6). */
  readonly initialOpenCount: number;
  /** Transactions one process may have begun and not committed. */
  readonly maxTransactionsCount: number;
  /** Bytes of keys and values in the transactions of one process. */
  readonly maxTransactionBytes: number;
  /** Iterators one process may have open; the oldest is closed for a new one. */
  readonly maxIteratorsCount: number;
  /** Pairs of one `IterNext`, whatever it asks for. */
  readonly maxBatchCount: number;
  /** Bytes of keys and values in one `IterNext`; at least one pair is always given. */
  readonly maxBatchBytes: number;
  /** Bytes of one key. */
  readonly maxKeyBytes: number;
}

export const DEFAULT_DATA_LIMITS: DataLimits = {
  maxQueuedCount: 1_000,
  initialOpenCount: 10,
  maxTransactionsCount: 64,
  maxTransactionBytes: 64 * 1024 * 1024,
  maxIteratorsCount: 64,
  maxBatchCount: 10_000,
  maxBatchBytes: 4 * 1024 * 1024,
  maxKeyBytes: 64 * 1024,
};
