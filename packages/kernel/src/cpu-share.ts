/**
 * What a process may have of the processor while others want it too.
 * @module
 */
import { DEFAULT_CPU_LIMIT } from "@kinode-ts/types";

/** As a person sets it for a process. */
export interface CpuLimit {
  /** Its weight: of two that compute, one with 4 gets four times what one with 1 gets. */
  readonly shares: number;
  /** Milliseconds of processor time it may use at full speed after it was quiet, before it is held to its share. */
  readonly burstMs: number;
}

export const CPU_LIMIT_BOUNDS = {
  shares: { min: 1, max: 1_000 },
  burstMs: { min: 0, max: 60_000 },
} as const;

/** The account of one process with the scheduler, which alone changes it. */
export class CpuShare implements CpuLimit {
  shares: number = DEFAULT_CPU_LIMIT.shares;
  burstMs: number = DEFAULT_CPU_LIMIT.burstMs;
  /**
   * Processor time used, divided by the shares: who has least comes next. Never more than `burstMs` behind the time of those
   * that wait for the processor, so that nobody saves up more than that.
   */
  virtualMs = 0;
  /** What `cpuMs` said when it was last charged. */
  chargedMs = 0;
  /** The time of contention in which it was charged; what is used while nobody else wants it is free. */
  period = -1;
  /** Processor time of the process so far, in milliseconds. */
  readonly cpuMs: () => number;

  constructor(cpuMs: () => number) {
    this.cpuMs = cpuMs;
  }

  /** The virtual time that its burst is worth. */
  get creditMs(): number {
    return this.burstMs / this.shares;
  }
}
