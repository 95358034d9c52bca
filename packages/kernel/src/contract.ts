/**
 * The kernel's face towards the program that composes a node.
 * @module
 */
import type {
  Address,
  Capability,
  Clock,
  Executor,
  KernelMessage,
  NetworkPort,
  NodeId,
  NodeSigner,
  OnExit,
  Printer,
  ProcessId,
  ProgramFiles,
  ProcessUsage,
  Random,
  RuntimeModule,
  SendErrorKind,
  SignedCapability,
  Store,
  StoreChange,
  U64,
} from "@kinode-ts/types";
import type { CpuLimit } from "./cpu-share.ts";
import type { KernelLimits } from "./limits.ts";

/** Everything the kernel is given; it reaches for nothing else. */
export interface KernelPowers {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly printer: Printer;
  readonly signer: NodeSigner;
  readonly network: NetworkPort;
  readonly programs: ProgramFiles;
  /** Asked in order; the first that accepts a file runs it. */
  readonly executors: readonly Executor[];
  readonly modules: readonly RuntimeModule[];
}

export interface KernelOptions {
  readonly our: NodeId;
  readonly limits?: Partial<KernelLimits>;
  /** Processes of bundled packages: they start at boot even with on-exit None (spec §6.3). */
  readonly bundled?: (process: ProcessId) => boolean;
  /** Whether every message is printed at level 3 from the first one on (spec §8.4). Default false: it costs time. */
  readonly eventPrinting?: boolean;
}

/** A process as tools and pages show it. */
export interface ProcessInfo {
  readonly id: ProcessId;
  readonly wasmBytesHandle: string;
  readonly witVersion: number | undefined;
  readonly onExit: OnExit;
  readonly public: boolean;
  readonly state: "module" | "initialized" | "running" | "restarting";
  readonly capabilities: readonly Capability[];
  /** Messages waiting, and their bytes. */
  readonly mailboxCount: number;
  readonly mailboxBytes: number;
  /** Messages refused because a quota was used up. */
  readonly refusedCount: number;
  readonly usage: ProcessUsage | undefined;
  /** What it may have of the processor while others want it too. */
  readonly cpuLimit: CpuLimit;
}

/** A process to register: what InitializeProcess does, with the node's own authority (installer, bootstrap). */
export interface ProcessRegistration {
  readonly id: ProcessId;
  readonly wasmBytesHandle: string;
  readonly witVersion: number | undefined;
  readonly onExit: OnExit;
  readonly public: boolean;
  /** Given as they are, signed by this node; its own messaging capability is added. */
  readonly capabilities: readonly Capability[];
}

export interface CapabilityGrant {
  readonly holder: ProcessId;
  readonly capability: Capability;
}

export interface Kernel {
  readonly our: NodeId;
  /** Loads what is stored, starts the modules, then the processes (spec §6.3). */
  boot(): Promise<void>;
  /** Ends all processes, writes what is unwritten, stops the modules (K94). Idempotent. */
  shutdown(): Promise<void>;
  /** Settles when the kernel was told to shut down by a message (§4.3) and has done so. */
  readonly stopped: Promise<void>;

  /**
   * Puts a message on the loop as if `source` had sent it: terminal input, tools. All checks apply.
   */
  inject(message: KernelMessage): void;
  /** Sends a request with a tool's authority and settles with the answer, or a send-error kind. */
  ask(request: {
    readonly source: ProcessId;
    readonly target: Address;
    readonly body: Uint8Array;
    readonly metadata?: string;
    readonly blob?: KernelMessage["blob"];
    readonly timeoutSeconds: U64;
  }): Promise<
    | {
        readonly ok: true;
        readonly source: Address;
        readonly body: Uint8Array;
        readonly metadata: string | undefined;
        readonly blob: KernelMessage["blob"];
      }
    | { readonly ok: false; readonly error: "offline" | "timeout" }
  >;

  processes(): readonly ProcessInfo[];
  process(id: ProcessId): ProcessInfo | undefined;
  capabilitiesOf(id: ProcessId): readonly SignedCapability[];

  /** Registers or replaces entries without running them. All or none; settles once durable. */
  register(registrations: readonly ProcessRegistration[]): Promise<void>;
  /** Starts registered processes; settles per process with undefined, or the reason it could not start. */
  run(ids: readonly ProcessId[]): Promise<ReadonlyMap<ProcessId, string | undefined>>;
  /** Ends a process, revokes what it issued unless told otherwise; false if there is none. Settles once durable. */
  kill(id: ProcessId, options?: { readonly keepGrants?: boolean }): Promise<boolean>;
  /**
   * Starts what their files hold now in the place of the programs that run: mailbox, outstanding requests, state,
   * capabilities and children stay. Settles per process with undefined, or the reason why the old program runs on.
   */
  replace(ids: readonly ProcessId[]): Promise<ReadonlyMap<ProcessId, string | undefined>>;
  /**
   * Sets what a process may have of the processor, now and whenever one with this id runs; `undefined` is the default.
   * Settles once durable.
   * @throws {RangeError} a number outside its bounds
   */
  setCpuLimit(id: ProcessId, limit: CpuLimit | undefined): Promise<void>;
  /** Unknown holders are skipped (K66). Settles once durable. */
  grant(grants: readonly CapabilityGrant[]): Promise<void>;
  revoke(grants: readonly CapabilityGrant[]): Promise<void>;
  /** The networking key is another one: signs every capability of this node again (K89). Settles once durable. */
  resign(): Promise<void>;
  /** Changes of the layers above (installed packages, settings), committed in the kernel's order. */
  commit(changes: readonly StoreChange[]): Promise<void>;

  /** Tells about process and capability changes; returns the way to stop listening. */
  subscribe(listener: (event: KernelEvent) => void): () => void;

  readonly debug: KernelDebug;
}

export type KernelEvent =
  | { readonly kind: "process-started"; readonly process: ProcessId }
  | {
      readonly kind: "process-ended";
      readonly process: ProcessId;
      readonly reason: string | undefined;
    }
  | { readonly kind: "capabilities-changed"; readonly process: ProcessId };

/** Spec §8.4. */
export interface KernelDebug {
  setEventPrinting(on: boolean): void;
  setEventPrintingFor(process: ProcessId, on: boolean): void;
  toggleStepThrough(): boolean;
  step(): void;
  /**
   * Calls `watcher` with every message that goes through, and with those that did not arrive, until the function that
   * comes back is called. Costs time while there is one. What it is given may change afterwards: it is to be read at once.
   */
  watch(watcher: (message: KernelMessage, failure: SendErrorKind | undefined) => void): () => void;
}
