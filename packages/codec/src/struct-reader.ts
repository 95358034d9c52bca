/**
 * Structs and enums as rmp-serde reads them: a struct is an array in order or a map by name, an enum a one-entry map.
 * Source: spec/network-identity.md §1.6 ("Acceptance rules").
 * @module
 */
import type { ByteReader } from "./byte-reader.ts";
import { CodecError } from "./errors.ts";

/** One field: how to read it, and whether it may be missing from a map (then it is `undefined`). */
export interface FieldReader<T> {
  readonly name: string;
  /** Another name that is read as well. */
  readonly alias?: string;
  readonly read: (reader: ByteReader) => T;
  readonly optional?: boolean;
}

export function badShape(what: string, problem: string): CodecError {
  return new CodecError({ code: "codec.bad-shape", what, problem });
}

/** Reads `nil` as `undefined`. */
export function optional<T>(
  read: (reader: ByteReader) => T,
): (reader: ByteReader) => T | undefined {
  return (reader) => (reader.takeNil() ? undefined : read(reader));
}

/** Values of all fields in the order of `fields`. */
export function readStruct(
  reader: ByteReader,
  what: string,
  fields: readonly FieldReader<unknown>[],
): unknown[] {
  if (reader.peek() === "map") return readByName(reader, what, fields);
  const count = reader.array();
  if (count !== fields.length) {
    throw badShape(what, `it has ${count} fields instead of ${fields.length}`);
  }
  return fields.map((field) => field.read(reader));
}

function readByName(
  reader: ByteReader,
  what: string,
  fields: readonly FieldReader<unknown>[],
): unknown[] {
  const values: unknown[] = Array.from({ length: fields.length });
  const seen = new Set<FieldReader<unknown>>();
  for (let left = reader.map(); left > 0; left--) {
    const field = readFieldName(reader, fields);
    if (field === undefined) reader.skip();
    else {
      if (seen.has(field)) throw badShape(what, `the field "${field.name}" occurs twice`);
      seen.add(field);
      values[fields.indexOf(field)] = field.read(reader);
    }
  }
  const missing = fields.find((field) => !seen.has(field) && field.optional !== true);
  if (missing !== undefined) throw badShape(what, `the field "${missing.name}" is missing`);
  return values;
}

function readFieldName<T>(
  reader: ByteReader,
  fields: readonly FieldReader<T>[],
): FieldReader<T> | undefined {
  if (reader.peek() === "integer") return fields[Number(reader.uint())];
  const name = reader.text();
  return fields.find((field) => field.name === name || field.alias === name);
}

/**
 * Reads `{variant: value}`, the variant by name or by index.
 * @param variants - readers of the values, in the order of declaration
 */
export function readEnum<T>(
  reader: ByteReader,
  what: string,
  variants: readonly FieldReader<T>[],
): T {
  if (reader.peek() !== "map") throw reader.unexpected(`${what} as a map of one entry`);
  const count = reader.map();
  if (count !== 1) throw badShape(what, `it has ${count} variants instead of one`);
  const variant = readFieldName(reader, variants);
  if (variant === undefined) throw badShape(what, "its variant is unknown");
  return variant.read(reader);
}

/** A variant that carries a value (`read`), or nothing (`unit` is what it becomes). */
export type VariantReader<T> =
  | { readonly name: string; readonly read: (reader: ByteReader) => T }
  | { readonly name: string; readonly unit: T };

/** Reads a variant: one without a value as its name, its index or `{name: nil}`, one with a value as `{name: value}`. */
export function readVariant<T>(
  reader: ByteReader,
  what: string,
  variants: readonly VariantReader<T>[],
): T {
  const inMap = reader.peek() === "map";
  if (inMap && reader.map() !== 1) throw badShape(what, "it is not a map of one variant");
  const variant = readVariantName(reader, variants);
  if (variant === undefined) throw badShape(what, "its variant is unknown");
  if ("read" in variant) {
    if (!inMap) throw badShape(what, `"${variant.name}" lacks its value`);
    return variant.read(reader);
  }
  if (inMap && !reader.takeNil()) throw reader.unexpected(`nil after "${variant.name}"`);
  return variant.unit;
}

function readVariantName<T>(
  reader: ByteReader,
  variants: readonly VariantReader<T>[],
): VariantReader<T> | undefined {
  if (reader.peek() === "integer") return variants[Number(reader.uint())];
  const name = reader.text();
  return variants.find((variant) => variant.name === name);
}
