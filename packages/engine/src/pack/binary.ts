/**
 * Pieces of the binary forms of modules and components.
 * @module
 */

export type Part = Uint8Array | readonly number[];

const encoder = new TextEncoder();

export const COMPONENT_HEADER: readonly number[] = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
export const MODULE_HEADER: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Signed LEB128 of a number that is not negative: how types are referred to. */
export function indexLeb(value: number): number[] {
  const bytes = leb(value);
  const last = bytes.at(-1)!;
  if (last < 0x40) return bytes;
  return [...bytes.slice(0, -1), last | 0x80, 0];
}

export function concat(parts: readonly Part[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function named(text: string): number[] {
  const bytes = encoder.encode(text);
  return [...leb(bytes.length), ...bytes];
}

export function section(id: number, ...parts: readonly Part[]): Uint8Array {
  const body = concat(parts);
  return concat([[id, ...leb(body.length)], body]);
}

/** A section that is a list. */
export function listSection(id: number, items: readonly Part[]): Uint8Array {
  return section(id, leb(items.length), ...items);
}

export function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
