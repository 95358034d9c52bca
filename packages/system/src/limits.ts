/**
 * Every limit of this package against its callers.
 * @module
 */

export interface SystemLimits {
  /** Timers one process may have running. Bounds memory; more are dropped and printed. */
  readonly maxTimersPerProcessCount: number;
  /** State requests of one process waiting for the disk; more are refused. */
  readonly maxQueuedStateRequestsCount: number;
  /** Bytes of one process's state. */
  readonly maxStateBytes: number;
  /** Schedules of all processes of one package. Bounds memory, disk and the work at start. */
  readonly maxSchedulesPerPackageCount: number;
  /** Schedules of the node. */
  readonly maxSchedulesCount: number;
  /** Characters of the text that a schedule hands back. */
  readonly maxScheduleBodyLength: number;
}

export const DEFAULT_SYSTEM_LIMITS: SystemLimits = {
  maxTimersPerProcessCount: 65_536,
  maxQueuedStateRequestsCount: 1_000,
  maxStateBytes: 64 * 1024 * 1024,
  maxSchedulesPerPackageCount: 200,
  maxSchedulesCount: 10_000,
  maxScheduleBodyLength: 4_096,
};
