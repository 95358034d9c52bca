/**
 * Reads a component's binary form into its structure, strictly and in bounds.
 * Source: Component Model, "Component Model Binary Format Explainer" (binary version 0x0d, layer 1).
 * @module
 */
import { ByteReader } from "./byte-reader.ts";
import type { ComponentStructure } from "./component-structure.ts";
import { CORE_SORT, SORT } from "./component-structure.ts";
import { ComponentError } from "./errors.ts";
import type { ComponentLimits } from "./limits.ts";
import { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";
import { readAlias } from "./parser/read-aliases.ts";
import { readCanon } from "./parser/read-canons.ts";
import { readCoreType } from "./parser/read-core-types.ts";
import {
  declareExtern,
  readExternDescription,
  readExternName,
  readSortIndex,
} from "./parser/read-externs.ts";
import { readCoreInstance, readInstance } from "./parser/read-instances.ts";
import { readType } from "./parser/read-types.ts";
import { Budget, Spaces } from "./parser/spaces.ts";
import { unsupported } from "./parser/unsupported.ts";

const SECTION = {
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  start: 9,
  import: 10,
  export: 11,
};

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
  checkIsComponent(bytes);
  return readComponent(new ByteReader(bytes), new Spaces(new Budget(limits)));
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

function checkIsComponent(bytes: Uint8Array): void {
  if (!hasWasmMagic(bytes)) {
    throw new ComponentError({
      code: "component.not-a-component",
      what: "the file does not start with the WebAssembly magic bytes",
    });
  }
  if (bytes.length >= 8 && bytes[6] === 0 && bytes[7] === 0) {
    throw new ComponentError(
      { code: "component.not-a-component", what: "it is a core module, not a component" },
      { hint: "Wrap it with componentNew (jco) or wasm-tools component new" },
    );
  }
}

function readComponent(reader: ByteReader, spaces: Spaces): Spaces {
  readPreamble(reader);
  while (!reader.atEnd) {
    spaces.budget.charge(1);
    const { id, content } = reader.section();
    readSection(id, content, spaces);
  }
  return spaces;
}

function readPreamble(reader: ByteReader): void {
  for (const expected of [0, 0x61, 0x73, 0x6d]) {
    if (reader.byte() !== expected)
      reader.fail("a nested component does not start as one", reader.at - 1);
  }
  const version = reader.byte() | (reader.byte() << 8);
  const layer = reader.byte() | (reader.byte() << 8);
  if (layer !== 1 || version !== 0x0d) unsupported(`binary version ${version}, layer ${layer}`);
}

function readSection(id: number, reader: ByteReader, spaces: Spaces): void {
  const each = (what: string, read: (reader: ByteReader, spaces: Spaces) => void): void => {
    for (let left = spaces.budget.count(reader, what); left > 0; left--) read(reader, spaces);
  };
  switch (id) {
    case SECTION.custom:
      reader.name();
      return; // the rest of a custom section means nothing to us
    case SECTION.coreModule:
      spaces.add("coreModules", { kind: "bytes", start: reader.at, end: reader.end });
      return;
    case SECTION.component: {
      const structure = readComponent(reader, new Spaces(spaces.budget, spaces));
      spaces.add("components", { kind: "nested", structure });
      return;
    }
    case SECTION.coreInstance:
      each("core instances", readCoreInstance);
      break;
    case SECTION.coreType:
      each("core types", readCoreType);
      break;
    case SECTION.instance:
      each("instances", readInstance);
      break;
    case SECTION.alias:
      each("aliases", readAlias);
      break;
    case SECTION.type:
      each("types", readType);
      break;
    case SECTION.canon:
      each("canonical functions", readCanon);
      break;
    case SECTION.start:
      return unsupported("a component start function");
    case SECTION.import:
      each("imports", readImport);
      break;
    case SECTION.export:
      each("exports", readExport);
      break;
    default:
      return unsupported(`section ${id} of the component format`);
  }
  reader.finish(`the ${SECTION_NAME[id]}`);
}

function readImport(reader: ByteReader, spaces: Spaces): void {
  const name = readExternName(reader);
  const extern = readExternDescription(reader, spaces);
  spaces.noteImport(reader, { name, kind: extern.kind });
  declareExtern(spaces, name, extern);
}

function readExport(reader: ByteReader, spaces: Spaces): void {
  const name = readExternName(reader);
  const source = readSortIndex(reader, spaces);
  const described = reader.byte();
  if (described > 1) reader.fail("unknown form of export", reader.at - 1);
  if (described === 1) readExternDescription(reader, spaces);
  spaces.noteExport(reader, { name, ...source });
  const same = { kind: "same-as", index: source.index } as const;
  if (source.sort === SORT.func) spaces.add("funcs", same);
  else if (source.sort === SORT.type) spaces.add("types", same);
  else if (source.sort === SORT.component) spaces.add("components", same);
  else if (source.sort === SORT.instance) spaces.add("instances", same);
  else if (source.coreSort === CORE_SORT.module) spaces.add("coreModules", same);
  else reader.fail("a component exports something it cannot");
}
