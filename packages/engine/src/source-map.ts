/**
 * Where a position of a bundle comes from.
 * Source: ECMA-426, source map format (version 3).
 * @module
 */

/** A place in a source; line and column count from 1. */
export interface SourcePosition {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

export interface SourceMap {
  /** @param line - of the bundle, from 1; so is the column */
  find(line: number, column: number): SourcePosition | undefined;
}

/** Numbers of one mapping: line and column of the bundle, number of the source, line and column in it; all from 0. */
const FIELDS = 5;
/** More than a bundle of 16 MB needs. */
const MAX_MAPPINGS = 4_000_000;

const DIGITS = new Int8Array(128).fill(-1);
for (const [value, character] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries()) {
  DIGITS[character.charCodeAt(0)] = value;
}

/** Reads the mappings in order; stops where they are malformed. */
function decodeMappings(text: string): Int32Array {
  let mappings = new Int32Array(1_024 * FIELDS);
  let used = 0;
  const current = [0, 0, 0, 0, 0]; // generated column, source, line, column, name
  let line = 0;
  let field = 0;
  const finish = (): boolean => {
    if (field >= 4) {
      if (used === mappings.length) {
        if (used >= MAX_MAPPINGS * FIELDS) return false;
        const larger = new Int32Array(used * 2);
        larger.set(mappings);
        mappings = larger;
      }
      mappings.set([line, current[0]!, current[1]!, current[2]!, current[3]!], used);
      used += FIELDS;
    }
    field = 0;
    return true;
  };
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? 0x2c : text.charCodeAt(at);
    if (code === 0x2c || code === 0x3b) {
      if (!finish()) break;
      if (code === 0x3b) {
        line++;
        current[0] = 0;
      }
      continue;
    }
    let value = 0;
    let shift = 0;
    let digit: number;
    do {
      digit = DIGITS[text.charCodeAt(at)] ?? -1;
      if (digit < 0 || shift > 30) return mappings.subarray(0, used);
      value |= (digit & 31) << shift;
      shift += 5;
    } while ((digit & 32) !== 0 && ++at < text.length);
    if (field < 5) current[field++]! += value & 1 ? -(value >>> 1) : value >>> 1;
  }
  return mappings.subarray(0, used);
}

/** Number of the last mapping at or before a position, −1 if there is none in its line. */
function lastBefore(mappings: Int32Array, line: number, column: number): number {
  let low = 0;
  let high = mappings.length / FIELDS;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = mappings[middle * FIELDS]!;
    const isAfter = at > line || (at === line && mappings[middle * FIELDS + 1]! > column);
    if (isAfter) high = middle;
    else low = middle + 1;
  }
  return low > 0 && mappings[(low - 1) * FIELDS] === line ? low - 1 : -1;
}

interface MapFile {
  readonly version: number;
  readonly sources: readonly (string | null)[];
  readonly sourceRoot?: string;
  readonly mappings: string;
}

function isMapFile(value: unknown): value is MapFile {
  const { version, sources, mappings } = (value ?? {}) as Partial<MapFile>;
  return version === 3 && Array.isArray(sources) && typeof mappings === "string";
}

/** `undefined`: the bytes are no source map. Never throws. */
export function parseSourceMap(bytes: Uint8Array): SourceMap | undefined {
  let file: unknown;
  try {
    file = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!isMapFile(file)) return undefined;
  const { sources, sourceRoot } = file;
  const mappings = decodeMappings(file.mappings);
  return {
    find(line, column) {
      const found = lastBefore(mappings, line - 1, column - 1);
      if (found < 0) return undefined;
      const [, , number, sourceLine, sourceColumn] = mappings.subarray(found * FIELDS);
      const source = sources[number!];
      if (typeof source !== "string") return undefined;
      const root = typeof sourceRoot === "string" ? sourceRoot : "";
      return { source: root + source, line: sourceLine! + 1, column: sourceColumn! + 1 };
    },
  };
}
