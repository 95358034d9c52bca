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
const SECTION = { memory: 5, exports: 7, start: 8, dataCount: 12, data: 11, custom: 0 } as const;

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

function dataSection(memory: Uint8Array): Uint8Array {
  const runs = nonZeroRuns(memory);
  const parts: (Uint8Array | number[])[] = [leb(runs.length)];
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

/**
 * @param module - the core module that was run
 * @param memory - its memory after the run
 * @param dropped - exports that must not be called again
 */
export function snapshotModule(
  module: Uint8Array,
  memory: Uint8Array,
  dropped: readonly string[],
): Uint8Array {
  const parts: (Uint8Array | number[])[] = [module.subarray(0, HEADER)];
  const add = (id: number, body: Uint8Array): void => {
    parts.push([id, ...leb(body.length)], body);
  };
  let hasData = false;
  for (const { id, body } of readSections(module)) {
    if (id === SECTION.start) throw new Error("A module with a start section cannot be saved");
    if (id === SECTION.dataCount) continue;
    if (id === SECTION.memory) add(id, new Uint8Array([1, 0, ...leb(memory.length / PAGE_BYTES)]));
    else if (id === SECTION.exports) add(id, exportSection(body, dropped));
    else if (id === SECTION.data) {
      add(id, dataSection(memory));
      hasData = true;
    } else add(id, body);
  }
  if (!hasData) add(SECTION.data, dataSection(memory));
  return join(parts);
}
