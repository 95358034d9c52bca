/**
 * Turns a core module that has run into one that starts where it stopped: its memory becomes its data.
 * Only for modules whose other state is unchanged after the run: no table or global may differ (the stack pointer returns).
 * @module
 */

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

const HEADER = 8;
const PAGE_BYTES = 65_536;
/** Zeros shorter than this stay inside a segment: a new segment costs about as much. */
const MAX_GAP_BYTES = 16;
const SECTION = {
  imports: 2,
  memory: 5,
  exports: 7,
  start: 8,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of an address below 2^31, as `i32.const` wants it. */
function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if (rest === 0 && (low & 0x40) === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function readLeb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  let next = at;
  for (;;) {
    const byte = bytes[next++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next };
    scale *= 128;
  }
}

function readSections(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = HEADER; at < module.length;) {
    const { value: size, next } = readLeb(module, at + 1);
    sections.push({ id: module[at]!, body: module.subarray(next, next + size) });
    at = next + size;
  }
  return sections;
}

function join(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The runs of `memory` that are not zero, as `[start, end)`. */
function nonZeroRuns(memory: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  let start = -1;
  let lastSet = -1;
  for (let at = 0; at < memory.length; at++) {
    if (memory[at] === 0) continue;
    if (start < 0) start = at;
    else if (at - lastSet > MAX_GAP_BYTES) {
      runs.push([start, lastSet + 1]);
      start = at;
    }
    lastSet = at;
  }
  if (start >= 0) runs.push([start, lastSet + 1]);
  return runs;
}

/** The passive bytes as segment 0, then the memory. */
function dataSection(memory: Uint8Array, passive: Uint8Array): Uint8Array {
  const runs = nonZeroRuns(memory);
  const parts: (Uint8Array | number[])[] = [leb(runs.length + 1)];
  parts.push([1, ...leb(passive.length)], passive);
  for (const [start, end] of runs) {
    parts.push(
      [0, 0x41, ...signedLeb(start), 0x0b, ...leb(end - start)],
      memory.subarray(start, end),
    );
  }
  return join(parts);
}

function exportSection(body: Uint8Array, dropped: readonly string[]): Uint8Array {
  const entries: Uint8Array[] = [];
  let { value: count, next: at } = readLeb(body, 0);
  for (; count > 0; count--) {
    const start = at;
    const name = readLeb(body, at);
    const nameEnd = name.next + name.value;
    at = readLeb(body, nameEnd + 1).next;
    const text = new TextDecoder().decode(body.subarray(name.next, nameEnd));
    if (!dropped.includes(text)) entries.push(body.subarray(start, at));
  }
  return join([leb(entries.length), ...entries]);
}

/** What a module that has run starts with from now on. */
export interface Snapshot {
  /** Its memory after the run. */
  readonly memory: Uint8Array;
  /** Exports that must not be called again. */
  readonly dropped: readonly string[];
  /** Bytes that are copied into memory only when asked for, by a function `(to, offset, length)` exported as `copier`. */
  readonly passive: { readonly bytes: Uint8Array; readonly copier: string };
}

/** Index of an exported function. */
function exportedFunction(body: Uint8Array, wanted: string): number {
  let { value: count, next: at } = readLeb(body, 0);
  for (; count > 0; count--) {
    const name = readLeb(body, at);
    const nameEnd = name.next + name.value;
    const index = readLeb(body, nameEnd + 1);
    if (new TextDecoder().decode(body.subarray(name.next, nameEnd)) === wanted) return index.value;
    at = index.next;
  }
  throw new Error(`The module exports no function "${wanted}"`);
}

/** How many functions are imported; all imports of the engine are functions. */
function importCount(sections: readonly Section[]): number {
  const imports = sections.find(({ id }) => id === SECTION.imports);
  return imports === undefined ? 0 : readLeb(imports.body, 0).value;
}

/** Replaces the body of one function by `memory.init` of segment 0 with its three parameters. */
function codeSection(body: Uint8Array, replaced: number): Uint8Array {
  const { value: count, next } = readLeb(body, 0);
  let at = next;
  for (let index = 0; ; index++) {
    if (index === count) throw new Error(`The module has no function ${replaced}`);
    const size = readLeb(body, at);
    const end = size.next + size.value;
    if (index === replaced) {
      const code = [0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 8, 0, 0, 0x0b];
      return join([body.subarray(0, at), leb(code.length), code, body.subarray(end)]);
    }
    at = end;
  }
}

/** @param module - the core module that was run */
export function snapshotModule(
  module: Uint8Array,
  { memory, dropped, passive }: Snapshot,
): Uint8Array {
  const parts: (Uint8Array | number[])[] = [module.subarray(0, HEADER)];
  const add = (id: number, body: Uint8Array): void => {
    parts.push([id, ...leb(body.length)], body);
  };
  const sections = readSections(module);
  const exports = sections.find(({ id }) => id === SECTION.exports)!;
  const copier = exportedFunction(exports.body, passive.copier) - importCount(sections);
  const data = dataSection(memory, passive.bytes);
  for (const { id, body } of sections) {
    if (id === SECTION.start) throw new Error("A module with a start section cannot be saved");
    if (id === SECTION.dataCount || id === SECTION.data) continue;
    if (id === SECTION.memory) add(id, new Uint8Array([1, 0, ...leb(memory.length / PAGE_BYTES)]));
    else if (id === SECTION.exports) add(id, exportSection(body, dropped));
    else if (id === SECTION.code) {
      add(SECTION.dataCount, new Uint8Array(leb(readLeb(data, 0).value)));
      add(id, codeSection(body, copier));
      add(SECTION.data, data);
    } else add(id, body);
  }
  return join(parts);
}
