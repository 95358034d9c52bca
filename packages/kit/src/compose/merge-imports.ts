/**
 * What two components import, as the imports of one: interfaces of one name become one interface with what either uses.
 * @module
 */
import { ComposeError, conflict } from "./errors.ts";
import {
  type ComponentImport,
  eachNamedRef,
  type InstanceExport,
  typesOf,
  type ValueType,
} from "./import-types.ts";

export type Imports = ReadonlyMap<string, ComponentImport>;

/**
 * The union of both, an import always after those whose types it uses.
 * @param linked - imports of the second that are satisfied by the first component: they are left out
 * @throws {ComposeError} `kit.import-conflict`
 */
export function mergeImports(
  first: Imports,
  second: Imports,
  linked: ReadonlySet<string>,
): Imports {
  const merged = new Map<string, ComponentImport>(first);
  for (const [name, one] of second) {
    if (linked.has(name)) continue;
    const without = withoutLinked(one, second, linked);
    const other = merged.get(name);
    merged.set(name, other === undefined ? without : mergeOne(name, other, without));
  }
  return inOrder(merged);
}

function mergeOne(name: string, a: ComponentImport, b: ComponentImport): ComponentImport {
  if (a.kind === "func" || b.kind === "func") {
    if (!same(a, b)) throw conflict(name, "one is a function of another type");
    return a;
  }
  const exports = new Map<string, InstanceExport>(a.exports);
  for (const [key, one] of b.exports) {
    const other = exports.get(key);
    if (other !== undefined && !same(other, one)) {
      throw conflict(name, `${JSON.stringify(key)} has two different types`);
    }
    exports.set(key, one);
  }
  return { kind: "instance", exports };
}

const same = (a: unknown, b: unknown): boolean =>
  JSON.stringify(plain(a)) === JSON.stringify(plain(b));

/** Maps do not show in JSON. */
function plain(value: unknown): unknown {
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}

/**
 * An import may use types of the interface that is linked: those types are then written out. A resource cannot be, since
 * the one of the first component is meant.
 */
function withoutLinked(
  one: ComponentImport,
  all: Imports,
  linked: ReadonlySet<string>,
): ComponentImport {
  const inline = (type: ValueType): ValueType => inlined(type, all, linked);
  const convert = <T extends InstanceExport>(from: T): T => {
    if (from.kind === "resource") return from;
    if (from.kind === "type") return { ...from, type: inline(from.type) };
    return {
      ...from,
      params: from.params.map(([name, type]) => [name, inline(type)] as const),
      result: from.result && inline(from.result),
    };
  };
  if (one.kind === "func") return convert(one);
  return {
    kind: "instance",
    exports: new Map([...one.exports].map(([name, each]) => [name, convert(each)])),
  };
}

function inlined(type: ValueType, all: Imports, linked: ReadonlySet<string>): ValueType {
  const inside = (one: ValueType): ValueType => inlined(one, all, linked);
  switch (type.kind) {
    case "named": {
      if (!linked.has(type.from)) return type;
      const from = all.get(type.from);
      const found = from?.kind === "instance" ? from.exports.get(type.name) : undefined;
      return found?.kind === "type" ? inside(found.type) : type;
    }
    case "own":
    case "borrow":
      if (!linked.has(type.resource.from)) return type;
      throw new ComposeError(
        {
          code: "kit.import-conflict",
          name: type.resource.from,
          reason: "another import uses its resource",
        },
        `The resource "${type.resource.name}" of "${type.resource.from}" is used by another import, which nothing provides`,
      );
    case "record":
      return { ...type, fields: type.fields.map(([name, each]) => [name, inside(each)] as const) };
    case "variant":
      return {
        ...type,
        cases: type.cases.map(([name, each]) => [name, each && inside(each)] as const),
      };
    case "list":
    case "option":
    case "fixed-list":
      return { ...type, element: inside(type.element) };
    case "tuple":
      return { ...type, elements: type.elements.map(inside) };
    case "result":
      return { ...type, ok: type.ok && inside(type.ok), err: type.err && inside(type.err) };
    case "primitive":
    case "flags":
    case "enum":
      return type;
  }
}

/** Imports after those whose types they use. */
function inOrder(imports: Imports): Imports {
  const done = new Map<string, ComponentImport>();
  const open = new Set<string>();
  const add = (name: string): void => {
    const one = imports.get(name);
    if (one === undefined || done.has(name)) return;
    if (open.has(name)) throw conflict(name, "its types depend on themselves");
    open.add(name);
    const parts: readonly InstanceExport[] =
      one.kind === "func" ? [one] : [...one.exports.values()];
    for (const type of parts.flatMap(typesOf)) {
      eachNamedRef(type, ({ from }) => {
        if (from !== name) add(from);
      });
    }
    open.delete(name);
    done.set(name, one);
  };
  for (const name of imports.keys()) add(name);
  return done;
}
