/**
 * Fits what is given to an import to what the import's type says.
 * Types decide nothing about safety here, as every value is checked when it crosses; they make errors early and clear.
 * @module
 */
import type { FunctionType } from "../canonical-abi/value-type.ts";
import { functionText, sameType } from "../canonical-abi/value-type.ts";
import type { Scope, TypeItem } from "../component-structure.ts";
import { quoted } from "../errors.ts";
import { invalid } from "./invalid.ts";
import { resolveType } from "./resolve-types.ts";
import { Environment } from "./static-items.ts";
import type { StaticInstance, StaticItem, StaticScope, StaticType } from "./static-items.ts";

type Sort = StaticItem["sort"];
type ItemOf<S extends Sort> = Extract<StaticItem, { readonly sort: S }>;

/** Where the members of an instance come from: from outside, or from another instance. */
export interface Provider {
  /** Name for error texts. */
  readonly name: string;
  func(name: string, type: FunctionType): ItemOf<"func">;
  resource(name: string): ItemOf<"type">;
  instance(name: string, type: StaticScope): ItemOf<"instance">;
  other(name: string, sort: "component" | "module"): StaticItem;
}

export function sameFunction(a: FunctionType, b: FunctionType): boolean {
  const same = (x: FunctionType["result"], y: FunctionType["result"]): boolean =>
    sameType(x, y, (left, right) => left === right);
  return (
    a.params.length === b.params.length &&
    a.params.every((param, i) => same(param.type, b.params[i]!.type)) &&
    same(a.result, b.result)
  );
}

/** Takes members out of an instance and checks them. */
export function instanceProvider(name: string, given: StaticInstance): Provider {
  const member = <S extends Sort>(key: string, sort: S): ItemOf<S> => {
    const item = given.exports.get(key);
    if (item?.sort === sort) return item as ItemOf<S>;
    const fact = item === undefined ? "lacks" : `has as ${item.sort} what should be a ${sort}:`;
    return invalid(`the instance given as ${quoted(name)} ${fact} ${quoted(key)}`);
  };
  return {
    name,
    func(key, type) {
      const item = member(key, "func");
      checkFunction(`${name}#${key}`, type, item.func.type);
      return item;
    },
    resource: (key) => member(key, "type"),
    instance(key, type) {
      const provider = instanceProvider(`${name}/${key}`, member(key, "instance").instance);
      return { sort: "instance", instance: declareInstance(type.scope, type.outer, provider) };
    },
    other: (key, sort) => member(key, sort),
  };
}

/** @throws {ComponentError} `component.invalid` with both types */
export function checkFunction(name: string, wanted: FunctionType, given: FunctionType): void {
  if (sameFunction(wanted, given)) return;
  invalid(`${quoted(name)} is ${functionText(given)} where ${functionText(wanted)} is wanted`);
}

/** Carries out the declarations of an instance type with members of the provider. */
export function declareInstance(
  scope: Scope,
  outer: Environment,
  provider: Provider,
): StaticInstance {
  const environment = new Environment(outer.instance, outer);
  const exports = new Map<string, StaticItem>();
  for (const space of scope.order) {
    environment.spend();
    if (space === "types") {
      const item = scope.types[environment.types.length]!;
      environment.types.push(declareType(item, environment, provider, exports));
    } else if (space === "funcs") {
      const item = scope.funcs[environment.funcs.length]!;
      if (item.kind !== "import") return invalid("a type aliases a function");
      const declared = environment.types[item.type]!;
      if (declared.kind !== "func")
        return invalid(`the function ${quoted(item.name)} has a type that is none of functions`);
      const given = provider.func(item.name, declared.type);
      environment.funcs.push(given.func);
      exports.set(item.name, given);
    } else if (space === "instances") {
      const item = scope.instances[environment.instances.length]!;
      const given = declaredInstance(item, environment, provider);
      environment.instances.push(given);
      if (item.kind === "import") exports.set(item.name, { sort: "instance", instance: given });
    } else if (space === "components") {
      const item = scope.components[environment.components.length]!;
      environment.components.push({ kind: "outside" });
      if (item.kind === "import") exports.set(item.name, provider.other(item.name, "component"));
    } else if (space === "coreModules") {
      const item = scope.coreModules[environment.coreModules.length]!;
      environment.coreModules.push({ kind: "outside" });
      if (item.kind === "import") exports.set(item.name, provider.other(item.name, "module"));
    }
  }
  return { exports };
}

function declaredInstance(
  item: Scope["instances"][number],
  environment: Environment,
  provider: Provider,
): StaticInstance {
  if (item.kind === "instance-export") {
    const found = environment.instances[item.instance]!.exports.get(item.name);
    return found?.sort === "instance"
      ? found.instance
      : invalid(`there is no instance ${quoted(item.name)} to alias`);
  }
  if (item.kind !== "import") return invalid("a type makes an instance");
  const type = environment.types[item.type]!;
  if (type.kind !== "instance")
    return invalid(`the instance ${quoted(item.name)} has a type that is none of instances`);
  return provider.instance(item.name, type).instance;
}

function declareType(
  item: TypeItem,
  environment: Environment,
  provider: Provider,
  exports: Map<string, StaticItem>,
): StaticType {
  if (item.kind === "defined") {
    return item.definition.kind === "resource"
      ? invalid("a type defines a resource")
      : resolveType(item.definition, environment);
  }
  if (item.kind === "outer") return environment.at(item.depth).types[item.index]!;
  if (item.kind === "same-as") return environment.types[item.index]!;
  if (item.kind === "instance-export") return aliasedType(environment, item.instance, item.name);
  const type =
    item.equals === undefined
      ? provider.resource(item.name)
      : ({ sort: "type", type: environment.types[item.equals]! } as const);
  exports.set(item.name, type);
  return type.type;
}

/** The type an instance exports. */
export function aliasedType(environment: Environment, instance: number, name: string): StaticType {
  const found = environment.instances[instance]!.exports.get(name);
  return found?.sort === "type" ? found.type : invalid(`there is no type ${quoted(name)} to alias`);
}
