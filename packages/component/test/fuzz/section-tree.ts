/**
 * A WebAssembly binary as a tree of sections, to change one part and have all sizes around it right again.
 * Core modules and nested components inside a component are trees of their own; everything else is bytes.
 * @module
 */
import { ByteWriter } from "../../src/core-module/byte-writer.ts";

export interface Section {
  id: number;
  content: Uint8Array | SectionTree;
}

export interface SectionTree {
  /** Magic bytes, version and layer. */
  readonly preamble: Uint8Array;
  readonly sections: Section[];
}

const PREAMBLE_BYTES = 8;
const COMPONENT_LAYER = 1;
const NESTED = { coreModule: 1, component: 4 } as const;

/** Reads an unsigned LEB128 number of up to 5 bytes. */
export function readVarint(
  bytes: Uint8Array,
  at: number,
): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5 && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

/** @returns nothing if the sections do not fill the bytes exactly */
export function decodeSections(bytes: Uint8Array): SectionTree | undefined {
  if (bytes.length < PREAMBLE_BYTES) return undefined;
  const isComponent = bytes[6] === COMPONENT_LAYER;
  const sections: Section[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length;) {
    const id = bytes[at]!;
    const size = readVarint(bytes, at + 1);
    if (size === undefined || size.end + size.value > bytes.length) return undefined;
    const content = bytes.subarray(size.end, size.end + size.value);
    const nested = isComponent && (id === NESTED.coreModule || id === NESTED.component);
    sections.push({ id, content: (nested ? decodeSections(content) : undefined) ?? content });
    at = size.end + size.value;
  }
  return { preamble: bytes.subarray(0, PREAMBLE_BYTES), sections };
}

export function encodeSections(tree: SectionTree): Uint8Array {
  const out = new ByteWriter(4_096);
  out.all(tree.preamble);
  for (const { id, content } of tree.sections) {
    const bytes = content instanceof Uint8Array ? content : encodeSections(content);
    out.byte(id);
    out.u32(bytes.length);
    out.all(bytes);
  }
  return out.finish();
}

/** A copy whose lists can be changed; bytes are shared. */
export function cloneTree(tree: SectionTree): SectionTree {
  return { preamble: tree.preamble, sections: tree.sections.map(cloneSection) };
}

export function cloneSection({ id, content }: Section): Section {
  return { id, content: content instanceof Uint8Array ? content : cloneTree(content) };
}

/** The tree itself and all trees inside it. */
export function allTrees(tree: SectionTree): SectionTree[] {
  const inner = tree.sections.flatMap(({ content }) =>
    content instanceof Uint8Array ? [] : allTrees(content),
  );
  return [tree, ...inner];
}
