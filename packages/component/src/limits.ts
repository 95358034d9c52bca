/**
 * Every limit the component executor sets against components, in one place.
 * @module
 */

export interface ComponentLimits {
  /** Bytes of a component file. Bounds parsing and compiling; the largest real ones (Python) have 21 MB. */
  readonly maxComponentBytes: number;
  /** Items of one kind inside a component (modules, instances, functions, …). Real ones have up to 600. */
  readonly maxComponentItems: number;
  /** Core modules, and components, instantiated for one process. Bounds a start; Python needs 91. */
  readonly maxCoreInstances: number;
  /** Components and their types inside each other. Bounds recursion; real ones nest 3 deep. */
  readonly maxNesting: number;
  /** Bytes of one string a guest passes. Decoding holds the thread: up to 0.5 ms here; real texts are far shorter. */
  readonly maxStringBytes: number;
  /** Bytes lifted out of a guest in one call: two lists may name the same guest bytes again and again. */
  readonly maxLiftedBytes: number;
  /** List elements lifted in one call, nested lists included. Bounds objects made in the node. */
  readonly maxLiftedElements: number;
  /** Handles of resources that one component instance may hold at a time. Bounds objects kept in the node. */
  readonly maxHandles: number;
  /**
   * Functions and loops of all core modules of a component together. The engine keeps about 500 bytes for each, a file of
   * 60 MB could have twenty million; real components have up to 30,000.
   */
  readonly maxCodeItems: number;
  /** Elements of all tables of one instance. Bounds `table.grow`. */
  readonly maxTableElements: number;
  /** Bytes of linear memory of all processes together, unless the executors are given a budget to share. */
  readonly maxTotalMemoryBytes: number;
  /**
   * Fuel for the start function of a module. Nothing there can be suspended, so it ends with a trap when used up:
   * about 0.1 s at the speed of the engine's interpreter. `_initialize` is not bound by it, it can be suspended.
   */
  readonly startFuel: number;
  /** Bytes kept of what a process writes to its standard error; the newest are kept (spec/kernel.md §7). */
  readonly stderrBytes: number;
  /** Programs kept ready without a live process. Bounds memory of compiled code. */
  readonly maxIdlePrograms: number;
  /** The same in bytes of memory their code takes, by an upper estimate: about ten times the size of a file. */
  readonly maxIdleCodeBytes: number;
  /** Memory that the code of all programs of an executor may take, those that run included. */
  readonly maxTotalCodeBytes: number;
}

export const DEFAULT_COMPONENT_LIMITS: ComponentLimits = {
  maxComponentBytes: 64 * 1024 * 1024,
  maxComponentItems: 65_536,
  maxCoreInstances: 256,
  maxNesting: 32,
  maxStringBytes: 1024 * 1024,
  maxLiftedBytes: 256 * 1024 * 1024,
  maxLiftedElements: 65_536,
  maxHandles: 65_536,
  maxCodeItems: 300_000,
  maxTableElements: 1_000_000,
  maxTotalMemoryBytes: 4 * 1024 * 1024 * 1024,
  startFuel: 2_000_000,
  stderrBytes: 5_000,
  maxIdlePrograms: 64,
  maxIdleCodeBytes: 512 * 1024 * 1024,
  maxTotalCodeBytes: 4 * 1024 * 1024 * 1024,
};
