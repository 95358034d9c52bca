/**
 * The durable records of a node and the contract of what keeps them (design.md §4 "Durable", §13).
 * Asynchronous and batch-shaped so that a remote database can implement it.
 * @module
 */
import type { ProcessId } from "./address.ts";
import type { SignedCapability } from "./capability.ts";
import type { OnExit } from "./message.ts";

/** One process as the node remembers it (spec/kernel.md §6.2). */
export interface ProcessRecord {
  readonly id: ProcessId;
  /** VFS path of the program; "" for runtime modules. */
  readonly wasmBytesHandle: string;
  /** From package metadata, kept as metadata only; `undefined` = absent. */
  readonly witVersion: number | undefined;
  readonly onExit: OnExit;
  readonly public: boolean;
}

/** A capability in the table of the process that holds it. */
export interface HeldCapability extends SignedCapability {
  readonly holder: ProcessId;
  /** Identity within the holder: equal for equal issuer and equal JSON value of params (`capabilityKey` of caps). */
  readonly key: string;
}

/** One change. A batch is applied in order and wholly or not at all. */
export type StoreChange =
  | { readonly kind: "put-process"; readonly record: ProcessRecord }
  /** Removes the record and every capability the process holds; its state stays. */
  | { readonly kind: "delete-process"; readonly id: ProcessId }
  /** Replaces the row with the same holder and key, text and signature. */
  | { readonly kind: "put-capability"; readonly capability: HeldCapability }
  | { readonly kind: "delete-capability"; readonly holder: ProcessId; readonly key: string }
  | { readonly kind: "put-state"; readonly process: ProcessId; readonly bytes: Uint8Array }
  | { readonly kind: "delete-state"; readonly process: ProcessId }
  /** Records of the layers above, by name: installed packages, settings, audit lines. JSON text. */
  | {
      readonly kind: "put-record";
      readonly space: string;
      readonly key: string;
      readonly value: string;
    }
  | { readonly kind: "delete-record"; readonly space: string; readonly key: string };

export interface StoreRow {
  readonly key: string;
  readonly value: string;
}

export interface Store extends AsyncDisposable {
  processes(): Promise<readonly ProcessRecord[]>;
  capabilities(): Promise<readonly HeldCapability[]>;
  state(process: ProcessId): Promise<Uint8Array | undefined>;
  /** Ids that have state. */
  stateIds(): Promise<readonly ProcessId[]>;
  /** Rows of one space, ordered by the UTF-8 bytes of the key. */
  records(space: string): Promise<readonly StoreRow[]>;
  record(space: string, key: string): Promise<string | undefined>;
  /**
   * Applies all changes in order in one transaction; settles when they survive the end of this program.
   * @throws {KinodeError} `store.…` when nothing of the batch was applied
   */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Writes a consistent copy of everything into a new folder or file at `destination`. */
  backup(destination: string): Promise<void>;
}

/** Where package files are read from when a process starts; the VFS implements it. */
export interface ProgramFiles {
  /** Bytes of the file, or `undefined` when there is none. */
  read(handle: string): Promise<Uint8Array | undefined>;
}
