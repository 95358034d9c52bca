/**
 * Records and tuples, and types whose JavaScript form differs from their WIT form.
 * @module
 */
import type { AbiType } from "./abi-type.ts";
import { alignUp } from "./abi-type.ts";
import { kebabCase } from "./value-type.ts";

type Fields = Readonly<Record<string, AbiType<unknown>>>;
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends AbiType<infer T> ? T : never;
};
export type TupleOf<T extends readonly AbiType<unknown>[]> = {
  readonly [K in keyof T]: T[K] extends AbiType<infer V> ? V : never;
};

/** Where each of several values lies when stored one after the other. */
export function layOut(types: readonly AbiType<unknown>[]): {
  sizeBytes: number;
  alignBytes: number;
  offsets: readonly number[];
  flatOffsets: readonly number[];
} {
  let end = 0;
  let alignBytes = 1;
  let flatEnd = 0;
  const offsets: number[] = [];
  const flatOffsets: number[] = [];
  for (const type of types) {
    end = alignUp(end, type.alignBytes);
    offsets.push(end);
    flatOffsets.push(flatEnd);
    end += type.sizeBytes;
    flatEnd += type.flat.length;
    alignBytes = Math.max(alignBytes, type.alignBytes);
  }
  return { sizeBytes: alignUp(end, alignBytes), alignBytes, offsets, flatOffsets };
}

export function tuple<const T extends readonly AbiType<unknown>[]>(
  ...types: T
): AbiType<TupleOf<T>> {
  const { sizeBytes, alignBytes, offsets, flatOffsets } = layOut(types);
  return {
    wit: { kind: "tuple", items: types.map((type) => type.wit) },
    sizeBytes,
    alignBytes,
    flat: types.flatMap((type) => type.flat),
    load: (memory, pointer) =>
      types.map((type, i) => type.load(memory, pointer + offsets[i]!)) as TupleOf<T>,
    store(memory, values, pointer) {
      for (let i = 0; i < types.length; i++) {
        types[i]!.store(memory, values[i], pointer + offsets[i]!);
      }
    },
    liftFlat: (memory, values, at) =>
      types.map((type, i) => type.liftFlat(memory, values, at + flatOffsets[i]!)) as TupleOf<T>,
    lowerFlat(memory, values, out) {
      for (let i = 0; i < types.length; i++) types[i]!.lowerFlat(memory, values[i], out);
    },
  };
}

/**
 * Fields in WIT declaration order; the names are those of the JavaScript object.
 * @param witNames - names in WIT, where they are not the same in kebab-case
 */
export function record<const F extends Fields>(
  fields: F,
  witNames?: readonly string[],
): AbiType<RecordOf<F>> {
  const names = Object.keys(fields);
  const inner = tuple(...Object.values(fields));
  const assemble = (values: readonly unknown[]): RecordOf<F> => {
    const result: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) result[names[i]!] = values[i];
    return result as RecordOf<F>;
  };
  const valuesOf = (value: RecordOf<F>): TupleOf<AbiType<unknown>[]> =>
    names.map((name) => (value as Record<string, unknown>)[name]);
  return {
    wit: {
      kind: "record",
      fields: names.map((name, i) => ({
        name: witNames?.[i] ?? kebabCase(name),
        type: fields[name]!.wit,
      })),
    },
    sizeBytes: inner.sizeBytes,
    alignBytes: inner.alignBytes,
    flat: inner.flat,
    load: (memory, pointer) => assemble(inner.load(memory, pointer)),
    store: (memory, value, pointer) => inner.store(memory, valuesOf(value), pointer),
    liftFlat: (memory, values, at) => assemble(inner.liftFlat(memory, values, at)),
    lowerFlat: (memory, value, out) => inner.lowerFlat(memory, valuesOf(value), out),
  };
}

/** The same layout with another JavaScript form. `lift` may throw to trap the process. */
export function mapped<A, B>(
  type: AbiType<A>,
  lift: (value: A) => B,
  lower: (value: B) => A,
): AbiType<B> {
  return {
    wit: type.wit,
    sizeBytes: type.sizeBytes,
    alignBytes: type.alignBytes,
    flat: type.flat,
    load: (memory, pointer) => lift(type.load(memory, pointer)),
    store: (memory, value, pointer) => type.store(memory, lower(value), pointer),
    liftFlat: (memory, values, at) => lift(type.liftFlat(memory, values, at)),
    lowerFlat: (memory, value, out) => type.lowerFlat(memory, lower(value), out),
  };
}
