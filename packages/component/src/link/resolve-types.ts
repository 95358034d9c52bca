/**
 * Turns type definitions into types, aliases resolved.
 * @module
 */
import { ResourceType } from "../canonical-abi/resource-type.ts";
import type { FunctionType, ValueType } from "../canonical-abi/value-type.ts";
import type { TypeDefinition, TypeRef } from "../component-structure.ts";
import { ComponentError } from "../errors.ts";
import { invalid } from "./invalid.ts";
import type { Environment, StaticType, StaticValueType } from "./static-items.ts";

/** Parts of a type written out without sharing. Bounds what is built from it; real ones have some hundred. */
const MAX_TYPE_NODES = 2_000;
/** Types inside each other. Bounds recursion; real ones are 10 deep. */
const MAX_TYPE_DEPTH = 64;
const MAX_FLAGS = 256;

/** Name of a resource until it is exported under one. */
export const UNNAMED_RESOURCE = "resource";

/** Collects the parts of one type. */
class Parts {
  readonly #environment: Environment;
  nodes = 1;
  depth = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  at(ref: TypeRef): ValueType {
    if (typeof ref === "string") {
      this.#note(1, 1);
      return { kind: ref };
    }
    const type = this.#environment.types[ref]!;
    if (type.kind !== "value") return invalid(`type ${ref} is used as the type of a value`);
    this.#note(type.nodes, type.depth);
    return type.type;
  }

  optional(ref: TypeRef | undefined): ValueType | undefined {
    return ref === undefined ? undefined : this.at(ref);
  }

  #note(nodes: number, depth: number): void {
    this.nodes += nodes;
    this.depth = Math.max(this.depth, depth);
    if (this.nodes > MAX_TYPE_NODES) tooLarge("the size of a type", this.nodes, MAX_TYPE_NODES);
    if (this.depth >= MAX_TYPE_DEPTH)
      tooLarge("the depth of a type", this.depth + 1, MAX_TYPE_DEPTH);
  }

  resource(index: number): ResourceType {
    const type = this.#environment.types[index]!;
    return type.kind === "resource"
      ? type.resource
      : invalid(`type ${index} is used as a resource and is none`);
  }
}

function tooLarge(what: string, value: number, bound: number): never {
  throw new ComponentError({ code: "component.too-large", what, value, bound });
}

function atLeastOne<T>(items: readonly T[], what: string): readonly T[] {
  return items.length > 0 ? items : invalid(`a ${what} is empty`);
}

function valueType(definition: TypeDefinition, parts: Parts): ValueType {
  switch (definition.kind) {
    case "primitive":
      return { kind: definition.name };
    case "record":
      return {
        kind: "record",
        fields: atLeastOne(definition.fields, "record").map(({ name, type }) => ({
          name,
          type: parts.at(type),
        })),
      };
    case "variant":
      return {
        kind: "variant",
        cases: atLeastOne(definition.cases, "variant").map(({ name, type }) => ({
          name,
          type: parts.optional(type),
        })),
      };
    case "list":
      return { kind: "list", element: parts.at(definition.type) };
    case "option":
      return { kind: "option", type: parts.at(definition.type) };
    case "tuple":
      return {
        kind: "tuple",
        items: atLeastOne(definition.items, "tuple").map((item) => parts.at(item)),
      };
    case "enum":
    case "flags":
      if (definition.kind === "flags" && definition.names.length > MAX_FLAGS)
        tooLarge("the number of flags", definition.names.length, MAX_FLAGS);
      return { kind: definition.kind, names: atLeastOne(definition.names, definition.kind) };
    case "result":
      return {
        kind: "result",
        ok: parts.optional(definition.ok),
        error: parts.optional(definition.error),
      };
    case "own":
    case "borrow":
      return { kind: definition.kind, resource: parts.resource(definition.resource) };
    default:
      throw new TypeError(`"${definition.kind}" is no type of values`);
  }
}

/**
 * Resolves one definition in its environment.
 * @throws {ComponentError} it is put together of the wrong things, or is too large
 */
export function resolveType(definition: TypeDefinition, environment: Environment): StaticType {
  if (definition.kind === "component" || definition.kind === "instance")
    return { kind: definition.kind, scope: definition.scope, outer: environment };
  if (definition.kind === "resource") {
    const resource = new ResourceType(UNNAMED_RESOURCE, undefined, environment.instance);
    return { kind: "resource", resource };
  }
  const parts = new Parts(environment);
  if (definition.kind === "func") {
    const type: FunctionType = {
      params: definition.params.map(({ name, type: ref }) => ({ name, type: parts.at(ref) })),
      result: parts.optional(definition.result),
    };
    return { kind: "func", type };
  }
  const type = valueType(definition, parts);
  const resolved: StaticValueType = {
    kind: "value",
    type,
    nodes: parts.nodes,
    depth: parts.depth + 1,
  };
  return resolved;
}
