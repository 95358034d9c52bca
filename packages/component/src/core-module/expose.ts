/**
 * Makes a metered module show what the node needs of one that is linked with others: its memory, and its start function,
 * which then is called when it can be suspended and ended like any other.
 * @module
 */
import { ByteReader } from "../byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { SECTION } from "./core-module.ts";

/** Exports that are added. */
export const EXPOSED = { memory: "kinode:memory", start: "kinode:start" } as const;

const KIND = { func: 0, memory: 2 };
const HEADER_BYTES = 8;

/** @param hasMemory - whether the module imports or defines one */
export function exposeModule(bytes: Uint8Array, hasMemory: boolean): Uint8Array {
  const added: (readonly [name: string, kind: number, index: number])[] = [];
  if (hasMemory) added.push([EXPOSED.memory, KIND.memory, 0]);
  const start = startFunction(bytes);
  if (start !== undefined) added.push([EXPOSED.start, KIND.func, start]);
  const out = new ByteWriter(bytes.length + 128);
  out.range(bytes, 0, HEADER_BYTES);
  const reader = new ByteReader(bytes, HEADER_BYTES);
  while (!reader.atEnd) {
    const from = reader.at;
    const { id, content } = reader.section();
    if (id === SECTION.start) continue;
    if (id === SECTION.export) writeExports(content, added, out);
    else out.range(bytes, from, reader.at);
  }
  return out.finish();
}

function startFunction(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes, HEADER_BYTES);
  while (!reader.atEnd) {
    const { id, content } = reader.section();
    if (id === SECTION.start) return content.u32();
  }
  return undefined;
}

/** A metered module always has an export section. */
function writeExports(
  content: ByteReader,
  added: readonly (readonly [name: string, kind: number, index: number])[],
  out: ByteWriter,
): void {
  out.byte(SECTION.export);
  const start = out.beginSized();
  out.u32(content.u32() + added.length);
  out.range(content.bytes, content.at, content.end);
  for (const [name, kind, index] of added) {
    out.name(name);
    out.byte(kind);
    out.u32(index);
  }
  out.endSized(start);
}
