/**
 * The faces of a component that is used without a node: functions in, functions out.
 * @module
 */
import type { ComponentPowers, MeteredModuleStore } from "../api.ts";
import type { ComponentLimits } from "../limits.ts";
import type { MemoryBudget } from "../memory-budget.ts";

/**
 * What a component imports: by name an interface (an object of functions and classes) or a function.
 * Interfaces may be named without their version, functions in camelCase. A function may return a promise: the component
 * waits. A resource of the host is a class, e.g. `{ Store: class { constructor(name) {…} get(key) {…} } }`; its objects
 * are what handles stand for, and `[Symbol.dispose]` of one is called when the component drops its last handle.
 */
export type ImportsObject = Readonly<Record<string, unknown>>;

/** A function a component exports. Calls run one after the other. */
export type ExportedFunction = (...args: unknown[]) => Promise<unknown>;

/**
 * What a component exports: functions, and interfaces of functions, under their names and in camelCase.
 * A resource is a class with an asynchronous `create` and its static functions.
 */
export interface ExportsObject {
  readonly [name: string]: ExportedFunction & ExportsObject;
}

export interface CompileOptions extends ComponentPowers {
  readonly limits?: Partial<ComponentLimits>;
  readonly meteredModules?: MeteredModuleStore;
  /** Memory that several components share. */
  readonly memory?: MemoryBudget;
  /** `imports`: WASI is given with the other imports instead of being what this package has. */
  readonly wasi?: "imports";
}

export interface InstanceLimits {
  /** Bytes of all its memories together; 64 MiB if not given. */
  readonly maxMemoryBytes?: number;
  /** Milliseconds of processor time over its life; none if not given. */
  readonly maxCpuMs?: number;
  /** Milliseconds it may compute before the event loop has its turn; 5 if not given. */
  readonly sliceMs?: number;
}

/** A name with its WIT type, e.g. `func(a: u32) -> string`. */
export interface FunctionDescription {
  /** `undefined` for a function outside any interface. */
  readonly interface: string | undefined;
  readonly name: string;
  readonly type: string;
}

/** `E`: what the caller knows of the exports; it is not checked. */
export interface ComponentInstance<E = ExportsObject> extends AsyncDisposable {
  readonly exports: E;
  /** Settles when nothing of it will run any more: after `close`, `kill` or a trap. Never rejects. */
  readonly ended: Promise<InstanceEnding>;
  /** Ends it at once when it waits, at its next fuel check when it computes. Pending calls reject. */
  kill(): void;
  /** Ends it after the calls made so far. */
  close(): Promise<void>;
  /** The newest text it wrote to its standard error, up to `limits.stderrBytes`. */
  stderr(): string;
  usage(): { readonly memoryBytes: number; readonly cpuMs: number };
}

export type InstanceEnding =
  | { readonly kind: "closed" | "killed" }
  | { readonly kind: "trapped"; readonly reason: string; readonly stderr: string };

/** A checked, metered and compiled component; any number of instances may be made of it. */
export interface CompiledComponent {
  readonly imports: readonly FunctionDescription[];
  readonly exports: readonly FunctionDescription[];
  /**
   * @throws {TypeError} an import is missing, or is no function
   * @throws {InstanceError} it trapped while it was made
   */
  instantiate<E = ExportsObject>(
    imports?: ImportsObject,
    limits?: InstanceLimits,
  ): Promise<ComponentInstance<E>>;
}
