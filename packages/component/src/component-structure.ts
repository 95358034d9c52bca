/**
 * The parts of a component that linking needs, in index spaces as the binary format counts them.
 * Source: Component Model, "Component Model Binary Format Explainer".
 * Not here: value types; values cross by the descriptors of the interfaces this node knows.
 * @module
 */

/** Core sorts as encoded. */
export const CORE_SORT = {
  func: 0,
  table: 1,
  memory: 2,
  global: 3,
  type: 0x10,
  module: 0x11,
  instance: 0x12,
};
/** Component-level sorts as encoded. */
export const SORT = { core: 0, func: 1, value: 2, type: 3, component: 4, instance: 5 };

export interface SortIndex {
  readonly sort: number;
  readonly coreSort: number;
  readonly index: number;
}

export type CoreModule =
  | { readonly kind: "bytes"; readonly start: number; readonly end: number }
  | { readonly kind: "other"; readonly what: string };

export type CoreInstance =
  | {
      readonly kind: "instantiate";
      readonly module: number;
      readonly args: ReadonlyMap<string, number>;
    }
  | { readonly kind: "exports"; readonly exports: ReadonlyMap<string, SortIndex> };

/** An item of a core index space: where it comes from. */
export type CoreItem =
  | { readonly kind: "core-export"; readonly instance: number; readonly name: string }
  | { readonly kind: "lower"; readonly func: number; readonly options: CanonOptions }
  | { readonly kind: "other"; readonly what: string };

export type ComponentFunc =
  | {
      readonly kind: "lift";
      readonly coreFunc: number;
      readonly options: CanonOptions;
      readonly type: number;
    }
  | { readonly kind: "import"; readonly name: string }
  | { readonly kind: "instance-export"; readonly instance: number; readonly name: string }
  | { readonly kind: "same-as"; readonly index: number }
  | { readonly kind: "other"; readonly what: string };

export type ComponentInstance =
  | { readonly kind: "import"; readonly name: string }
  | { readonly kind: "same-as"; readonly index: number }
  | { readonly kind: "other"; readonly what: string };

export interface CanonOptions {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly async: boolean;
}

export interface ComponentImport {
  readonly name: string;
  readonly kind: "module" | "func" | "value" | "type" | "component" | "instance";
}

export interface ComponentExport extends SortIndex {
  readonly name: string;
}

export interface ComponentStructure {
  readonly coreModules: readonly CoreModule[];
  readonly coreInstances: readonly CoreInstance[];
  readonly coreFuncs: readonly CoreItem[];
  readonly coreMemories: readonly CoreItem[];
  readonly funcs: readonly ComponentFunc[];
  readonly instances: readonly ComponentInstance[];
  /** How many components are nested inside. */
  readonly nestedComponents: number;
  readonly imports: readonly ComponentImport[];
  readonly exports: readonly ComponentExport[];
}
