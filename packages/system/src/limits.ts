/**
 * Every limit of this package against its callers.
 * @module
 */

export interface SystemLimits {
  /** Timers one process may have running. Bounds memory; a scheduler of its own needs one. */
  readonly maxTimersPerProcessCount: number;
  /** State requests of one process waiting for the disk. */
  readonly maxQueuedStateRequestsCount: number;
  /** Bytes of one process's state. */
  readonly maxStateBytes: number;
}

export const DEFAULT_SYSTEM_LIMITS: SystemLimits = {
  maxTimersPerProcessCount: 10_000,
  maxQueuedStateRequestsCount: 1_000,
  maxStateBytes: 256 * 1024 * 1024,
};
