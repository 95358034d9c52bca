/**
 * The faces of this package: what it is given, what it makes, and how another package adds host interfaces.
 * @module
 */
import type {
  Clock,
  ProcessHost,
  ProcessLimits,
  Program,
  Random,
  RunningProcess,
} from "@kinode-ts/types";
import type { BlobPool } from "./blob-pool.ts";
import type { LinearMemories } from "./linear-memories.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { AbiType } from "./canonical-abi/abi-type.ts";
import type { ComponentLimits } from "./limits.ts";

/** Shape of one imported function: its WIT parameters and result, as canonical ABI types. */
export interface HostFunctionType {
  readonly params: readonly AbiType<unknown>[];
  readonly result: AbiType<unknown> | undefined;
}

/** An interface a component may import besides `…:process/standard` and WASI. */
export interface HostInterface {
  /** Full name as imported, e.g. `kinode:script/source@0.1.0`. */
  readonly name: string;
  readonly functions: Readonly<Record<string, HostFunctionType>>;
}

/**
 * A function of a host interface for one process: values in, value out, in the representation of its types.
 * A returned promise suspends the process until it settles.
 * A thrown `ProcessFault` traps the process with its text.
 */
export type HostFunction = (...values: never[]) => unknown;

/** Implementations by interface name, then by function name. */
export type ProvidedInterfaces = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** Keeps rewritten core modules between runs of the node, e.g. in a folder. Failures count as a miss. */
export interface MeteredModuleStore {
  /** @param key - content hash of the component and version of the rewriting, safe as a file name */
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}

export interface ComponentPowers {
  readonly clock: Clock;
  readonly random: Random;
  /** Where memories of guests are made; if not given, by what most machines have room for. */
  readonly memories?: LinearMemories;
}

export interface ComponentOptions extends ComponentPowers {
  readonly limits?: Partial<ComponentLimits>;
  readonly interfaces?: readonly HostInterface[];
  readonly meteredModules?: MeteredModuleStore;
  /**
   * `general` links every core module of a component even where its main module would do with what the node has.
   * For tests: both ways must give the same.
   */
  readonly path?: "general";
  /** Buffers of large blobs; its own if not given. */
  readonly blobs?: BlobPool;
  /** Memory that all processes share; its own, of `limits.maxTotalMemoryBytes`, if not given. */
  readonly memory?: MemoryBudget;
}

export interface StartOptions {
  /** One entry for each host interface that the component imports. */
  readonly provide?: ProvidedInterfaces;
}

/** A checked, metered and compiled component; any number of processes may run it. */
export interface LoadedComponent extends Program {
  /** The one `…:process/standard@…` it imports; `undefined` if it imports none. */
  readonly standardInterface: string | undefined;
  /** Upper estimate of the memory that its code takes in the engine, however many processes run it. */
  readonly codeBytes: number;
  start(host: ProcessHost, limits: ProcessLimits, options?: StartOptions): RunningProcess;
}
