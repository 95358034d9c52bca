/**
 * Every limit the kernel sets against processes, in one place (design.md §4 "Bounded").
 * @module
 */

export interface KernelLimits {
  /** Messages waiting per process. Bounds memory when a receiver stalls. */
  readonly maxMailboxCount: number;
  /** Bytes waiting per process: bodies, blobs, metadata, contexts. */
  readonly maxMailboxBytes: number;
  /** Of one receiver's mailbox, how many messages one sender may occupy before it is slowed. */
  readonly senderQuotaCount: number;
  /** Requests a process may have outstanding (contexts). Bounds timers and saved messages. */
  readonly maxOutstandingCount: number;
  /** Children and other processes one process may have created and alive. */
  readonly maxChildrenCount: number;
  /** Processes on the node. */
  readonly maxProcessCount: number;
  /** Bytes of one message: body, blob, metadata and context together. */
  readonly maxMessageBytes: number;
  /** Linear memory of one process in bytes. */
  readonly maxProcessMemoryBytes: number;
  /** How long fibers may run before the event loop turns, in milliseconds. */
  readonly sliceMs: number;
  /** Fuel units between two looks at the scheduler. */
  readonly fuelPerCheck: number;
  /** Lines one process may print per second before the rest is counted instead of shown. */
  readonly maxPrintsPerSecond: number;
}

export const DEFAULT_KERNEL_LIMITS: KernelLimits = {
  maxMailboxCount: 16_384,
  maxMailboxBytes: 64 * 1024 * 1024,
  senderQuotaCount: 4_096,
  maxOutstandingCount: 65_536,
  maxChildrenCount: 1_024,
  maxProcessCount: 20_000,
  maxMessageBytes: 256 * 1024 * 1024,
  maxProcessMemoryBytes: 512 * 1024 * 1024,
  sliceMs: 4,
  fuelPerCheck: 100_000,
  maxPrintsPerSecond: 1_000,
};
