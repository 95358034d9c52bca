/**
 * Types made of others: lists, options, tuples and records.
 * @module
 */
import type { ApiType, Of } from "./api-type.ts";
import { mismatch, misplaced, within } from "./api-type.ts";
import { wireKey } from "./names.ts";
import { u8 } from "./scalars.ts";

function asArray(value: unknown, expected: string): readonly unknown[] {
  if (!Array.isArray(value)) throw mismatch(expected, value);
  return value;
}

/** Any number of values of one type. */
export function list<T>(element: ApiType<T>): ApiType<readonly T[]> {
  return {
    shape: { kind: "list", element },
    write: (value) =>
      `[${eachOf(asArray(value, "a list"), (item) => element.write(item as T)).join(",")}]`,
    parse: (json) => eachOf(asArray(json, "a list"), (item) => element.parse(item)),
  };
}

/** Like `map`; an error of `convert` tells which item it is about. */
function eachOf<R>(items: readonly unknown[], convert: (item: unknown, index: number) => R): R[] {
  const results: R[] = [];
  try {
    for (const item of items) results.push(convert(item, results.length));
  } catch (thrown) {
    throw misplaced(`[${results.length}]`, thrown);
  }
  return results;
}

/** `list<u8>`: bytes here, an array of numbers on the wire. */
export const bytes: ApiType<Uint8Array> = {
  shape: { kind: "list", element: u8 },
  write: (value) => {
    if (!(value instanceof Uint8Array)) throw mismatch("bytes (a Uint8Array)", value);
    return `[${value.join(",")}]`;
  },
  parse: (json) => {
    const numbers = asArray(json, "a list of bytes");
    const result = new Uint8Array(numbers.length);
    for (let index = 0; index < numbers.length; index += 1) {
      const byte = numbers[index];
      const isByte = typeof byte === "number" && byte >= 0 && byte <= 255 && byte % 1 === 0;
      result[index] = isByte ? byte : within(`[${index}]`, () => notByte(byte));
    }
    return result;
  },
};

function notByte(found: unknown): never {
  throw mismatch("a byte from 0 to 255", found);
}

/** A value or `undefined`; on the wire `null`, or a field left out. */
export function option<T>(element: ApiType<T>): ApiType<T | undefined> {
  return {
    shape: { kind: "option", element },
    write: (value) => (value === undefined || value === null ? "null" : element.write(value)),
    parse: (json) => (json === undefined || json === null ? undefined : element.parse(json)),
  };
}

type TupleOf<E extends readonly ApiType<unknown>[]> = { readonly [I in keyof E]: Of<E[I]> };

/** Values of given types in order. */
export function tuple<const E extends readonly ApiType<unknown>[]>(
  ...elements: E
): ApiType<TupleOf<E>> {
  const check = (value: unknown): readonly unknown[] => {
    const items = asArray(value, `a list of ${elements.length}`);
    if (items.length !== elements.length) throw mismatch(`a list of ${elements.length}`, value);
    return items;
  };
  return {
    shape: { kind: "tuple", elements },
    write: (value) =>
      `[${eachOf(check(value), (item, index) => elements[index]!.write(item)).join(",")}]`,
    parse: (json) =>
      eachOf(check(json), (item, index) => elements[index]!.parse(item)) as unknown as TupleOf<E>,
  };
}

type Fields = Readonly<Record<string, ApiType<unknown>>>;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends Of<F[K]> ? K : never;
}[keyof F];
type Shown<T> = { [K in keyof T]: T[K] };
type RecordOf<F extends Fields> = Shown<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: Of<F[K]>;
  }
>;

/** An object with these fields, named in camelCase here and in snake_case on the wire. Others are ignored. */
export function record<F extends Fields>(fields: F): ApiType<RecordOf<F>> {
  const entries = Object.entries(fields).map(([key, type], index) => {
    const wire = wireKey(key);
    return { key, type, wire, prefix: `${index === 0 ? "" : ","}"${wire}":` };
  });
  const asObject = (value: unknown): Readonly<Record<string, unknown>> => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    throw mismatch(`an object with ${entries.map(({ wire }) => `"${wire}"`).join(", ")}`, value);
  };
  return {
    shape: { kind: "record", fields },
    write: (value) => {
      const object = asObject(value);
      let text = "{";
      let at = "";
      try {
        for (const { key, type, prefix } of entries) {
          at = key;
          text += prefix + type.write(object[key]);
        }
      } catch (thrown) {
        throw misplaced(at, thrown);
      }
      return `${text}}`;
    },
    parse: (json) => {
      const object = asObject(json);
      const result: Record<string, unknown> = {};
      let at = "";
      try {
        for (const { key, type, wire } of entries) {
          at = wire;
          // `own` only: a field named like a member of every object must not find that one.
          result[key] = type.parse(Object.hasOwn(object, wire) ? object[wire] : undefined);
        }
      } catch (thrown) {
        throw misplaced(at, thrown);
      }
      return result as RecordOf<F>;
    },
  };
}
