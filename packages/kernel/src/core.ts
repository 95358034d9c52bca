/**
 * The parts of one kernel, handed to each other as one explicit record.
 * @module
 */
import type { CapabilityTables } from "@kinode-ts/caps";
import type { NodeId, ProcessId, StoreChange } from "@kinode-ts/types";
import type { Asks } from "./asks.ts";
import type { KernelEvent, KernelOptions, KernelPowers } from "./contract.ts";
import type { CpuLimits } from "./cpu-limits.ts";
import type { Journal } from "./journal.ts";
import type { KernelLimits } from "./limits.ts";
import type { Lines } from "./lines.ts";
import type { Observer } from "./observer.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Router } from "./router.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Supervisor } from "./supervisor.ts";
import type { TimerWheel } from "./timer-wheel.ts";

export interface KernelCore {
  readonly our: NodeId;
  readonly limits: KernelLimits;
  readonly powers: KernelPowers;
  readonly options: KernelOptions;
  readonly scheduler: Scheduler;
  readonly timers: TimerWheel;
  readonly lines: Lines;
  readonly journal: Journal;
  readonly capabilities: CapabilityTables;
  readonly cpuLimits: CpuLimits;
  readonly table: ProcessTable;
  readonly router: Router;
  readonly supervisor: Supervisor;
  readonly asks: Asks;
  readonly observer: Observer;
  readonly freshId: () => number;
  readonly emit: (event: KernelEvent) => void;
  /** Writes changes of capabilities of processes that outlive the node's run, and tells listeners. */
  readonly capabilitiesChanged: (changes: readonly StoreChange[]) => void;
  /** Begins the end of the node (kernel command Shutdown). */
  readonly shutdown: () => void;
  /** Whether an entry with this id and setting is kept on disk. */
  readonly isKept: (id: ProcessId, onExit: { readonly kind: string }) => boolean;
}
