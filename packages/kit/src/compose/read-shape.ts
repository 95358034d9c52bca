/**
 * Reads what a component imports, with types, and what it exports, by name. Its core modules are passed over.
 * Source: Binary.md of the component model.
 * @module
 */
import { BinaryReader } from "./binary.ts";
import { badComponent } from "./errors.ts";
import {
  type ComponentImport,
  type ComponentShape,
  FORM,
  type FunctionType,
  type InstanceExport,
  MAX_DEPTH,
  type NamedRef,
  SORT,
  type ValueType,
} from "./import-types.ts";
import { skipDeclarations, skipExternDescription, skipInstance } from "./skip-types.ts";

/** `\0asm`, version 13, layer 1. */
export const PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

const SECTION = { component: 4, instance: 5, alias: 6, type: 7, canon: 8, import: 10, export: 11 };

/** What a type index stands for. `opaque`: something no import here can need. */
type TypeEntry =
  | { readonly kind: "value"; readonly type: ValueType }
  | { readonly kind: "resource"; readonly ref: NamedRef | undefined }
  | FunctionType
  | {
      readonly kind: "instance";
      readonly build: (importName: string) => Map<string, InstanceExport>;
    }
  | { readonly kind: "opaque"; readonly what: string };

/** One scope of types: a component, or the inside of an instance type. */
interface Scope {
  readonly types: TypeEntry[];
  readonly outer: Scope | undefined;
}

/** An index space of instances: only imported ones have types that can be named. */
interface InstanceEntry {
  readonly importName: string | undefined;
  readonly exports: ReadonlyMap<string, InstanceExport> | undefined;
}

/** @throws {ComposeError} `kit.bad-component` */
export function readComponentShape(bytes: Uint8Array): ComponentShape {
  return new ShapeReader(bytes).run();
}

class ShapeReader {
  readonly #reader: BinaryReader;
  readonly #scope: Scope = { types: [], outer: undefined };
  readonly #instances: InstanceEntry[] = [];
  readonly #imports = new Map<string, ComponentImport>();
  readonly #exports = new Map<string, number>();
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new BinaryReader(bytes);
    const start = bytes.length < 8 ? new Uint8Array(0) : this.#reader.take(8);
    if (!PREAMBLE.every((byte, at) => start[at] === byte)) {
      throw badComponent(0, "this is not a component");
    }
  }

  run(): ComponentShape {
    while (!this.#reader.isDone) {
      const id = this.#reader.byte();
      const part = this.#reader.part(this.#reader.u32());
      this.#section(id, part);
    }
    return { imports: this.#imports, exports: this.#exports };
  }

  #section(id: number, part: BinaryReader): void {
    switch (id) {
      case SECTION.type:
        part.vector(() => this.#scope.types.push(this.#type(part, this.#scope)));
        return;
      case SECTION.import:
        part.vector(() => this.#import(part));
        return;
      case SECTION.alias:
        part.vector(() => this.#alias(part, this.#scope));
        return;
      case SECTION.instance:
        // Their contents are the component's own business, but they take indices.
        part.vector(() => {
          this.#instances.push({ importName: undefined, exports: undefined });
          skipInstance(part);
        });
        return;
      case SECTION.export:
        part.vector(() => this.#export(part));
        return;
      default:
        return;
    }
  }

  #import(part: BinaryReader): void {
    const name = part.externName();
    const at = part.offset;
    if (this.#imports.has(name))
      throw badComponent(at, `${JSON.stringify(name)} is imported twice`);
    const sort = part.byte();
    if (sort === SORT.instance) {
      const entry = this.#entry(this.#scope, part);
      if (entry.kind !== "instance")
        throw badComponent(at, "an instance import has no instance type");
      const exports = entry.build(name);
      this.#instances.push({ importName: name, exports });
      this.#imports.set(name, { kind: "instance", exports });
    } else if (sort === SORT.func) {
      const entry = this.#entry(this.#scope, part);
      if (entry.kind !== "func") throw badComponent(at, "a function import has no function type");
      this.#imports.set(name, entry);
    } else {
      throw badComponent(
        at,
        `the import ${JSON.stringify(name)} is neither an interface nor a function; move types of a world into an interface`,
      );
    }
  }

  #export(part: BinaryReader): void {
    const name = part.externName();
    const sort = part.byte();
    if (sort === 0x00)
      throw badComponent(part.offset, `${JSON.stringify(name)} exports a core item`);
    part.u32();
    if (part.byte() === 0x01) skipExternDescription(part);
    this.#exports.set(name, sort);
    // Exports take indices too.
    if (sort === SORT.instance) this.#instances.push({ importName: undefined, exports: undefined });
    if (sort === SORT.type) this.#scope.types.push({ kind: "opaque", what: "an exported type" });
  }

  #alias(part: BinaryReader, scope: Scope): void {
    const sort = part.byte();
    const coreSort = sort === 0x00 ? part.byte() : undefined;
    const target = part.byte();
    if (target === 0x00 || target === 0x01) {
      const instance = part.u32();
      const name = part.name();
      if (coreSort !== undefined || target === 0x01) return;
      if (scope !== this.#scope) throw badComponent(part.offset, "an import exports an instance");
      if (sort === SORT.instance) {
        this.#instances.push({ importName: undefined, exports: undefined });
      }
      if (sort === SORT.type) scope.types.push(this.#exportedType(instance, name, part.offset));
      return;
    }
    if (target !== 0x02) throw badComponent(part.offset, "an alias has an unknown target");
    const levels = part.u32();
    const index = part.u32();
    if (sort !== SORT.type) return;
    let from: Scope | undefined = scope;
    for (let level = 0; level < levels; level += 1) from = from?.outer;
    scope.types.push(from === undefined ? OUTSIDE : entryAt(from, index, part.offset));
  }

  #exportedType(instance: number, name: string, at: number): TypeEntry {
    const from = this.#instances[instance];
    if (from === undefined) throw badComponent(at, `there is no instance ${instance}`);
    if (from.importName === undefined)
      return { kind: "opaque", what: "a type of an inner instance" };
    const found = from.exports?.get(name);
    const ref: NamedRef = { kind: "named", from: from.importName, name };
    if (found?.kind === "resource") return { kind: "resource", ref };
    if (found?.kind === "type") {
      // another name for a resource of an import that came before
      const { type } = found;
      return type.kind === "named" && this.#isResource(type)
        ? { kind: "resource", ref: type }
        : { kind: "value", type: ref };
    }
    throw badComponent(
      at,
      `${JSON.stringify(from.importName)} exports no type ${JSON.stringify(name)}`,
    );
  }

  #isResource({ from, name }: NamedRef): boolean {
    const owner = this.#imports.get(from);
    return owner?.kind === "instance" && owner.exports.get(name)?.kind === "resource";
  }

  #entry(scope: Scope, part: BinaryReader): TypeEntry {
    return entryAt(scope, part.u32(), part.offset);
  }

  #type(part: BinaryReader, scope: Scope): TypeEntry {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw badComponent(part.offset, "types are nested too deep");
    const entry = this.#typeInside(part, scope);
    this.#depth -= 1;
    return entry;
  }

  #typeInside(part: BinaryReader, scope: Scope): TypeEntry {
    const code = part.byte();
    switch (code) {
      case FORM.func: {
        const params = part.vector(() => [part.name(), this.#value(part, scope)] as const);
        const form = part.byte();
        const result = form === 0x00 ? this.#value(part, scope) : undefined;
        if (form === 0x01 && part.u32() !== 0) {
          throw badComponent(part.offset, "functions with several results are not supported");
        }
        if (form > 0x01) throw badComponent(part.offset, "a function type has an unknown result");
        return { kind: "func", params, result };
      }
      case FORM.instance:
        return this.#instanceType(part, scope);
      case FORM.component:
        skipDeclarations(part, this.#depth);
        return { kind: "opaque", what: "a component type" };
      case FORM.resource:
        part.byte();
        if (part.byte() === 0x01) part.u32();
        return { kind: "resource", ref: undefined };
      default:
        return { kind: "value", type: this.#valueForm(code, part, scope) };
    }
  }

  /**
   * Instance types are read where they stand, but their named types are told apart by the import they are used for: so the
   * declarations are kept and run again for each.
   */
  #instanceType(part: BinaryReader, outer: Scope): TypeEntry {
    const start = part.offset;
    skipDeclarations(part, this.#depth);
    const end = part.offset;
    const known = outer.types.length;
    return {
      kind: "instance",
      build: (importName) =>
        this.#instanceExports(part.again(start, end), known, outer, importName),
    };
  }

  #instanceExports(part: BinaryReader, known: number, outer: Scope, importName: string) {
    const exports = new Map<string, InstanceExport>();
    const scope: Scope = {
      types: [],
      outer: { types: outer.types.slice(0, known), outer: outer.outer },
    };
    part.vector(() => {
      const form = part.byte();
      if (form === 0x01) scope.types.push(this.#type(part, scope));
      else if (form === 0x02) this.#alias(part, scope);
      else if (form === 0x04) this.#exportDeclaration(part, scope, importName, exports);
      else throw badComponent(part.offset, "an instance type has an unknown declaration");
    });
    return exports;
  }

  #exportDeclaration(
    part: BinaryReader,
    scope: Scope,
    importName: string,
    exports: Map<string, InstanceExport>,
  ): void {
    const name = part.externName();
    const at = part.offset;
    const sort = part.byte();
    const ref: NamedRef = { kind: "named", from: importName, name };
    if (sort === SORT.func) {
      const entry = this.#entry(scope, part);
      if (entry.kind !== "func")
        throw badComponent(at, "an exported function has no function type");
      exports.set(name, entry);
    } else if (sort === SORT.type) {
      const isFresh = part.byte() === 0x01;
      const entry = isFresh ? undefined : this.#entry(scope, part);
      if (entry === undefined) {
        exports.set(name, { kind: "resource" });
        scope.types.push({ kind: "resource", ref });
      } else if (entry.kind === "resource") {
        // Another name for a resource: the name it had first is the one that counts.
        if (entry.ref === undefined)
          throw badComponent(at, "a resource is defined inside an import");
        exports.set(name, { kind: "type", type: entry.ref });
        scope.types.push(entry);
      } else if (entry.kind === "value") {
        exports.set(name, { kind: "type", type: entry.type });
        scope.types.push({ kind: "value", type: ref });
      } else {
        throw badComponent(at, `${JSON.stringify(name)} is not a type of values`);
      }
    } else {
      throw badComponent(at, `${JSON.stringify(name)} is neither a function nor a type`);
    }
  }

  #value(part: BinaryReader, scope: Scope): ValueType {
    const code = part.peek();
    if (code >= FORM.string && code <= 0x7f) return { kind: "primitive", code: part.byte() };
    const at = part.offset;
    const entry = this.#entry(scope, part);
    if (entry.kind === "value") return entry.type;
    if (entry.kind === "opaque") return OWN_TYPE;
    throw badComponent(at, `a value has the type of ${describe(entry)}`);
  }

  #valueForm(code: number, part: BinaryReader, scope: Scope): ValueType {
    const value = (): ValueType => this.#value(part, scope);
    const maybe = (): ValueType | undefined => (part.byte() === 0x01 ? value() : undefined);
    if (code >= FORM.string && code <= 0x7f) return { kind: "primitive", code };
    switch (code) {
      case FORM.record:
        return { kind: "record", fields: part.vector(() => [part.name(), value()] as const) };
      case FORM.variant:
        return {
          kind: "variant",
          cases: part.vector(() => {
            const one = [part.name(), maybe()] as const;
            if (part.byte() !== 0x00) throw badComponent(part.offset, "a case refines another");
            return one;
          }),
        };
      case FORM.list:
        return { kind: "list", element: value() };
      case FORM.fixedList:
        return { kind: "fixed-list", element: value(), length: part.u32() };
      case FORM.tuple:
        return { kind: "tuple", elements: part.vector(value) };
      case FORM.flags:
        return { kind: "flags", names: part.vector(() => part.name()) };
      case FORM.enum:
        return { kind: "enum", names: part.vector(() => part.name()) };
      case FORM.option:
        return { kind: "option", element: value() };
      case FORM.result:
        return { kind: "result", ok: maybe(), err: maybe() };
      case FORM.own:
      case FORM.borrow: {
        const entry = this.#entry(scope, part);
        if (entry.kind !== "resource" && entry.kind !== "opaque") {
          throw badComponent(part.offset, `a handle is to ${describe(entry)}`);
        }
        const resource = (entry.kind === "resource" ? entry.ref : undefined) ?? OWN_TYPE;
        return { kind: code === FORM.own ? "own" : "borrow", resource };
      }
      default:
        throw badComponent(part.offset, `the type 0x${code.toString(16)} is not supported`);
    }
  }
}

/** A type that the component makes itself: its exports may use it, imports cannot. */
const OWN_TYPE: NamedRef = { kind: "named", from: "", name: "a type of the component itself" };
const OUTSIDE: TypeEntry = { kind: "opaque", what: "something outside of the component" };

function entryAt(scope: Scope, index: number, at: number): TypeEntry {
  const entry = scope.types[index];
  if (entry === undefined) throw badComponent(at, `there is no type ${index}`);
  return entry;
}

function describe(entry: TypeEntry): string {
  return entry.kind === "opaque" ? entry.what : `a ${entry.kind}`;
}
