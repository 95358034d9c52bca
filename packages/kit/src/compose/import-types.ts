/**
 * The types of what a component imports, as trees without indices: a named type is told by the import that exports it.
 * So two components' imports of one interface can be compared and put together.
 * @module
 */

/** Binary codes of the forms of types. */
export const FORM = {
  string: 0x73,
  record: 0x72,
  variant: 0x71,
  list: 0x70,
  tuple: 0x6f,
  flags: 0x6e,
  enum: 0x6d,
  option: 0x6b,
  result: 0x6a,
  own: 0x69,
  borrow: 0x68,
  fixedList: 0x67,
  func: 0x40,
  component: 0x41,
  instance: 0x42,
  resource: 0x3f,
} as const;

/** How deep types may be nested. */
export const MAX_DEPTH = 32;

export type ValueType =
  /** The byte of a type without parts, from `string` to `bool`. */
  | { readonly kind: "primitive"; readonly code: number }
  | {
      readonly kind: "record";
      readonly fields: readonly (readonly [name: string, type: ValueType])[];
    }
  | {
      readonly kind: "variant";
      readonly cases: readonly (readonly [name: string, type: ValueType | undefined])[];
    }
  | { readonly kind: "list" | "option"; readonly element: ValueType }
  | { readonly kind: "fixed-list"; readonly element: ValueType; readonly length: number }
  | { readonly kind: "tuple"; readonly elements: readonly ValueType[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | {
      readonly kind: "result";
      readonly ok: ValueType | undefined;
      readonly err: ValueType | undefined;
    }
  | { readonly kind: "own" | "borrow"; readonly resource: NamedRef }
  | NamedRef;

/** The type `name` that the import `from` exports. */
export interface NamedRef {
  readonly kind: "named";
  readonly from: string;
  readonly name: string;
}

export interface FunctionType {
  readonly kind: "func";
  readonly params: readonly (readonly [name: string, type: ValueType])[];
  readonly result: ValueType | undefined;
}

/** What an imported instance exports. */
export type InstanceExport =
  | { readonly kind: "type"; readonly type: ValueType }
  | { readonly kind: "resource" }
  | FunctionType;

/** One import of a component. */
export type ComponentImport =
  /** By name; types stand before what uses them. */
  | { readonly kind: "instance"; readonly exports: ReadonlyMap<string, InstanceExport> }
  | FunctionType;

/** Code of the sort of an export: what index space it is in. */
export const SORT = {
  func: 0x01,
  value: 0x02,
  type: 0x03,
  component: 0x04,
  instance: 0x05,
} as const;

export interface ComponentShape {
  /** In the order of the component: a later one may use types of an earlier one. */
  readonly imports: ReadonlyMap<string, ComponentImport>;
  /** Name → sort. */
  readonly exports: ReadonlyMap<string, number>;
}

/** Calls `visit` for every named type in a tree. */
export function eachNamedRef(type: ValueType, visit: (ref: NamedRef) => void): void {
  const inside = (one: ValueType | undefined): void => {
    if (one !== undefined) eachNamedRef(one, visit);
  };
  switch (type.kind) {
    case "named":
      return visit(type);
    case "own":
    case "borrow":
      return visit(type.resource);
    case "record":
      for (const [, field] of type.fields) inside(field);
      return;
    case "variant":
      for (const [, one] of type.cases) inside(one);
      return;
    case "list":
    case "option":
    case "fixed-list":
      return inside(type.element);
    case "tuple":
      for (const element of type.elements) inside(element);
      return;
    case "result":
      inside(type.ok);
      inside(type.err);
      return;
    case "primitive":
    case "flags":
    case "enum":
      return;
  }
}

/** The types a function or an export mentions. */
export function typesOf(one: InstanceExport): readonly ValueType[] {
  if (one.kind === "type") return [one.type];
  if (one.kind === "resource") return [];
  const types = one.params.map(([, type]) => type);
  return one.result === undefined ? types : [...types, one.result];
}
