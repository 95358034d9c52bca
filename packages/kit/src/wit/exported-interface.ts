/**
 * A WIT interface as the packer of scripts takes it: every named type in place, under the name it has in the interface.
 * @module
 */
import type { ExportedField, ExportedInterface, ExportedType } from "@kinode-ts/engine";
import type { WitField, WitPosition, WitType } from "./ast.ts";
import { WitError } from "./errors.ts";
import type { ResolvedInterface } from "./resolve-wit.ts";

/** @throws {WitError} it speaks of resources, which scripts cannot export */
export function exportedInterface(scope: ResolvedInterface): ExportedInterface {
  return {
    name: scope.id,
    functions: scope.functions.map(({ name, params, result }) => ({
      name,
      params: fields(scope, params),
      result: result && exportedType(scope, result),
    })),
  };
}

function fields(scope: ResolvedInterface, all: readonly WitField[]): ExportedField[] {
  return all.map(({ name, type }) => ({ name, type: exportedType(scope, type) }));
}

function optional(scope: ResolvedInterface, type: WitType | undefined): ExportedType | undefined {
  return type && exportedType(scope, type);
}

function exportedType(scope: ResolvedInterface, type: WitType): ExportedType {
  switch (type.kind) {
    case "list":
    case "option":
      return { kind: type.kind, element: exportedType(scope, type.element) };
    case "tuple":
      return { kind: "tuple", elements: type.elements.map((each) => exportedType(scope, each)) };
    case "result":
      return { kind: "result", ok: optional(scope, type.ok), err: optional(scope, type.err) };
    case "name":
      return namedType(scope, type.name, type.at);
    case "borrow":
      return refuse(scope, type.resource, type.at);
    default:
      return { kind: type.kind };
  }
}

function namedType(scope: ResolvedInterface, name: string, at: WitPosition): ExportedType {
  const { owner, declaration } = scope.names.get(name)!; // resolving has found every name
  const { shape } = declaration;
  switch (shape.kind) {
    case "record":
      return { kind: "record", name, fields: fields(owner, shape.fields) };
    case "variant":
      return {
        kind: "variant",
        name,
        cases: shape.cases.map((each) => ({ name: each.name, type: optional(owner, each.type) })),
      };
    case "enum":
      return { kind: "enum", name, cases: shape.cases.map((each) => each.name) };
    case "flags":
      return { kind: "flags", name, flags: shape.flags.map((each) => each.name) };
    case "alias":
      return exportedType(owner, shape.type);
    case "resource":
      return refuse(scope, name, at);
  }
}

function refuse(scope: ResolvedInterface, name: string, at: WitPosition): never {
  throw new WitError(
    scope.file,
    at,
    `a script cannot export functions with the resource "${name}"`,
    "Give the thing a number or a name, and functions that take it",
  );
}
