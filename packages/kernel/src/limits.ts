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
  /** Of one receiver's mailbox, how many bytes one sender may occupy before it is slowed. */
  readonly senderQuotaBytes: number;
  /** How long a sender is slowed for a receiver that takes nothing, in milliseconds; after that it is refused. */
  readonly maxSlowedMs: number;
  /** Requests a process may have outstanding (contexts). Bounds timers and saved messages. */
  readonly maxOutstandingCount: number;
  /** Bytes of requests a process may have outstanding: each is kept for its send-error. */
  readonly maxOutstandingBytes: number;
  /** Children and other processes one process may have created and alive. */
  readonly maxChildrenCount: number;
  /** Processes on the node. */
  readonly maxProcessCount: number;
  /** Capabilities one process may give itself by `save-capabilities`. Bounds memory and disk. */
  readonly maxHeldCount: number;
  /** Capabilities remembered from received messages, so that they may be saved later. */
  readonly maxReceivedCount: number;
  /** Bytes of one message: body, blob, metadata and context together; also of one state. */
  readonly maxMessageBytes: number;
  /** Linear memory of one process in bytes. */
  readonly maxProcessMemoryBytes: number;
  /** How long fibers may run before the event loop turns, in milliseconds. */
  readonly sliceMs: number;
  /**
   * How long a fiber that computes may run in its turn, in milliseconds, while others wait for messages: each of them waits
   * as long for every hop. One millisecond costs those that compute 2 % of their speed against four.
   */
  readonly computeSliceMs: number;
  /** How long a program that is to be replaced may go on with the message it has in hand, in milliseconds. */
  readonly replaceWaitMs: number;
  /** Fuel units between two looks at the scheduler, at most; executors take fewer for guests that need long for them. */
  readonly fuelPerCheck: number;
  /** Lines one process may print per second before the rest is counted instead of shown. */
  readonly maxPrintsPerSecond: number;
  /** Lines per second about messages of other nodes that were dropped, for all nodes together. */
  readonly maxStrangerLinesPerSecond: number;
  /** Characters of one printed line; the rest is cut. */
  readonly maxPrintLength: number;
}

export const DEFAULT_KERNEL_LIMITS: KernelLimits = {
  maxMailboxCount: 16_384,
  maxMailboxBytes: 64 * 1024 * 1024,
  senderQuotaCount: 4_096,
  senderQuotaBytes: 16 * 1024 * 1024,
  maxSlowedMs: 1_000,
  maxOutstandingCount: 65_536,
  maxOutstandingBytes: 256 * 1024 * 1024,
  maxChildrenCount: 1_024,
  maxProcessCount: 20_000,
  maxHeldCount: 4_096,
  maxReceivedCount: 1_024,
  maxMessageBytes: 256 * 1024 * 1024,
  maxProcessMemoryBytes: 512 * 1024 * 1024,
  sliceMs: 4,
  computeSliceMs: 1,
  replaceWaitMs: 100,
  fuelPerCheck: 100_000,
  maxPrintsPerSecond: 1_000,
  maxStrangerLinesPerSecond: 10,
  maxPrintLength: 65_536,
};
