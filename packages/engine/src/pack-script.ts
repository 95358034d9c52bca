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
/** In the memory of the small component: `some`, address and length of the script, then the script. */
const SCRIPT_ADDRESS = 16;
const PAGE_BYTES = 65_536;
/** wit-component puts it first. */
const MAIN_MODULE = 0;

const encoder = new TextEncoder();

/** Core module: a memory with the script in it, and `get`, which returns the address of `some(script)`. */
function scriptModule(script: Uint8Array): Uint8Array {
  const pages = Math.ceil((SCRIPT_ADDRESS + script.length) / PAGE_BYTES);
  const head = [1, 0, 0, 0, ...u32(SCRIPT_ADDRESS), ...u32(script.length), 0, 0, 0, 0];
  return concat([
    MODULE_HEADER,
    section(1, [1, 0x60, 0, 1, 0x7f]),
    section(3, [1, 0]),
    section(5, [1, 0, ...leb(pages)]),
    section(7, [2, ...named("memory"), 2, 0, ...named("get"), 0, 0]),
    section(10, [1, 4, 0, 0x41, 0, 0x0b]),
    section(11, [1, 0, 0x41, 0, 0x0b, ...leb(head.length + script.length)], head, script),
  ]);
}

/** Component that exports `get: func() -> option<string>`. */
function scriptComponent(script: Uint8Array): Uint8Array {
  return concat([
    COMPONENT_HEADER,
    section(1, scriptModule(script)),
    section(2, [1, 0, 0, 0]), // core instance 0: the module, without arguments
    section(6, [2, 0, 0, 1, 0, ...named("get"), 0, 2, 1, 0, ...named("memory")]),
    section(7, [2, 0x6b, 0x73, 0x40, 0, 0, 0]), // option<string>; func() -> it
    section(8, [1, 0, 0, 0, 2, 0, 3, 0, 1]), // lift core function 0: utf8, memory 0, type 1
    section(11, [1, 0, ...named("get"), 1, 0, 0]),
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
