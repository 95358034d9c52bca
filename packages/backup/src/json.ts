/**
 * JSON of a repository: read without trust, written byte for byte as restic's does.
 * @module
 */
import { assertSound } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export type JsonRecord = Readonly<Record<string, unknown>>;

/** @throws {BackupError} `backup.damaged` */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    // Also "too deep": the parser has a bound of its own.
  }
  assertSound(false, what, "it is no JSON");
}

/** @throws {BackupError} `backup.damaged` */
export function asRecord(value: unknown, what: string): JsonRecord {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  assertSound(isRecord, what, "an object was expected");
  return value as JsonRecord;
}

/** A missing or null list is empty. @throws {BackupError} `backup.damaged` */
export function asList(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  assertSound(Array.isArray(value), what, "a list was expected");
  return value;
}

/** A whole number from 0 to 2^53 − 1. @throws {BackupError} `backup.damaged` */
export function asCount(value: unknown, what: string): number {
  const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  assertSound(fits, what, "a whole number was expected");
  return value;
}

/** JSON without spaces. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(jsonText(value));
}

/** As restic writes it: `<`, `>`, `&` and the two line separators are escaped. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
