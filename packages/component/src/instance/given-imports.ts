/**
 * Finds among what a caller gives the functions a component imports.
 * @module
 */
import type { HostFunction, ProvidedInterfaces } from "../api.ts";
import { camelCase } from "../canonical-abi/value-type.ts";
import { quoted } from "../errors.ts";
import type { HostFunc } from "../link/plan.ts";
import type { ImportsObject } from "./library-api.ts";

type Anything = Readonly<Record<string, unknown>>;
type Call = (...args: unknown[]) => unknown;

const RESOURCE_FUNCTION = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/s;

const isObject = (value: unknown): value is Anything =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** A member under its name in WIT or in camelCase; never one that every object has. */
function member(object: unknown, name: string): unknown {
  if (!isObject(object)) return undefined;
  for (const key of [name, camelCase(name)]) {
    if (key in object && !(key in Object.prototype)) return object[key];
  }
  return undefined;
}

/** `key-value` → `KeyValue` */
export function className(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** @returns `undefined` if it is not there */
function resourceFunction(given: unknown, name: string): Call | undefined {
  const [, kind, resource = "", method = ""] = RESOURCE_FUNCTION.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const made = member(given, className(resource));
  if (typeof made !== "function") return undefined;
  if (kind === "constructor")
    return (...args) => Reflect.construct(made as new (...args: unknown[]) => object, args);
  const owner = kind === "static" ? made : (made as { prototype?: unknown }).prototype;
  const func = member(owner, method);
  if (typeof func !== "function") return undefined;
  if (kind === "static") return (...args) => Reflect.apply(func as Call, made, args);
  return (self, ...args) => Reflect.apply(member(self, method) as Call, self, args);
}

function find(imports: ImportsObject, func: HostFunc): Call | undefined {
  const { interface: interfaceName, name } = func;
  let given: unknown = imports;
  if (interfaceName !== undefined) {
    given = member(imports, interfaceName) ?? member(imports, interfaceName.replace(/@.*$/s, ""));
  }
  const found = member(given, name);
  if (typeof found === "function") return (...args) => Reflect.apply(found as Call, given, args);
  return resourceFunction(given, name);
}

/**
 * The functions of all imports, by interface and name.
 * @throws {TypeError} naming every import that is not there
 */
export function givenImports(
  imports: ImportsObject,
  funcs: readonly HostFunc[],
): ProvidedInterfaces {
  const provided: Record<string, Record<string, HostFunction>> = Object.create(null);
  const missing: string[] = [];
  for (const func of funcs) {
    const { interface: interfaceName = "", name } = func;
    const found = find(imports, func);
    if (found === undefined) {
      missing.push(
        interfaceName === "" ? quoted(name) : `${quoted(interfaceName)} ${quoted(name)}`,
      );
      continue;
    }
    const group = (provided[interfaceName] ??= Object.create(null) as Record<string, HostFunction>);
    group[name] = found as HostFunction;
  }
  if (missing.length > 0) {
    throw new TypeError(
      `The component imports functions that were not given: ${missing.join(", ")}`,
    );
  }
  return provided;
}
