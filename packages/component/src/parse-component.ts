/**
 * Reads a component's binary form into its structure, strictly and in bounds.
 * Source: Component Model, "Component Model Binary Format Explainer" (binary version 0x0d, layer 1).
 * @module
 */
import { ByteReader } from "./byte-reader.ts";
import type {
  CanonOptions,
  ComponentExport,
  ComponentFunc,
  ComponentImport,
  ComponentInstance,
  ComponentStructure,
  CoreInstance,
  CoreItem,
  CoreModule,
  SortIndex,
} from "./component-structure.ts";
import { CORE_SORT, SORT } from "./component-structure.ts";
import { ComponentError } from "./errors.ts";
import type { ComponentLimits } from "./limits.ts";
import { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";

const SECTION_NAME = [
  "custom section",
  "core module",
  "core instance section",
  "core type section",
  "nested component",
  "instance section",
  "alias section",
  "type section",
  "canon section",
  "start section",
  "import section",
  "export section",
] as const;

/** The index spaces while they grow. */
class Spaces {
  readonly coreModules: CoreModule[] = [];
  readonly coreInstances: CoreInstance[] = [];
  readonly coreFuncs: CoreItem[] = [];
  readonly coreMemories: CoreItem[] = [];
  readonly funcs: ComponentFunc[] = [];
  readonly instances: ComponentInstance[] = [];
  readonly imports: ComponentImport[] = [];
  readonly exports: ComponentExport[] = [];
  nestedComponents = 0;
  #items = 0;
  readonly #maxItems: number;

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  count(reader: ByteReader, what: string): number {
    const count = reader.count(what);
    this.#items += count;
    if (this.#items > this.#maxItems) {
      const bound = this.#maxItems;
      throw new ComponentError({
        code: "component.too-large",
        what: "the number of items",
        value: this.#items,
        bound,
      });
    }
    return count;
  }

  addCore(coreSort: number, item: CoreItem): void {
    if (coreSort === CORE_SORT.func) this.coreFuncs.push(item);
    else if (coreSort === CORE_SORT.memory) this.coreMemories.push(item);
    else if (coreSort === CORE_SORT.module)
      this.coreModules.push({ kind: "other", what: "a module from outside" });
  }
}

/**
 * Parses the bytes of a component.
 * @throws {ComponentError} `component.malformed`, `component.not-a-component`, `component.unsupported`, `component.too-large`
 */
export function parseComponent(
  bytes: Uint8Array,
  limits: ComponentLimits = DEFAULT_COMPONENT_LIMITS,
): ComponentStructure {
  if (bytes.length > limits.maxComponentBytes) {
    throw new ComponentError({
      code: "component.too-large",
      what: "its size in bytes",
      value: bytes.length,
      bound: limits.maxComponentBytes,
    });
  }
  readPreamble(bytes);
  const reader = new ByteReader(bytes, 8);
  const spaces = new Spaces(limits.maxComponentItems);
  while (!reader.atEnd) {
    const { id, content } = reader.section();
    readSection(id, content, spaces);
  }
  return spaces;
}

/** Whether bytes start like any WebAssembly binary. */
export function hasWasmMagic(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    bytes[0] === 0 &&
    bytes[1] === 0x61 &&
    bytes[2] === 0x73 &&
    bytes[3] === 0x6d
  );
}

function readPreamble(bytes: Uint8Array): void {
  if (!hasWasmMagic(bytes)) {
    throw new ComponentError({
      code: "component.not-a-component",
      what: "the file does not start with the WebAssembly magic bytes",
    });
  }
  if (bytes.length < 8)
    throw new ComponentError({
      code: "component.malformed",
      what: "unexpected end",
      offset: bytes.length,
    });
  const version = bytes[4]! | (bytes[5]! << 8);
  const layer = bytes[6]! | (bytes[7]! << 8);
  if (layer === 0) {
    throw new ComponentError(
      { code: "component.not-a-component", what: "it is a core module, not a component" },
      { hint: "Wrap it with componentNew (jco) or wasm-tools component new" },
    );
  }
  if (layer !== 1 || version !== 0x0d) {
    throw new ComponentError({
      code: "component.unsupported",
      feature: `binary version ${version}, layer ${layer}`,
    });
  }
}

function readSection(id: number, reader: ByteReader, spaces: Spaces): void {
  switch (id) {
    case 0:
      reader.name();
      return; // the rest of a custom section means nothing to us
    case 1:
      spaces.coreModules.push({ kind: "bytes", start: reader.at, end: reader.end });
      return;
    case 2:
      readCoreInstances(reader, spaces);
      break;
    case 3:
    case 7:
      spaces.count(reader, "types");
      return; // value types are known from the interfaces, not from here
    case 4:
      spaces.nestedComponents++;
      return;
    case 5:
      readInstances(reader, spaces);
      break;
    case 6:
      readAliases(reader, spaces);
      break;
    case 8:
      readCanons(reader, spaces);
      break;
    case 9:
      throw new ComponentError({
        code: "component.unsupported",
        feature: "a component start function",
      });
    case 10:
      readImports(reader, spaces);
      break;
    case 11:
      readExports(reader, spaces);
      break;
    default:
      throw new ComponentError({
        code: "component.unsupported",
        feature: `section ${id} of the component format`,
      });
  }
  reader.finish(`the ${SECTION_NAME[id]}`);
}

function readSortIndex(reader: ByteReader): SortIndex {
  const sort = reader.byte();
  if (sort > SORT.instance) reader.fail(`unknown sort ${sort}`, reader.at - 1);
  const coreSort = sort === SORT.core ? reader.byte() : -1;
  return { sort, coreSort, index: reader.u32() };
}

/** Import and export names carry a form byte; form 2 has options behind the name. */
function readExternName(reader: ByteReader): string {
  const form = reader.byte();
  if (form > 2) reader.fail(`unknown form of name ${form}`, reader.at - 1);
  const name = reader.name();
  if (form === 2) {
    for (let left = reader.count("name options"); left > 0; left--) {
      reader.byte();
      reader.name();
    }
  }
  return name;
}

function readCoreInstances(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "core instances"); left > 0; left--) {
    const kind = reader.byte();
    if (kind === 0) {
      const module = reader.u32();
      if (module >= spaces.coreModules.length) reader.fail(`core module ${module} does not exist`);
      const args = new Map<string, number>();
      for (let i = spaces.count(reader, "arguments"); i > 0; i--) {
        const name = reader.name();
        if (reader.byte() !== CORE_SORT.instance)
          reader.fail("an argument is no instance", reader.at - 1);
        const instance = reader.u32();
        if (instance >= spaces.coreInstances.length)
          reader.fail(`core instance ${instance} does not exist`);
        args.set(name, instance);
      }
      spaces.coreInstances.push({ kind: "instantiate", module, args });
    } else if (kind === 1) {
      const exports = new Map<string, SortIndex>();
      for (let i = spaces.count(reader, "exports"); i > 0; i--) {
        const name = reader.name();
        exports.set(name, { sort: SORT.core, coreSort: reader.byte(), index: reader.u32() });
      }
      spaces.coreInstances.push({ kind: "exports", exports });
    } else reader.fail(`unknown form of core instance ${kind}`, reader.at - 1);
  }
}

function readInstances(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "instances"); left > 0; left--) {
    const kind = reader.byte();
    if (kind > 1) reader.fail(`unknown form of instance ${kind}`, reader.at - 1);
    if (kind === 0) reader.u32();
    for (let i = spaces.count(reader, "arguments"); i > 0; i--) {
      if (kind === 0) reader.name();
      else readExternName(reader);
      readSortIndex(reader);
    }
    const what =
      kind === 0 ? "an instance of a nested component" : "an instance put together inside";
    spaces.instances.push({ kind: "other", what });
  }
}

function readAliases(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "aliases"); left > 0; left--) {
    const sort = reader.byte();
    if (sort > SORT.instance) reader.fail(`unknown sort ${sort}`, reader.at - 1);
    const coreSort = sort === SORT.core ? reader.byte() : -1;
    const target = reader.byte();
    if (target === 2) {
      reader.u32();
      reader.u32();
      addAlias(spaces, sort, coreSort, undefined);
      continue;
    }
    if (target > 2) reader.fail(`unknown alias target ${target}`, reader.at - 1);
    const instance = reader.u32();
    const bound = target === 1 ? spaces.coreInstances.length : spaces.instances.length;
    if (instance >= bound) reader.fail(`instance ${instance} does not exist`);
    addAlias(spaces, sort, coreSort, { instance, name: reader.name() });
  }
}

function addAlias(
  spaces: Spaces,
  sort: number,
  coreSort: number,
  source: { readonly instance: number; readonly name: string } | undefined,
): void {
  if (sort === SORT.core) {
    spaces.addCore(
      coreSort,
      source === undefined
        ? { kind: "other", what: "an outer alias" }
        : { kind: "core-export", ...source },
    );
  } else if (sort === SORT.func) {
    spaces.funcs.push(
      source === undefined
        ? { kind: "other", what: "an outer alias" }
        : { kind: "instance-export", ...source },
    );
  } else if (sort === SORT.instance) {
    spaces.instances.push({ kind: "other", what: "an instance inside an instance" });
  } else if (sort === SORT.component) spaces.nestedComponents++;
}

function readCanonOptions(reader: ByteReader, spaces: Spaces): CanonOptions {
  let encoding: CanonOptions["encoding"] = "utf8";
  let memory: number | undefined;
  let realloc: number | undefined;
  let postReturn: number | undefined;
  let isAsync = false;
  for (let left = spaces.count(reader, "options"); left > 0; left--) {
    const option = reader.byte();
    if (option === 0) encoding = "utf8";
    else if (option === 1) encoding = "utf16";
    else if (option === 2) encoding = "latin1+utf16";
    else if (option === 3) memory = reader.u32();
    else if (option === 4) realloc = reader.u32();
    else if (option === 5) postReturn = reader.u32();
    else if (option === 6) isAsync = true;
    else if (option === 7) reader.u32();
    else reader.fail(`unknown canonical option ${option}`, reader.at - 1);
  }
  return { encoding, memory, realloc, postReturn, async: isAsync };
}

function readCanons(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "canonical functions"); left > 0; left--) {
    const kind = reader.byte();
    if (kind === 0 || kind === 1) {
      if (reader.byte() !== 0) reader.fail("unknown canonical form", reader.at - 1);
      const func = reader.u32();
      const bound = kind === 0 ? spaces.coreFuncs.length : spaces.funcs.length;
      if (func >= bound) reader.fail(`function ${func} does not exist`);
      const options = readCanonOptions(reader, spaces);
      if (kind === 0)
        spaces.funcs.push({ kind: "lift", coreFunc: func, options, type: reader.u32() });
      else spaces.coreFuncs.push({ kind: "lower", func, options });
    } else if (kind >= 2 && kind <= 4) {
      reader.u32();
      spaces.coreFuncs.push({ kind: "other", what: "a resource function" });
    } else {
      throw new ComponentError({
        code: "component.unsupported",
        feature: `canonical function ${kind} (asynchronous components)`,
      });
    }
  }
}

const IMPORT_KINDS = ["module", "func", "value", "type", "component", "instance"] as const;

/** Reads an extern description; returns its kind. */
function readExternDescription(reader: ByteReader): ComponentImport["kind"] {
  const at = reader.at;
  const kind = IMPORT_KINDS[reader.byte()];
  if (kind === undefined) return reader.fail("unknown kind of import", at);
  if (kind === "module" && reader.byte() !== 0x11)
    reader.fail("unknown kind of core import", reader.at - 1);
  if (kind === "value")
    throw new ComponentError({
      code: "component.unsupported",
      feature: "imported or exported values",
    });
  if (kind === "type") {
    const bound = reader.byte();
    if (bound > 1) reader.fail("unknown type bound", reader.at - 1);
    if (bound === 1) return kind;
  }
  reader.u32();
  return kind;
}

function readImports(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "imports"); left > 0; left--) {
    const name = readExternName(reader);
    const kind = readExternDescription(reader);
    spaces.imports.push({ name, kind });
    if (kind === "func") spaces.funcs.push({ kind: "import", name });
    else if (kind === "instance") spaces.instances.push({ kind: "import", name });
    else if (kind === "module")
      spaces.coreModules.push({ kind: "other", what: `the imported module "${name}"` });
    else if (kind === "component") spaces.nestedComponents++;
  }
}

function readExports(reader: ByteReader, spaces: Spaces): void {
  for (let left = spaces.count(reader, "exports"); left > 0; left--) {
    const name = readExternName(reader);
    const source = readSortIndex(reader);
    const described = reader.byte();
    if (described > 1) reader.fail("unknown form of export", reader.at - 1);
    if (described === 1) readExternDescription(reader);
    spaces.exports.push({ name, ...source });
    if (source.sort === SORT.func) {
      if (source.index >= spaces.funcs.length)
        reader.fail(`function ${source.index} does not exist`);
      spaces.funcs.push({ kind: "same-as", index: source.index });
    } else if (source.sort === SORT.instance) {
      if (source.index >= spaces.instances.length)
        reader.fail(`instance ${source.index} does not exist`);
      spaces.instances.push({ kind: "same-as", index: source.index });
    } else if (source.sort === SORT.component) spaces.nestedComponents++;
  }
}
