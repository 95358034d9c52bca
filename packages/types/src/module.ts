/**
 * Runtime modules: the parts of the node that processes reach by message (design.md §7).
 * Source: spec/runtime-modules.md §1.
 * @module
 */
import type { Address, NodeId, ProcessId } from "./address.ts";
import type { Capability } from "./capability.ts";
import type { KernelMessage, LazyLoadBlob, SendErrorKind } from "./message.ts";
import type { U64 } from "./u64.ts";

/** A plain object registered by the node's program. */
export interface RuntimeModule {
  readonly id: ProcessId;
  /** Any local process may message it without the messaging capability. */
  readonly public?: boolean;
  start?(context: ModuleContext): void | Promise<void>;
  /**
   * One message for this module, after the kernel's checks. Must not throw for bad input; what it throws is
   * printed and answered by nothing. A slow handler returns at once and answers later.
   */
  handle(message: KernelMessage): void;
  /**
   * A request this module sent could not be delivered. Of those that expect no response it is told when another node is
   * out of reach, and when the receiver has no room.
   */
  sendError?(message: KernelMessage, kind: SendErrorKind): void;
  /** Told when a process has ended or was killed, to drop what it kept for it. */
  processEnded?(process: ProcessId): void;
  /** Finishes what was accepted, then releases everything. */
  stop?(): void | Promise<void>;
}

export interface Answer {
  readonly body: Uint8Array;
  readonly blob?: LazyLoadBlob | undefined;
  readonly metadata?: string | undefined;
}

export interface ModuleRequest {
  readonly target: Address;
  readonly body: Uint8Array;
  readonly blob?: LazyLoadBlob | undefined;
  readonly expectsResponse?: U64 | undefined;
  readonly metadata?: string | undefined;
  readonly capabilities?: readonly Capability[];
  /** Default: a fresh random id. */
  readonly id?: U64;
  /** Default: the module itself when a response is expected, else none. */
  readonly rsvp?: Address | undefined;
}

/** What a module sees of the kernel: messages, who holds what, and lines for the person. */
export interface ModuleContext {
  readonly our: NodeId;
  readonly address: Address;
  /** Sends a request through the kernel's ordinary checks; returns its id. */
  send(request: ModuleRequest): U64;
  /** Answers `request`: to its rsvp, else its source, with its id (§1.2). */
  respond(request: KernelMessage, answer: Answer): void;
  /** Sends an answer to a given address, for the modules that ignore rsvp (§1.2 table). */
  respondTo(target: Address, id: U64, answer: Answer): void;
  /** Whether a local process holds a capability; unknown process: false. */
  holds(process: ProcessId, capability: Capability): boolean;
  /** Adds capabilities issued by this module to a process; false for an unknown process. Settles once durable. */
  grant(process: ProcessId, capabilities: readonly Capability[]): Promise<boolean>;
  /** Whether a process is in the process table. */
  exists(process: ProcessId): boolean;
  print(verbosity: number, text: string): void;
}
