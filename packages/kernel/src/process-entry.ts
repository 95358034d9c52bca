/**
 * One entry of the process table: the kernel itself, a runtime module or a process.
 * Source: spec/kernel.md §3.11.1, §5.4. Kept small: a node may have ten thousand of them.
 * @module
 */
import type { CapabilityHolder } from "@kinode-ts/caps";
import type {
  Address,
  OnExit,
  ProcessId,
  ProcessRecord,
  Program,
  RunningProcess,
  RuntimeModule,
} from "@kinode-ts/types";
import { CpuShare } from "./cpu-share.ts";
import type { Mailbox } from "./mailbox.ts";
import type { TimerNode } from "./timer-wheel.ts";
import type { KernelProcessHost } from "./process-host.ts";

/**
 * `initialized`: registered, waits for `run`; `starting`: its program is being compiled; `restarting`: waits for its
 * next start and does not exist for senders; `ended`: out of the table.
 */
export type ProcessState =
  "module" | "initialized" | "starting" | "running" | "restarting" | "ended";

export type ProcessRole = "kernel" | "module" | "process";

/** Lines of the current second. */
export interface PrintBudget {
  /** Who began it: the process itself, or the one whose descendant it is. */
  readonly process: ProcessId;
  windowMs: number;
  count: number;
}

export class ProcessEntry {
  readonly id: ProcessId;
  readonly address: Address;
  readonly role: ProcessRole;
  readonly holder: CapabilityHolder;
  readonly module: RuntimeModule | undefined;
  /** kernel, state and vfs message any local process without a capability (§3.9). */
  readonly exempt: boolean;
  /** `undefined` for the kernel and modules. */
  readonly mailbox: Mailbox | undefined;

  wasmBytesHandle: string;
  witVersion: number | undefined;
  onExit: OnExit;
  public: boolean;

  state: ProcessState;
  /** The program's file, from InitializeProcess until it is compiled. */
  bytes: Uint8Array | undefined;
  program: Program | undefined;
  host: KernelProcessHost | undefined;
  running: RunningProcess | undefined;
  /** Its account with the scheduler. */
  readonly cpu = new CpuShare(() => this.running?.usage().cpuMs ?? 0);
  /** Who created it, for the bound on children. */
  parent: ProcessEntry | undefined;
  childrenCount = 0;
  /**
   * Keys of capabilities the person or a kernel command took away: it may not save them again from a message it kept,
   * got from an accomplice or sent to itself. Given back by a grant.
   */
  withdrawn: Set<string> | undefined;
  /** The wait before a restart. */
  restartTimer: TimerNode | undefined;

  /** Shared with what it spawns, so that many children print no more than one process. */
  prints: PrintBudget;
  /** Of lines that the kernel prints about it; shared likewise. */
  aboutPrints: PrintBudget;
  noticeMs = -Infinity;

  constructor(parts: {
    readonly record: ProcessRecord;
    readonly address: Address;
    readonly role: ProcessRole;
    readonly holder: CapabilityHolder;
    readonly module?: RuntimeModule | undefined;
    readonly exempt: boolean;
    readonly mailbox: Mailbox | undefined;
  }) {
    const { record } = parts;
    this.id = record.id;
    this.prints = { process: record.id, windowMs: -Infinity, count: 0 };
    this.aboutPrints = { ...this.prints };
    this.address = parts.address;
    this.role = parts.role;
    this.holder = parts.holder;
    this.module = parts.module;
    this.exempt = parts.exempt;
    this.mailbox = parts.mailbox;
    this.wasmBytesHandle = record.wasmBytesHandle;
    this.witVersion = record.witVersion;
    this.onExit = record.onExit;
    this.public = record.public;
    this.state = parts.role === "process" ? "initialized" : "module";
  }

  /** Whether messages reach it. */
  get exists(): boolean {
    return this.state !== "restarting" && this.state !== "ended";
  }

  toRecord(): ProcessRecord {
    const { id, wasmBytesHandle, witVersion, onExit } = this;
    return { id, wasmBytesHandle, witVersion, onExit, public: this.public };
  }
}
