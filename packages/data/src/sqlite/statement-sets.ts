/**
 * Statements of a transaction, those with the same text together: the engine runs them in one call.
 * @module
 */
import { encodeParameters } from "./parameters.ts";
import type { SqlStatement } from "./sqlite-store.ts";

/** Bytes of parameters for one call of the engine; about two milliseconds of inserts. */
const MAX_SET_BYTES = 64 * 1024;

/** One text, and parameters for each of its runs. */
export interface StatementSet {
  readonly sql: string;
  /** Each set with its length (u32, little-endian) before it. */
  readonly sets: Uint8Array;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length + 4 * parts.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** In the order of the statements. */
export function* statementSets(statements: readonly SqlStatement[]): Iterable<StatementSet> {
  for (let first = 0; first < statements.length;) {
    const { sql } = statements[first]!;
    const parts: Uint8Array[] = [];
    let length = 0;
    for (; first < statements.length && statements[first]!.sql === sql; first++) {
      const part = encodeParameters(statements[first]!.parameters);
      parts.push(part);
      length += part.length;
      if (length + 4 * parts.length >= MAX_SET_BYTES) {
        first++;
        break;
      }
    }
    yield { sql, sets: join(parts, length) };
  }
}
