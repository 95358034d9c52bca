/**
 * The contract between the kernel and whatever runs a process (spec/kernel.md §3.11, design.md §5).
 * Three executors implement it: components, scripts in the shared engine, and native TypeScript.
 * @module
 */
import type { Address, ProcessId } from "./address.ts";
import type { Capability } from "./capability.ts";
import type {
  Delivery,
  LazyLoadBlob,
  OnExit,
  OutgoingRequest,
  Request,
  Response,
  SpawnError,
  SpawnRequest,
} from "./message.ts";

export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** The program of a process: what is in its file. */
export interface ProgramSource {
  /** Path in the VFS, e.g. `/chess:sys/pkg/chess.wasm`; its extension chooses the executor. */
  readonly handle: string;
  readonly bytes: Uint8Array;
}

/** Turns files into programs. Implementations are chosen by what the bytes are. */
export interface Executor {
  /** Whether this executor is the one for such a file. */
  accepts(source: ProgramSource): boolean;
  /**
   * Checks and compiles. Cached by content hash, so the second call is cheap.
   * @throws {KinodeError} bad binary, unknown import, unsupported feature: the text names it
   */
  prepare(source: ProgramSource): Promise<Program>;
}

/** A compiled program; any number of processes may run it. */
export interface Program {
  /**
   * Starts one process: instantiates and calls `init(our)`.
   * Never throws: what goes wrong ends the process with a `trapped` ending.
   */
  start(host: ProcessHost, limits: ProcessLimits): RunningProcess;
}

export interface RunningProcess {
  /** Settles once, when nothing of the process will run any more. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Ends the process: at once when it waits, at its next fuel check when it computes. Idempotent. */
  kill(): void;
  usage(): ProcessUsage;
}

export type Ending =
  | { readonly kind: "returned" }
  /** `reason` is the root cause in words; `stderr` the last text the process wrote there, "" if none. */
  | { readonly kind: "trapped"; readonly reason: string; readonly stderr: string }
  | { readonly kind: "killed" };

export interface ProcessUsage {
  /** Linear memory in bytes, as far as the executor knows. */
  readonly memoryBytes: number;
  /** Time on the processor in milliseconds, as far as the executor measures. */
  readonly cpuMs: number;
}

export interface ProcessLimits {
  /** Upper bound of linear memory in bytes. */
  readonly maxMemoryBytes: number;
  /** Fuel units (loop turns and calls) between two looks at the scheduler, at most. */
  readonly fuelPerCheck: number;
}

/**
 * What one process may ask of the kernel: the functions of `kinode:process/standard`, and how to wait.
 *
 * A process is one fiber: it has at most one wait at a time. `poll…` never waits; when it returns
 * `undefined` the executor suspends the fiber and hands its continuation to `park`; the scheduler calls it when
 * polling again will succeed, or when the process was killed (then `killed` is true and nothing may be delivered).
 *
 * A function that throws a `ProcessFault` traps the process.
 * A function that returns a promise wants the caller suspended until it settles: slowed down, or waiting for disk.
 */
export interface ProcessHost {
  readonly our: Address;
  readonly killed: boolean;

  print(verbosity: number, text: string): void;

  getOnExit(): OnExit;
  setOnExit(onExit: OnExit): void;

  getState(): Promise<Uint8Array | undefined>;
  /** Settles after the bytes are on disk. Takes ownership of `bytes`. */
  setState(bytes: Uint8Array): Promise<void>;
  clearState(): Promise<void>;

  spawn(request: SpawnRequest): Promise<Result<ProcessId, SpawnError>>;

  /** Settles after the change is on disk. */
  saveCapabilities(capabilities: readonly Capability[]): void | Promise<void>;
  dropCapabilities(capabilities: readonly Capability[]): void | Promise<void>;
  ourCapabilities(): readonly Capability[];

  hasBlob(): boolean;
  /** Blob of the newest message, else `undefined`. */
  getBlob(): LazyLoadBlob | undefined;
  /** Newest blob ever received. */
  lastBlob(): LazyLoadBlob | undefined;
  /**
   * What `lastBlob` returns, for an executor that copies the bytes at once: they must not be looked at after anything else
   * was asked of this host, and never after the fiber waited. Without this function use `lastBlob`.
   */
  peekBlob?(): LazyLoadBlob | undefined;

  /** Takes ownership of the bytes. Returns a promise when this sender is being slowed down. */
  sendRequest(
    target: Address,
    request: Request,
    context: Uint8Array | undefined,
    blob: LazyLoadBlob | undefined,
  ): void | Promise<void>;
  sendRequests(requests: readonly OutgoingRequest[]): void | Promise<void>;
  sendResponse(response: Response, blob: LazyLoadBlob | undefined): void | Promise<void>;

  /** First half of `send-and-await-response`: sends, and makes `pollAwaited` the thing to poll. */
  beginAwait(target: Address, request: Request, blob: LazyLoadBlob | undefined): void;
  /** The awaited response or send-error, or `undefined` while there is none. */
  pollAwaited(): Delivery | undefined;

  /** Next item for `receive`, or `undefined` while there is none. */
  poll(): Delivery | undefined;

  /** Registers the continuation of a suspended `poll` or `pollAwaited`. Called once per wake. */
  park(wake: () => void): void;

  /** Whether this fiber has used its slice and should let others run: then call `yieldSlice`. */
  sliceIsOver(): boolean;
  /** Puts the fiber at the back of the run queue; `resume` is called when its turn comes, or when it was killed. */
  yieldSlice(resume: () => void): void;
}

/** Thrown by a `ProcessHost` function to trap the calling process; the text is shown to the person. */
export class ProcessFault extends Error {
  override name = "ProcessFault";
}

/** Thrown into a suspended fiber that was killed. Executors let it pass and report `killed`. */
export class ProcessKilled extends Error {
  override name = "ProcessKilled";
  constructor() {
    super("The process was killed");
  }
}
