/**
 * Types without names that only mean another type: what values look like. Separate from the types, which are part of the
 * engine's own code.
 * @module
 */
import type { ExportedFunction, ExportedType } from "./exported-interface.ts";

/** The function, its types without aliases. */
export function plainFunction<F extends ExportedFunction>(one: F): F {
  return {
    ...one,
    params: one.params.map((param) => ({ ...param, type: withoutAliases(param.type) })),
    result: one.result && withoutAliases(one.result),
  };
}

function withoutAliases(type: ExportedType): ExportedType {
  const optional = (of: ExportedType | undefined): ExportedType | undefined =>
    of && withoutAliases(of);
  switch (type.kind) {
    case "alias":
      return withoutAliases(type.type);
    case "list":
    case "option":
      return { ...type, element: withoutAliases(type.element) };
    case "result":
      return { ...type, ok: optional(type.ok), err: optional(type.err) };
    case "tuple":
      return { ...type, elements: type.elements.map(withoutAliases) };
    case "record":
      return {
        ...type,
        fields: type.fields.map((field) => ({ ...field, type: withoutAliases(field.type) })),
      };
    case "variant":
      return {
        ...type,
        cases: type.cases.map((each) => ({ ...each, type: optional(each.type) })),
      };
    default:
      return type;
  }
}
