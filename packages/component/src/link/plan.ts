/**
 * What linking a component comes to: core modules to instantiate in order, and the functions between them.
 * Made once per component, so that starting a process only carries it out.
 * @module
 */
import type { FunctionType } from "../canonical-abi/value-type.ts";
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { CoreModule } from "../core-module/core-module.ts";

/** Where a core function, memory, table, global or tag comes from. */
export type CoreSource =
  | { readonly kind: "export"; readonly step: number; readonly name: string }
  | { readonly kind: "lowering"; readonly index: number };

/** How values pass between a core function and its component. */
export interface LinkOptions {
  readonly memory: CoreSource | undefined;
  readonly realloc: CoreSource | undefined;
  readonly postReturn: CoreSource | undefined;
}

/** A core function seen as a function of its component. */
export interface LiftedFunc {
  readonly kind: "lifted";
  readonly type: FunctionType;
  readonly core: CoreSource;
  readonly options: LinkOptions;
  /** Number of the component instance it belongs to. */
  readonly instance: number;
}

/** A function that the component imports. */
export interface HostFunc {
  readonly kind: "host";
  readonly type: FunctionType;
  /** Name of the imported interface; `undefined` for a function imported directly. */
  readonly interface: string | undefined;
  readonly name: string;
}

export type LinkedFunc = LiftedFunc | HostFunc;

/** A core function that the node provides. */
export type Lowering =
  | {
      readonly kind: "func";
      readonly func: LinkedFunc;
      readonly options: LinkOptions;
      readonly instance: number;
    }
  | {
      readonly kind: "resource";
      readonly what: "new" | "drop" | "rep";
      readonly resource: ResourceType;
      readonly instance: number;
    };

/** One core module to instantiate. */
export interface LinkStep {
  /** Index in `modules`. */
  readonly module: number;
  /** One for each of its imports, in order. */
  readonly imports: readonly CoreSource[];
  readonly instance: number;
}

export interface LinkModule {
  readonly core: CoreModule;
  readonly start: number;
  readonly end: number;
}

/** A resource that a component of the program implements. */
export interface GuestResource {
  readonly destructor: CoreSource | undefined;
  readonly instance: number;
}

/** What a component exports that can be called. */
export interface LinkedInterface {
  readonly funcs: ReadonlyMap<string, LinkedFunc>;
  readonly instances: ReadonlyMap<string, LinkedInterface>;
  readonly resources: ReadonlyMap<string, ResourceType>;
}

export interface LinkPlan {
  readonly modules: readonly LinkModule[];
  readonly steps: readonly LinkStep[];
  readonly lowerings: readonly Lowering[];
  readonly lifts: readonly LiftedFunc[];
  readonly guestResources: ReadonlyMap<ResourceType, GuestResource>;
  /** How many component instances there are. */
  readonly instanceCount: number;
  readonly exports: LinkedInterface;
}
