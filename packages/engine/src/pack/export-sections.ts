/**
 * The sections that make a packed script export interfaces: an adapter module on the engine's instance, lifted functions,
 * and a small component that gives the types their names.
 * Source: Component Model, "Binary Format"; made as wit-component makes exported interfaces.
 * @module
 */
import { adapterModule } from "./adapter-module.ts";
import { COMPONENT_HEADER, concat, leb, listSection, named, type Part, section } from "./binary.ts";
import type { ExportedFunction, ExportedInterface } from "./exported-interface.ts";
import { type NamedType, TypeWriter } from "./type-writer.ts";

/** How many definitions the component has already, and where the engine is in it. */
export interface Spaces {
  readonly coreModules: number;
  readonly coreInstances: number;
  readonly coreFuncs: number;
  readonly coreMemories: number;
  readonly types: number;
  readonly components: number;
  readonly funcs: number;
  readonly instances: number;
  /** Core instance of the engine's main module. */
  readonly engine: number;
}

const SECTION = {
  coreModule: 1,
  coreInstance: 2,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  import: 10,
  export: 11,
} as const;
const SORT = { func: 1, type: 3, instance: 5 } as const;

const externName = (name: string): number[] => [0, ...named(name)];
const coreExport = (sort: number, instance: number, name: string): number[] => [
  0,
  sort,
  1,
  ...leb(instance),
  ...named(name),
];

/** Types that have names, each after those it is made of. */
function namedTypes(functions: readonly ExportedFunction[]): NamedType[] {
  const found: NamedType[] = [];
  const writer = new TypeWriter(0, (type, index) => {
    found.push(type);
    return index;
  });
  for (const each of functions) writer.functionType(each);
  return found;
}

/** Takes functions and types by import, and exports them under their names. */
function namingComponent({ functions }: ExportedInterface): Uint8Array {
  const parts: Part[] = [COMPONENT_HEADER];
  const flush = (writer: TypeWriter): void => {
    const types = writer.take();
    if (types.length > 0) parts.push(listSection(SECTION.type, types));
  };
  const imports = new TypeWriter(0, (type, index) => {
    flush(imports);
    // the bound "eq" of a type: 3 0
    const item = [...externName(`import-type-${type.name}`), 3, 0, ...leb(index)];
    parts.push(listSection(SECTION.import, [item]));
    return imports.skip();
  });
  for (const each of functions) {
    const type = imports.functionType(each);
    flush(imports);
    parts.push(
      listSection(SECTION.import, [
        [...externName(`import-func-${each.name}`), SORT.func, ...leb(type)],
      ]),
    );
  }
  // An exported type is a new one: the exported functions speak of those.
  const exports = new TypeWriter(imports.next, (type, index) => {
    flush(exports);
    parts.push(
      listSection(SECTION.export, [[...externName(type.name), SORT.type, ...leb(index), 0]]),
    );
    return exports.skip();
  });
  for (const [number, each] of functions.entries()) {
    // imported functions have the first numbers
    const type = exports.functionType(each);
    flush(exports);
    parts.push(
      listSection(SECTION.export, [
        [...externName(each.name), SORT.func, ...leb(number), 1, SORT.func, ...leb(type)],
      ]),
    );
  }
  return concat(parts);
}

/** Sections to put behind those of a component; they change none of its indices. */
export function exportSections(interfaces: readonly ExportedInterface[], spaces: Spaces): Part[] {
  const functions = interfaces.flatMap((each) => each.functions);
  const adapter = spaces.coreInstances;
  const parts: Part[] = [
    section(SECTION.coreModule, adapterModule(functions)),
    listSection(SECTION.coreInstance, [
      [0, ...leb(spaces.coreModules), 1, ...named("engine"), 0x12, ...leb(spaces.engine)],
    ]),
    listSection(SECTION.alias, [
      coreExport(2, spaces.engine, "memory"),
      coreExport(0, spaces.engine, "cabi_realloc"),
      ...functions.map((_, number) => coreExport(0, adapter, String(number))),
    ]),
  ];
  const types = new TypeWriter(spaces.types);
  const lifted = functions.map((each) => types.functionType(each));
  const named_ = interfaces.map((each) =>
    namedTypes(each.functions).map((type) => ({ name: type.name, index: types.typeIndex(type) })),
  );
  parts.push(listSection(SECTION.type, types.take()));
  const options = [3, 0, 3, ...leb(spaces.coreMemories), 4, ...leb(spaces.coreFuncs)];
  parts.push(
    listSection(
      SECTION.canon,
      lifted.map((type, number) => {
        return [0, 0, ...leb(spaces.coreFuncs + 1 + number), ...options, ...leb(type)];
      }),
    ),
  );
  let func = spaces.funcs;
  for (const [number, each] of interfaces.entries()) {
    const args = [
      ...named_[number]!.map(({ name, index }) => [
        ...named(`import-type-${name}`),
        SORT.type,
        ...leb(index),
      ]),
      ...each.functions.map(({ name }) => [
        ...named(`import-func-${name}`),
        SORT.func,
        ...leb(func++),
      ]),
    ];
    parts.push(
      section(SECTION.component, namingComponent(each)),
      listSection(SECTION.instance, [
        [0, ...leb(spaces.components + number), ...leb(args.length), ...args.flat()],
      ]),
      listSection(SECTION.export, [
        [...externName(each.name), SORT.instance, ...leb(instanceIndex(spaces, number)), 0],
      ]),
    );
  }
  return parts;
}

/** An export is one more in its space, so each interface takes two numbers. */
function instanceIndex({ instances }: Spaces, number: number): number {
  return instances + number * 2;
}
