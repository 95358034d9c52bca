/**
 * Every limit of this package against its callers.
 * @module
 */

export interface DataLimits {
  /** Requests of one process waiting behind one that is in work; more are refused. */
  readonly maxQueuedCount: number;
  /** Open databases until fd-manager gives a share (spec §1.6). */
  readonly initialOpenCount: number;
  /** Open databases at most, however many files fd-manager lets us have: each has a cache of some megabytes. */
  readonly maxOpenCount: number;
  /** Of one package: one that opens very many closes its own, not others'. */
  readonly maxOpenPerPackageCount: number;
  /** Transactions one process may have begun and not committed. */
  readonly maxTransactionsCount: number;
  /** Bytes of keys and values in the transactions of one process. Bounds also how long one commit keeps the disk busy. */
  readonly maxTransactionBytes: number;
  /** Iterators one process may have open; the oldest is closed for a new one. */
  readonly maxIteratorsCount: number;
  /** Pairs of one `IterNext`, whatever it asks for. */
  readonly maxBatchCount: number;
  /** Bytes of keys and values in one `IterNext`; at least one pair is always given. */
  readonly maxBatchBytes: number;
  /** Bytes of one key. */
  readonly maxKeyBytes: number;
  /** Bytes of one value of a key. Writing it is one step that nothing interrupts; what is larger is for files. */
  readonly maxValueBytes: number;
}

export const DEFAULT_DATA_LIMITS: DataLimits = {
  maxQueuedCount: 1_000,
  initialOpenCount: 10,
  maxOpenCount: 256,
  maxOpenPerPackageCount: 16,
  maxTransactionsCount: 64,
  maxTransactionBytes: 32 * 1024 * 1024,
  maxIteratorsCount: 64,
  maxBatchCount: 10_000,
  maxBatchBytes: 1024 * 1024,
  maxKeyBytes: 64 * 1024,
  maxValueBytes: 4 * 1024 * 1024,
};
