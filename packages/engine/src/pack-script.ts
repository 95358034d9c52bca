/**
 * A script and the engine as one component for any node.
 * The engine imports `kinode:script/source`; packing puts a small component that exports it, with the script as its
 * data, in the place of that import. Nothing else of the engine changes, so no index shifts and no toolchain is needed.
 * Source: the binary format of the component model; packages/engine/engine/BUILD.md.
 * @module
 */
import { parseComponent } from "@kinode-ts/component";
import { ScriptError } from "./errors.ts";
import {
  COMPONENT_HEADER,
  concat,
  leb,
  listSection,
  MODULE_HEADER,
  named,
  section,
  u32,
} from "./pack/binary.ts";
import { exportSections, type Spaces } from "./pack/export-sections.ts";
import type { ExportedInterface } from "./pack/exported-interface.ts";
import { plainFunction } from "./pack/without-aliases.ts";

const SOURCE_INTERFACE = "kinode:script/source@0.1.0";
/** Name of the last section, which says where in the file the script lies. */
const MARK = "kinode:packed-script";
const SECTION = { custom: 0, component: 4, instance: 5, import: 10 } as const;
/** In the memory of the small component: `some`, address and length of the script, a `none`, then the script. */
const NONE_ADDRESS = 12;
const SCRIPT_ADDRESS = 16;
const PAGE_BYTES = 65_536;
/** wit-component puts it first. */
const MAIN_MODULE = 0;

const encoder = new TextEncoder();

/**
 * Core module: a memory with the script in it, `get`, which returns the address of `some(script)`, and `compiled`, which
 * returns that of `none`. After a `none` nobody calls `keep`, so that and the memory for its parameter trap.
 */
function scriptModule(script: Uint8Array): Uint8Array {
  const pages = Math.ceil((SCRIPT_ADDRESS + script.length) / PAGE_BYTES);
  const head = [1, 0, 0, 0, ...u32(SCRIPT_ADDRESS), ...u32(script.length), 0, 0, 0, 0];
  const exports = [
    [...named("memory"), 2, 0],
    [...named("get"), 0, 0],
    [...named("compiled"), 0, 1],
    [...named("keep"), 0, 2],
    [...named("realloc"), 0, 3],
  ];
  const constant = (value: number): number[] => [4, 0, 0x41, ...leb(value), 0x0b];
  const trap = [3, 0, 0x00, 0x0b];
  const i32 = 0x7f;
  return concat([
    MODULE_HEADER,
    listSection(1, [
      [0x60, 0, 1, i32],
      [0x60, 2, i32, i32, 0],
      [0x60, 4, i32, i32, i32, i32, 1, i32],
    ]),
    section(3, [4, 0, 0, 1, 2]),
    section(5, [1, 0, ...leb(pages)]),
    listSection(7, exports),
    listSection(10, [constant(0), constant(NONE_ADDRESS), trap, trap]),
    section(11, [1, 0, 0x41, 0, 0x0b, ...leb(head.length + script.length)], head, script),
  ]);
}

/** Component that exports the functions of `kinode:script/source`. */
function scriptComponent(script: Uint8Array): Uint8Array {
  const coreAlias = (sort: number, name: string): number[] => [0, sort, 1, 0, ...named(name)];
  const [func, memory] = [0, 2];
  return concat([
    COMPONENT_HEADER,
    section(1, scriptModule(script)),
    section(2, [1, 0, 0, 0]), // core instance 0: the module, without arguments
    listSection(6, [
      coreAlias(func, "get"),
      coreAlias(func, "compiled"),
      coreAlias(func, "keep"),
      coreAlias(func, "realloc"),
      coreAlias(memory, "memory"),
    ]),
    listSection(7, [
      [0x6b, 0x73], // 0: option<string>
      [0x40, 0, 0, 0], // 1: func() -> 0
      [0x70, 0x7d], // 2: list<u8>
      [0x6b, 2], // 3: option<2>
      [0x40, 0, 0, 3], // 4: func() -> 3
      [0x40, 1, ...named("code"), 2, 1, 0], // 5: func(code: 2)
    ]),
    listSection(8, [
      [0, 0, 0, 2, 0, 3, 0, 1], // lift core function 0: utf8, memory 0, type 1
      [0, 0, 1, 1, 3, 0, 4],
      [0, 0, 2, 2, 3, 0, 4, 3, 5], // with realloc, core function 3
    ]),
    listSection(11, [
      [0, ...named("get"), 1, 0, 0],
      [0, ...named("compiled"), 1, 1, 0],
      [0, ...named("keep"), 1, 2, 0],
    ]),
  ]);
}

interface Section {
  readonly id: number;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

function readSections(bytes: Uint8Array): Section[] {
  if (!COMPONENT_HEADER.every((byte, i) => bytes[i] === byte)) {
    throw new ScriptError({
      code: "script.not-an-engine",
      reason: "the engine is not a component",
    });
  }
  const sections: Section[] = [];
  for (let start = COMPONENT_HEADER.length; start < bytes.length;) {
    let at = start + 1;
    let size = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) * scale;
      if (byte < 128) break;
    }
    sections.push({ id: bytes[start]!, start, bodyStart: at, end: at + size });
    start = at + size;
  }
  return sections;
}

function isSourceImport(bytes: Uint8Array, { id, bodyStart }: Section): boolean {
  const begin = [1, 0, ...named(SOURCE_INTERFACE)];
  return id === SECTION.import && begin.every((byte, i) => bytes[bodyStart + i] === byte);
}

export interface PackOptions {
  /**
   * Interfaces the script implements with `kinode.exportInterface`, for components it is composed with. Such a file is
   * not run on the shared engine.
   */
  readonly exports?: readonly ExportedInterface[];
}

/**
 * Makes one component of the engine and a script; it needs nothing but `kinode:process/standard` and WASI.
 * @param script - JavaScript text, or its UTF-8
 * @throws {ScriptError} `script.not-an-engine`
 */
export function packScript(
  engine: Uint8Array,
  script: string | Uint8Array,
  { exports = [] }: PackOptions = {},
): Uint8Array {
  const text = typeof script === "string" ? encoder.encode(script) : script;
  if (exports.length === 0) {
    const { component, scriptEnd } = withSource(engine, text);
    const mark = section(SECTION.custom, named(MARK), u32(scriptEnd), u32(text.length));
    return concat([component, mark]);
  }
  const functions = exports.flatMap((each) =>
    each.functions.map((one) => ({ interface: each.name, ...plainFunction(one) })),
  );
  // Behind the script, so that its positions stay what they are.
  const description = `\n;kinode.describeExports(${JSON.stringify(JSON.stringify(functions))});`;
  const { component } = withSource(engine, concat([text, encoder.encode(description)]));
  return concat([component, ...exportSections(exports, spacesOf(component))]);
}

function withSource(
  engine: Uint8Array,
  text: Uint8Array,
): { readonly component: Uint8Array; readonly scriptEnd: number } {
  const sections = readSections(engine);
  const found = sections.find((item) => isSourceImport(engine, item));
  if (found === undefined) {
    const reason = `the engine does not import "${SOURCE_INTERFACE}" in a section of its own`;
    throw new ScriptError({ code: "script.not-an-engine", reason });
  }
  const before = sections.filter(
    ({ id, start }) => id === SECTION.component && start < found.start,
  );
  const source = section(SECTION.component, scriptComponent(text));
  // NOTE: a component defined here must not shift those defined later; the engine, made by wit-component, has none.
  const instance = section(SECTION.instance, [1, 0, ...leb(before.length), 0]);
  const head = engine.subarray(0, found.start);
  return {
    component: concat([head, source, instance, engine.subarray(found.end)]),
    scriptEnd: head.length + source.length,
  };
}

/** Where definitions that are added at the end begin to count. */
function spacesOf(component: Uint8Array): Spaces {
  const structure = parseComponent(component);
  const engine = structure.coreInstances.findIndex(
    (each) => each.kind === "instantiate" && each.module === MAIN_MODULE,
  );
  if (engine < 0) {
    const reason = "its main module is not the first";
    throw new ScriptError({ code: "script.not-an-engine", reason });
  }
  return {
    coreModules: structure.coreModules.length,
    coreInstances: structure.coreInstances.length,
    coreFuncs: structure.coreFuncs.length,
    coreMemories: structure.coreMemories.length,
    types: structure.types.length,
    components: structure.components.length,
    funcs: structure.funcs.length,
    instances: structure.instances.length,
    engine,
  };
}

/** Where `packScript` put the script: its last bytes lie before the export section of the small component. */
function scriptRange(bytes: Uint8Array): { start: number; end: number } | undefined {
  const tail = [...named(MARK)];
  const markStart = bytes.length - 8 - tail.length;
  if (markStart < 0 || !tail.every((byte, i) => bytes[markStart + i] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(bytes.length - 4, true);
  const afterScript = scriptComponent(new Uint8Array()).length - scriptModulePrefixLength();
  const end = view.getUint32(bytes.length - 8, true) - afterScript;
  return end - length >= 0 && end <= markStart ? { start: end - length, end } : undefined;
}

/** Bytes of an empty small component up to where its script begins. */
function scriptModulePrefixLength(): number {
  const empty = new Uint8Array();
  const module = scriptModule(empty);
  return COMPONENT_HEADER.length + section(1, module).length;
}

/** Whether a file claims to be a packed script; cheap. */
export function isPackedScript(bytes: Uint8Array): boolean {
  return scriptRange(bytes) !== undefined;
}

/**
 * The script of a component made by `packScript` with this very engine, else `undefined`.
 * Everything but the script is compared byte by byte: a file that only looks similar is not taken for one.
 */
export function unpackScript(engine: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  const range = scriptRange(bytes);
  if (range === undefined) return undefined;
  const script = bytes.slice(range.start, range.end);
  const again = packScript(engine, script);
  const same = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  return same ? script : undefined;
}
