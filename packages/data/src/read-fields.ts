/**
 * Reads the parts of an action. What does not fit is a malformed request.
 * @module
 */
import { DataError } from "./errors.ts";
import { readBytes, readId } from "./request.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const malformed = (): DataError => new DataError({ code: "data.malformed-request" });

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed();
  return value as Fields;
}

export function bytesOf(json: unknown): Uint8Array {
  const bytes = readBytes(json);
  if (bytes === undefined) throw malformed();
  return bytes;
}

export function idOf(json: unknown): number | bigint {
  const id = readId(json);
  if (id === undefined) throw malformed();
  return id;
}

export function flagOf(json: unknown): boolean {
  if (typeof json !== "boolean") throw malformed();
  return json;
}

/** Of an action without content. */
export function assertUnit(content: unknown): void {
  if (content !== null) throw malformed();
}

/** `null` and a missing key mean the same. */
export function optional<T>(json: unknown, read: (json: unknown) => T): T | undefined {
  return json === null || json === undefined ? undefined : read(json);
}
