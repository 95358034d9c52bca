/**
 * Uses of WIT types as TypeScript types, and as descriptions for `@kinode-ts/stdlib/api`.
 * @module
 */
import type { WitType } from "./ast.ts";
import { followAliases, type NamedType, type ResolvedInterface, typesIn } from "./resolve-wit.ts";
import { typeName, valueName } from "./typescript-names.ts";

const SCALARS: Readonly<Record<string, string>> = {
  bool: "boolean",
  char: "string",
  string: "string",
  s64: "$.Integer64",
  u64: "$.Integer64",
};

/** The TypeScript type of a use of a type in `scope`. */
export function typeText(scope: ResolvedInterface, type: WitType): string {
  switch (type.kind) {
    case "name":
      return typeName(type.name);
    case "borrow":
      return typeName(type.resource);
    case "list":
      if (isByte(scope, type.element)) return "Uint8Array";
      return `readonly ${grouped(typeText(scope, type.element))}[]`;
    case "option":
      return `${grouped(typeText(scope, type.element))} | undefined`;
    case "tuple":
      return `readonly [${type.elements.map((element) => typeText(scope, element)).join(", ")}]`;
    case "result": {
      const [ok, err] = [type.ok, type.err].map((side) =>
        side === undefined ? "undefined" : typeText(scope, side),
      );
      return `$.ApiResult<${ok}, ${err}>`;
    }
    default:
      return SCALARS[type.kind] ?? "number";
  }
}

function grouped(text: string): string {
  return /[ |]/.test(text) && !text.startsWith("$.") ? `(${text})` : text;
}

function isByte(scope: ResolvedInterface, type: WitType): boolean {
  return followAliases(scope, type).type.kind === "u8";
}

/** The expression that describes a use of a type in `scope`; only for types with a JSON form. */
export function valueText(scope: ResolvedInterface, type: WitType): string {
  const inner = (of: WitType): string => valueText(scope, of);
  switch (type.kind) {
    case "name":
      return valueName(type.name);
    case "borrow":
      throw new TypeError("a borrowed resource has no JSON form");
    case "list":
      return isByte(scope, type.element) ? "$.bytes" : `$.list(${inner(type.element)})`;
    case "option":
      return `$.option(${inner(type.element)})`;
    case "tuple":
      return `$.tuple(${type.elements.map(inner).join(", ")})`;
    case "result":
      return `$.result(${type.ok ? inner(type.ok) : "null"}, ${type.err ? inner(type.err) : "null"})`;
    default:
      return `$.${type.kind}`;
  }
}

/** Calls `visit` for every declared type that a use of a type names directly. */
export function eachNamed(
  scope: ResolvedInterface,
  type: WitType,
  visit: (named: NamedType) => void,
): void {
  switch (type.kind) {
    case "name":
      return visit(scope.names.get(type.name)!);
    case "borrow":
      return visit(scope.names.get(type.resource)!);
    case "list":
    case "option":
      return eachNamed(scope, type.element, visit);
    case "tuple":
      for (const element of type.elements) eachNamed(scope, element, visit);
      return;
    case "result":
      if (type.ok !== undefined) eachNamed(scope, type.ok, visit);
      if (type.err !== undefined) eachNamed(scope, type.err, visit);
      return;
    default:
      return;
  }
}

/** The flags or the resource because of which a type has no JSON form in Rust packages; `undefined`: it has one. */
export function withoutJson(scope: ResolvedInterface, type: WitType): NamedType | undefined {
  let found: NamedType | undefined;
  eachNamed(scope, type, (named) => {
    found ??= declarationWithoutJson(named);
  });
  return found;
}

/** The same for a declared type. */
export function declarationWithoutJson(named: NamedType): NamedType | undefined {
  const { owner, declaration } = named;
  const { kind } = declaration.shape;
  if (kind === "flags" || kind === "resource") return named;
  for (const type of typesIn(declaration)) {
    const found = withoutJson(owner, type);
    if (found !== undefined) return found;
  }
  return undefined;
}
