/**
 * An interface that a script exports to components it is composed with: names and types as in its WIT, named types in place.
 * @module
 */

export type ExportedPrimitive =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

/** Types with a name are declared under it in the interface; equal names must be equal types. */
export type ExportedType =
  | { readonly kind: ExportedPrimitive }
  | { readonly kind: "list"; readonly element: ExportedType }
  | { readonly kind: "option"; readonly element: ExportedType }
  | {
      readonly kind: "result";
      readonly ok: ExportedType | undefined;
      readonly err: ExportedType | undefined;
    }
  | { readonly kind: "tuple"; readonly elements: readonly ExportedType[] }
  | { readonly kind: "record"; readonly name: string; readonly fields: readonly ExportedField[] }
  | { readonly kind: "variant"; readonly name: string; readonly cases: readonly ExportedCase[] }
  | { readonly kind: "enum"; readonly name: string; readonly cases: readonly string[] }
  /** At most 32. */
  | { readonly kind: "flags"; readonly name: string; readonly flags: readonly string[] }
  /** Another name for a type. Components look for it; scripts see the type. */
  | { readonly kind: "alias"; readonly name: string; readonly type: ExportedType };

export interface ExportedField {
  /** In kebab case; scripts see it in camel case. */
  readonly name: string;
  readonly type: ExportedType;
}

export interface ExportedCase {
  readonly name: string;
  readonly type: ExportedType | undefined;
}

export interface ExportedFunction {
  /** In kebab case; scripts implement it in camel case. */
  readonly name: string;
  readonly params: readonly ExportedField[];
  readonly result: ExportedType | undefined;
}

export interface ExportedInterface {
  /** Whole name, e.g. `notes:alice/api@1.0.0`. */
  readonly name: string;
  readonly functions: readonly ExportedFunction[];
}

/** What a type flattens to in the canonical ABI. */
export type FlatType = "i32" | "i64" | "f32" | "f64";

function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  const are32 = (a === "i32" || a === "f32") && (b === "i32" || b === "f32");
  return are32 ? "i32" : "i64";
}

function flattenCases(payloads: readonly (ExportedType | undefined)[]): FlatType[] {
  const joined: FlatType[] = [];
  for (const payload of payloads) {
    for (const [at, type] of (payload === undefined ? [] : flatten(payload)).entries()) {
      joined[at] = joined[at] === undefined ? type : join(joined[at], type);
    }
  }
  return ["i32", ...joined];
}

/** Source: canonical ABI, "Flattening". */
export function flatten(type: ExportedType): FlatType[] {
  switch (type.kind) {
    case "s64":
    case "u64":
      return ["i64"];
    case "f32":
    case "f64":
      return [type.kind];
    case "string":
    case "list":
      return ["i32", "i32"];
    case "option":
      return flattenCases([undefined, type.element]);
    case "result":
      return flattenCases([type.ok, type.err]);
    case "tuple":
      return type.elements.flatMap(flatten);
    case "record":
      return type.fields.flatMap((field) => flatten(field.type));
    case "variant":
      return flattenCases(type.cases.map((each) => each.type));
    default:
      return ["i32"];
  }
}
