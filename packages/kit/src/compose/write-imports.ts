/**
 * Writes imports with their types as sections of a component.
 * Source: Binary.md of the component model.
 * @module
 */
import { BinaryWriter } from "./binary.ts";
import { badComponent } from "./errors.ts";
import {
  eachNamedRef,
  FORM,
  type FunctionType,
  type InstanceExport,
  type NamedRef,
  SORT,
  typesOf,
  type ValueType,
} from "./import-types.ts";
import type { Imports } from "./merge-imports.ts";

/** Where the imports ended up: what the component's instantiations refer to. */
export interface WrittenImports {
  /** Import → its sort and index. */
  readonly items: ReadonlyMap<string, { readonly sort: number; readonly index: number }>;
  /** Instances so far; the next one gets this index. */
  readonly instanceCount: number;
  readonly typeCount: number;
}

/** Writes the sections of all imports, in their order. */
export function writeImports(out: BinaryWriter, imports: Imports): WrittenImports {
  return new ImportWriter(out).run(imports);
}

/** Types of one scope: definitions are appended to `declare`, equal ones are written once. */
class TypeScope {
  readonly #known = new Map<string, number>();
  readonly #define: (definition: BinaryWriter) => number;
  readonly #named: (ref: NamedRef) => number;

  constructor(define: (definition: BinaryWriter) => number, named: (ref: NamedRef) => number) {
    this.#define = define;
    this.#named = named;
  }

  /** Index of a type that gets a name: a definition of its own, since tools take one definition for one name. */
  nameable(type: ValueType): number {
    return type.kind === "named" ? this.#named(type) : this.#define(this.#definition(type));
  }

  func({ params, result }: FunctionType): number {
    const resultText = result && this.value(result);
    const definition = new BinaryWriter();
    const texts = params.map(([name, type]) => [name, this.value(type)] as const);
    definition.byte(FORM.func).u32(texts.length);
    for (const [name, text] of texts) definition.name(name).append(text);
    if (resultText === undefined) definition.byte(0x01, 0x00);
    else definition.byte(0x00).append(resultText);
    return this.#define(definition);
  }

  /** A use of a type: its code or its index. */
  value(type: ValueType): BinaryWriter {
    if (type.kind === "primitive") return new BinaryWriter().byte(type.code);
    return new BinaryWriter().valueIndex(
      type.kind === "named" ? this.#named(type) : this.#defined(type),
    );
  }

  #defined(type: ValueType): number {
    const key = JSON.stringify(type);
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#define(this.#definition(type));
      this.#known.set(key, index);
    }
    return index;
  }

  #definition(type: ValueType): BinaryWriter {
    const out = new BinaryWriter();
    const maybe = (one: ValueType | undefined): BinaryWriter =>
      one === undefined
        ? new BinaryWriter().byte(0x00)
        : new BinaryWriter().byte(0x01).append(this.value(one));
    switch (type.kind) {
      case "primitive":
        return out.byte(type.code);
      case "record":
        out.byte(FORM.record).u32(type.fields.length);
        for (const [name, field] of type.fields) out.name(name).append(this.value(field));
        return out;
      case "variant":
        out.byte(FORM.variant).u32(type.cases.length);
        for (const [name, one] of type.cases) out.name(name).append(maybe(one)).byte(0x00);
        return out;
      case "list":
        return out.byte(FORM.list).append(this.value(type.element));
      case "option":
        return out.byte(FORM.option).append(this.value(type.element));
      case "fixed-list":
        return out.byte(FORM.fixedList).append(this.value(type.element)).u32(type.length);
      case "tuple":
        out.byte(FORM.tuple).u32(type.elements.length);
        for (const element of type.elements) out.append(this.value(element));
        return out;
      case "flags":
      case "enum":
        out.byte(FORM[type.kind]).u32(type.names.length);
        for (const name of type.names) out.name(name);
        return out;
      case "result":
        return out.byte(FORM.result).append(maybe(type.ok)).append(maybe(type.err));
      case "own":
      case "borrow":
        return out.byte(FORM[type.kind]).u32(this.#named(type.resource));
      case "named":
        throw badComponent(0, "a named type has no definition of its own");
    }
  }
}

const SECTION = { alias: 6, type: 7, import: 10 } as const;

class ImportWriter {
  readonly #out: BinaryWriter;
  readonly #items = new Map<string, { sort: number; index: number }>();
  /** Named type → index in the component. */
  readonly #aliases = new Map<string, number>();
  #types = 0;
  #instances = 0;
  #functions = 0;

  constructor(out: BinaryWriter) {
    this.#out = out;
  }

  run(imports: Imports): WrittenImports {
    for (const [name, one] of imports) {
      if (one.kind === "func") this.#import(name, SORT.func, this.#functionType(one));
      else this.#import(name, SORT.instance, this.#instanceType(name, one.exports));
    }
    return { items: this.#items, instanceCount: this.#instances, typeCount: this.#types };
  }

  #import(name: string, sort: number, type: number): void {
    const content = new BinaryWriter().u32(1).externName(name).byte(sort).u32(type);
    this.#out.section(SECTION.import, content);
    const index = sort === SORT.func ? this.#functions++ : this.#instances++;
    this.#items.set(name, { sort, index });
  }

  #define(definition: BinaryWriter): number {
    this.#out.section(SECTION.type, new BinaryWriter().u32(1).append(definition));
    return this.#types++;
  }

  /** Index of a type that an import exports, in the component's own scope. */
  #alias(ref: NamedRef): number {
    const key = JSON.stringify([ref.from, ref.name]);
    const known = this.#aliases.get(key);
    if (known !== undefined) return known;
    const item = this.#items.get(ref.from);
    if (item === undefined) throw badComponent(0, `nothing provides the type "${ref.name}"`);
    const content = new BinaryWriter().u32(1).byte(SORT.type, 0x00).u32(item.index).name(ref.name);
    this.#out.section(SECTION.alias, content);
    this.#aliases.set(key, this.#types);
    return this.#types++;
  }

  #functionType(one: FunctionType): number {
    const scope = new TypeScope(
      (definition) => this.#define(definition),
      (ref) => this.#alias(ref),
    );
    return scope.func(one);
  }

  #instanceType(name: string, exports: ReadonlyMap<string, InstanceExport>): number {
    // Aliases in the component come before the type that refers to them.
    for (const type of [...exports.values()].flatMap(typesOf)) {
      eachNamedRef(type, (ref) => void (ref.from !== name && this.#alias(ref)));
    }
    const declarations = new BinaryWriter();
    let count = 0;
    let types = 0;
    const declare = (one: BinaryWriter): void => {
      declarations.append(one);
      count += 1;
    };
    const own = new Map<string, number>();
    const outer = new Map<number, number>();
    const named = (ref: NamedRef): number => {
      if (ref.from === name) {
        const index = own.get(ref.name);
        if (index === undefined) throw badComponent(0, `"${name}" uses "${ref.name}" too early`);
        return index;
      }
      const index = this.#alias(ref);
      const known = outer.get(index);
      if (known !== undefined) return known;
      // `alias outer 1 index`: from the component around this type.
      declare(new BinaryWriter().byte(0x02, SORT.type, 0x02).u32(1).u32(index));
      outer.set(index, types);
      return types++;
    };
    const scope = new TypeScope((definition) => {
      declare(new BinaryWriter().byte(0x01).append(definition));
      return types++;
    }, named);
    for (const [key, one] of exports) {
      const description = describe(scope, one);
      declare(new BinaryWriter().byte(0x04).externName(key).append(description));
      if (one.kind !== "func") own.set(key, types++);
    }
    return this.#define(new BinaryWriter().byte(FORM.instance).u32(count).append(declarations));
  }
}

/** `externdesc` of one export. */
function describe(scope: TypeScope, one: InstanceExport): BinaryWriter {
  switch (one.kind) {
    case "func":
      return new BinaryWriter().byte(SORT.func).u32(scope.func(one));
    case "resource":
      return new BinaryWriter().byte(SORT.type, 0x01);
    case "type":
      return new BinaryWriter().byte(SORT.type, 0x00).u32(scope.nameable(one.type));
  }
}
