/**
 * Reads what a core module declares: everything but the bodies of its functions.
 * Source: WebAssembly core specification 2.0, section 5.5 "Modules", and the exception handling proposal.
 * @module
 */
import { ByteReader } from "../byte-reader.ts";
import { ComponentError } from "../errors.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref" | "exnref";

export interface FuncType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export type ExternKind = "func" | "table" | "memory" | "global" | "tag";

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  /** Index of the type, for functions. */
  readonly type: number;
  /** Where its description lies in the bytes. */
  readonly start: number;
  readonly end: number;
}

export interface CoreExport {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

export interface CoreTable extends Limits {
  readonly element: ValueType;
}

export interface SectionRange {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface CoreModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly SectionRange[];
  readonly types: readonly FuncType[];
  readonly imports: readonly CoreImport[];
  /** Imported functions, in index order. */
  readonly importedFuncs: readonly CoreImport[];
  /** Types of all functions, imported ones first. */
  readonly funcTypes: readonly number[];
  readonly tables: readonly CoreTable[];
  readonly importedTableCount: number;
  readonly memories: readonly Limits[];
  /** Whether the one memory is another module's. */
  readonly importsMemory: boolean;
  readonly globalCount: number;
  readonly definedGlobalCount: number;
  readonly exports: readonly CoreExport[];
  readonly start: number | undefined;
}

/** Section ids in the order the format demands. */
const SECTION_ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
export const SECTION = {
  type: 1,
  import: 2,
  func: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
};

const VALUE_TYPES: ReadonlyMap<number, ValueType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
  [0x69, "exnref"],
]);
export const VALUE_TYPE_CODE: ReadonlyMap<ValueType, number> = new Map(
  [...VALUE_TYPES].map(([code, type]) => [type, code] as const),
);
/** Of 64 KiB each. */
const MAX_PAGES = 65_536;
const EXTERN_KINDS: readonly ExternKind[] = ["func", "table", "memory", "global", "tag"];

export function unsupported(feature: string): never {
  throw new ComponentError({ code: "component.unsupported", feature: `WebAssembly ${feature}` });
}

export function readValueType(reader: ByteReader): ValueType {
  const code = reader.byte();
  const type = VALUE_TYPES.get(code);
  if (type !== undefined) return type;
  if (code === 0x63 || code === 0x64 || (code >= 0x68 && code <= 0x74)) {
    return unsupported("typed references or garbage collection");
  }
  return reader.fail(`unknown value type 0x${code.toString(16)}`, reader.at - 1);
}

function readFuncTypes(reader: ByteReader): FuncType[] {
  const types: FuncType[] = [];
  for (let left = reader.count("types"); left > 0; left--) {
    const form = reader.byte();
    if (form === 0x4e || form === 0x4f || form === 0x50 || form === 0x5e || form === 0x5f)
      unsupported("garbage collection");
    if (form === 0x5d) unsupported("stack switching");
    if (form !== 0x60) reader.fail(`unknown form of type 0x${form.toString(16)}`, reader.at - 1);
    types.push({ params: readCoreTypes(reader), results: readCoreTypes(reader) });
  }
  return types;
}

/** A counted sequence of value types. */
export function readCoreTypes(reader: ByteReader): ValueType[] {
  const types: ValueType[] = [];
  for (let left = reader.count("values"); left > 0; left--) types.push(readValueType(reader));
  return types;
}

function readLimits(reader: ByteReader, what: string): Limits {
  const flags = reader.byte();
  if ((flags & 0x02) !== 0) unsupported("threads (shared memory)");
  if ((flags & 0x04) !== 0) unsupported(`64-bit ${what}`);
  if (flags > 1) unsupported(`custom page sizes`);
  const min = reader.u32();
  const max = flags === 1 ? reader.u32() : undefined;
  if (max !== undefined && max < min) reader.fail(`${what} of at least ${min} and at most ${max}`);
  return { min, max };
}

/** What the engine would check; it does not get to see the limits of memories as they are. */
function readMemory(reader: ByteReader): Limits {
  const limits = readLimits(reader, "memories");
  for (const pages of [limits.min, limits.max ?? 0])
    if (pages > MAX_PAGES) reader.fail(`a memory of ${pages} pages`);
  return limits;
}

function readTable(reader: ByteReader): CoreTable {
  if (reader.peek() === 0x40) unsupported("typed references (tables with initial values)");
  const element = readValueType(reader);
  return { element, ...readLimits(reader, "tables") };
}

/** Everything that grows while sections are read. */
interface Draft {
  types: FuncType[];
  imports: CoreImport[];
  funcTypes: number[];
  tables: CoreTable[];
  importedTableCount: number;
  memories: Limits[];
  importsMemory: boolean;
  globalCount: number;
  definedGlobalCount: number;
  exports: CoreExport[];
  start: number | undefined;
}

function readImports(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("imports"); left > 0; left--) {
    const module = reader.name();
    const name = reader.name();
    const start = reader.at;
    const kind = EXTERN_KINDS[reader.byte()];
    let type = -1;
    if (kind === "func") {
      type = reader.u32();
      if (type >= draft.types.length) reader.fail(`type ${type} does not exist`);
      draft.funcTypes.push(type);
    } else if (kind === "table") {
      draft.tables.push(readTable(reader));
      draft.importedTableCount++;
    } else if (kind === "memory") {
      draft.memories.push(readMemory(reader));
      draft.importsMemory = true;
    } else if (kind === "global") {
      readValueType(reader);
      reader.byte();
      draft.globalCount++;
    } else if (kind === "tag") {
      reader.byte();
      reader.u32();
    } else return reader.fail("unknown kind of import", start);
    draft.imports.push({ module, name, kind, type, start, end: reader.at });
  }
}

function readExports(reader: ByteReader, draft: Draft): void {
  for (let left = reader.count("exports"); left > 0; left--) {
    const name = reader.name();
    const kind = EXTERN_KINDS[reader.byte()];
    if (kind === undefined) return reader.fail("unknown kind of export", reader.at - 1);
    draft.exports.push({ name, kind, index: reader.u32() });
  }
}

function readSection(id: number, reader: ByteReader, draft: Draft): void {
  switch (id) {
    case SECTION.type:
      draft.types = readFuncTypes(reader);
      break;
    case SECTION.import:
      readImports(reader, draft);
      break;
    case SECTION.func:
      for (let left = reader.count("functions"); left > 0; left--) {
        const type = reader.u32();
        if (type >= draft.types.length) reader.fail(`type ${type} does not exist`);
        draft.funcTypes.push(type);
      }
      break;
    case SECTION.table:
      for (let left = reader.count("tables"); left > 0; left--)
        draft.tables.push(readTable(reader));
      break;
    case SECTION.memory:
      for (let left = reader.count("memories"); left > 0; left--)
        draft.memories.push(readMemory(reader));
      break;
    case SECTION.global:
      draft.definedGlobalCount = reader.count("globals");
      draft.globalCount += draft.definedGlobalCount;
      return; // initial values are walked when they are rewritten
    case SECTION.export:
      readExports(reader, draft);
      break;
    case SECTION.start:
      draft.start = reader.u32();
      if (draft.start >= draft.funcTypes.length)
        reader.fail(`function ${draft.start} does not exist`);
      break;
    default:
      return; // elements and code are read by the rewriting, data and tags are copied
  }
  reader.finish(`section ${id}`);
}

/**
 * Reads a core module's declarations. Offsets in errors count from the start of the component.
 * @throws {ComponentError} malformed, or a feature this node does not support
 */
export function readCoreModule(bytes: Uint8Array, start: number, end: number): CoreModule {
  const reader = new ByteReader(bytes, start, end);
  for (const expected of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) {
    if (reader.byte() !== expected)
      reader.fail("a core module does not start as one", reader.at - 1);
  }
  const draft: Draft = {
    types: [],
    imports: [],
    funcTypes: [],
    tables: [],
    importedTableCount: 0,
    memories: [],
    importsMemory: false,
    globalCount: 0,
    definedGlobalCount: 0,
    exports: [],
    start: undefined,
  };
  const sections: SectionRange[] = [];
  let lastPosition = -1;
  while (!reader.atEnd) {
    const at = reader.at;
    const { id, content } = reader.section();
    if (id === 0) continue; // names and producers would not match the rewritten module
    const position = SECTION_ORDER.indexOf(id);
    if (position < 0) reader.fail(`unknown section ${id}`, at);
    if (position <= lastPosition) reader.fail(`section ${id} out of order`, at);
    lastPosition = position;
    sections.push({ id, start: content.at, end: content.end });
    readSection(id, content, draft);
  }
  if (draft.memories.length > 1) unsupported("multiple memories");
  const importedFuncs = draft.imports.filter((item) => item.kind === "func");
  return { bytes, sections, importedFuncs, ...draft };
}
