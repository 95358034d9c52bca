/**
 * The index spaces of a component while it is read.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type {
  ComponentExport,
  ComponentFunc,
  ComponentImport,
  ComponentInstance,
  ComponentStructure,
  CoreExport,
  CoreFunc,
  CoreInstance,
  CoreModule,
  NestedComponent,
  SpaceName,
  TypeItem,
} from "../component-structure.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import { ComponentError } from "../errors.ts";
import type { ComponentLimits } from "../limits.ts";

/** What all parts of one file count together. */
export class Budget {
  readonly limits: ComponentLimits;
  #items = 0;

  constructor(limits: ComponentLimits) {
    this.limits = limits;
  }

  /** Reads how many items follow; a false number is noticed before anything is allocated. */
  count(reader: ByteReader, what: string): number {
    const count = reader.count(what);
    this.charge(count);
    return count;
  }

  /** Sections count too: empty ones would cost time without end. */
  charge(count: number): void {
    this.#items += count;
    const bound = this.limits.maxComponentItems;
    if (this.#items <= bound) return;
    const fact = { what: "the number of items", value: this.#items, bound };
    throw new ComponentError({ code: "component.too-large", ...fact });
  }
}

type Items = {
  coreModules: CoreModule;
  coreInstances: CoreInstance;
  coreFuncs: CoreFunc;
  coreTables: CoreExport;
  coreMemories: CoreExport;
  coreGlobals: CoreExport;
  coreTags: CoreExport;
  types: TypeItem;
  components: NestedComponent;
  funcs: ComponentFunc;
  instances: ComponentInstance;
};

const CORE_SPACES: ReadonlyMap<number, SpaceName> = new Map([
  [CORE_SORT.func, "coreFuncs"],
  [CORE_SORT.table, "coreTables"],
  [CORE_SORT.memory, "coreMemories"],
  [CORE_SORT.global, "coreGlobals"],
  [CORE_SORT.tag, "coreTags"],
  [CORE_SORT.module, "coreModules"],
  [CORE_SORT.instance, "coreInstances"],
]);
const SPACES: ReadonlyMap<number, SpaceName> = new Map([
  [SORT.func, "funcs"],
  [SORT.type, "types"],
  [SORT.component, "components"],
  [SORT.instance, "instances"],
]);

export class Spaces implements ComponentStructure {
  readonly parent: Spaces | undefined;
  readonly budget: Budget;
  /** Components and types around this one, itself included. */
  readonly nesting: number;
  readonly coreModules: CoreModule[] = [];
  readonly coreInstances: CoreInstance[] = [];
  readonly coreFuncs: CoreFunc[] = [];
  readonly coreTables: CoreExport[] = [];
  readonly coreMemories: CoreExport[] = [];
  readonly coreGlobals: CoreExport[] = [];
  readonly coreTags: CoreExport[] = [];
  readonly types: TypeItem[] = [];
  readonly components: NestedComponent[] = [];
  readonly funcs: ComponentFunc[] = [];
  readonly instances: ComponentInstance[] = [];
  readonly imports: ComponentImport[] = [];
  readonly exports: ComponentExport[] = [];
  readonly order: SpaceName[] = [];
  readonly #importNames = new Set<string>();
  readonly #exportNames = new Set<string>();
  /** Core types are only counted: they describe modules from outside, which no node offers. */
  coreTypeCount = 0;

  constructor(budget: Budget, parent?: Spaces) {
    this.budget = budget;
    this.parent = parent;
    this.nesting = (parent?.nesting ?? 0) + 1;
    const bound = budget.limits.maxNesting;
    if (this.nesting > bound) {
      const fact = { what: "the depth of nested components and types", value: this.nesting, bound };
      throw new ComponentError({ code: "component.too-large", ...fact });
    }
  }

  add<S extends SpaceName>(space: S, item: Items[S]): void {
    (this[space] as Items[S][]).push(item);
    this.order.push(space);
  }

  /** The space of a sort; core types are in none. */
  spaceOf(sort: number, coreSort: number): SpaceName | undefined {
    return sort === SORT.core ? CORE_SPACES.get(coreSort) : SPACES.get(sort);
  }

  /** Fails unless the index exists by now. */
  check(reader: ByteReader, sort: number, coreSort: number, index: number): number {
    const space = this.spaceOf(sort, coreSort);
    const isCoreType = sort === SORT.core && coreSort === CORE_SORT.type;
    const count = isCoreType ? this.coreTypeCount : space === undefined ? 0 : this[space].length;
    if (index >= count) {
      const name = isCoreType ? "core type" : space === undefined ? "value" : SPACE_NAME[space];
      reader.fail(`${name} ${index} does not exist`);
    }
    return index;
  }

  index(reader: ByteReader, sort: number, coreSort = -1): number {
    return this.check(reader, sort, coreSort, reader.u32());
  }

  type(reader: ByteReader): number {
    return this.index(reader, SORT.type);
  }

  core(reader: ByteReader, coreSort: number): number {
    return this.index(reader, SORT.core, coreSort);
  }

  /** Fails if the name is taken. */
  noteImport(reader: ByteReader, item: ComponentImport): void {
    if (this.#importNames.has(item.name)) reader.fail("an import name occurs twice");
    this.#importNames.add(item.name);
    this.imports.push(item);
  }

  noteExport(reader: ByteReader, item: ComponentExport): void {
    if (this.#exportNames.has(item.name)) reader.fail("an export name occurs twice");
    this.#exportNames.add(item.name);
    this.exports.push(item);
  }

  /** The spaces `depth` levels out; 0 is this one. */
  outer(reader: ByteReader, depth: number): Spaces {
    if (depth === 0) return this;
    if (this.parent === undefined)
      return reader.fail("an outer alias reaches further out than there are components");
    return this.parent.outer(reader, depth - 1);
  }
}

const SPACE_NAME: Readonly<Record<SpaceName, string>> = {
  coreModules: "core module",
  coreInstances: "core instance",
  coreFuncs: "core function",
  coreTables: "table",
  coreMemories: "memory",
  coreGlobals: "global",
  coreTags: "tag",
  types: "type",
  components: "component",
  funcs: "function",
  instances: "instance",
};
