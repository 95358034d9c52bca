/**
 * A component as its binary form tells it: definitions in index spaces, in the order they came.
 * Every reference goes to a smaller index of its space or to an enclosing component, so nothing can be cyclic.
 * Source: Component Model, "Component Model Binary Format Explainer".
 * @module
 */
import type { PrimitiveName } from "./canonical-abi/value-type.ts";

/** Core sorts as encoded. */
export const CORE_SORT = {
  func: 0,
  table: 1,
  memory: 2,
  global: 3,
  tag: 4,
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

/** Something exported by an instance. */
export interface ExportOf {
  readonly instance: number;
  readonly name: string;
}

/** Something of an enclosing component: `depth` 1 is the next one out. */
export interface OuterItem {
  readonly kind: "outer";
  readonly depth: number;
  readonly index: number;
}

export interface SameAs {
  readonly kind: "same-as";
  readonly index: number;
}

export type InstanceExport = { readonly kind: "instance-export" } & ExportOf;

/** Imported, or in a type: said to be there. */
export interface DeclaredItem {
  readonly kind: "import";
  readonly name: string;
  /** Index of its type. */
  readonly type: number;
}

export type CoreModule =
  | { readonly kind: "bytes"; readonly start: number; readonly end: number }
  | { readonly kind: "import"; readonly name: string }
  | OuterItem
  | InstanceExport
  | SameAs;

export type CoreInstance =
  | {
      readonly kind: "instantiate";
      readonly module: number;
      readonly args: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: "exports";
      readonly exports: ReadonlyMap<string, { readonly coreSort: number; readonly index: number }>;
    };

/** A memory, table, global or tag: always exported by a core instance. */
export type CoreExport = { readonly kind: "core-export" } & ExportOf;

export type CoreFunc =
  | CoreExport
  | { readonly kind: "lower"; readonly func: number; readonly options: CanonOptions }
  | { readonly kind: "resource"; readonly what: "new" | "drop" | "rep"; readonly type: number };

export type ComponentFunc =
  | {
      readonly kind: "lift";
      readonly coreFunc: number;
      readonly options: CanonOptions;
      readonly type: number;
    }
  | DeclaredItem
  | InstanceExport
  | SameAs;

export type ComponentInstance =
  | {
      readonly kind: "instantiate";
      readonly component: number;
      readonly args: ReadonlyMap<string, SortIndex>;
    }
  | { readonly kind: "exports"; readonly exports: ReadonlyMap<string, SortIndex> }
  | DeclaredItem
  | InstanceExport
  | SameAs;

export type NestedComponent =
  | { readonly kind: "nested"; readonly structure: ComponentStructure }
  | DeclaredItem
  | OuterItem
  | InstanceExport
  | SameAs;

/** A value type in place: primitive by name, else by index. */
export type TypeRef = PrimitiveName | number;

export interface NamedRef {
  readonly name: string;
  readonly type: TypeRef;
}

export type TypeDefinition =
  | { readonly kind: "primitive"; readonly name: PrimitiveName }
  | { readonly kind: "record"; readonly fields: readonly NamedRef[] }
  | {
      readonly kind: "variant";
      readonly cases: readonly { readonly name: string; readonly type: TypeRef | undefined }[];
    }
  | { readonly kind: "list" | "option"; readonly type: TypeRef }
  | { readonly kind: "tuple"; readonly items: readonly TypeRef[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | {
      readonly kind: "result";
      readonly ok: TypeRef | undefined;
      readonly error: TypeRef | undefined;
    }
  | { readonly kind: "own" | "borrow"; readonly resource: number }
  | {
      readonly kind: "func";
      readonly params: readonly NamedRef[];
      readonly result: TypeRef | undefined;
    }
  | { readonly kind: "resource"; readonly destructor: number | undefined }
  | { readonly kind: "component" | "instance"; readonly scope: Scope };

export type TypeItem =
  | { readonly kind: "defined"; readonly definition: TypeDefinition }
  /** Imported, or in a type: said to be there. A resource of its own unless it equals a type. */
  | { readonly kind: "import"; readonly name: string; readonly equals: number | undefined }
  | OuterItem
  | InstanceExport
  | SameAs;

export interface CanonOptions {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly async: boolean;
}

export type ExternKind = "module" | "func" | "value" | "type" | "component" | "instance";

export interface ComponentImport {
  readonly name: string;
  readonly kind: ExternKind;
}

export interface ComponentExport extends SortIndex {
  readonly name: string;
}

/** The spaces whose definitions are carried out in order. */
export type SpaceName =
  | "coreModules"
  | "coreInstances"
  | "coreFuncs"
  | "coreTables"
  | "coreMemories"
  | "coreGlobals"
  | "coreTags"
  | "types"
  | "components"
  | "funcs"
  | "instances";

/** What a component and the type of one have in common. In a type, exports are declarations like imports. */
export interface Scope {
  readonly types: readonly TypeItem[];
  readonly funcs: readonly ComponentFunc[];
  readonly instances: readonly ComponentInstance[];
  readonly components: readonly NestedComponent[];
  readonly coreModules: readonly CoreModule[];
  readonly imports: readonly ComponentImport[];
  readonly exports: readonly ComponentExport[];
  /** The spaces of all definitions, in the order they came; each entry is the next of its space. */
  readonly order: readonly SpaceName[];
}

export interface ComponentStructure extends Scope {
  readonly coreInstances: readonly CoreInstance[];
  readonly coreFuncs: readonly CoreFunc[];
  readonly coreTables: readonly CoreExport[];
  readonly coreMemories: readonly CoreExport[];
  readonly coreGlobals: readonly CoreExport[];
  readonly coreTags: readonly CoreExport[];
}
