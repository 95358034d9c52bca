/**
 * Variants, options and results.
 * @module
 */
import type { Result } from "@kinode-ts/types";
import type { AbiType, CoreType, CoreValue } from "./abi-type.ts";
import { alignUp } from "./abi-type.ts";
import { discriminantBytes, loadDiscriminant, storeDiscriminant } from "./enums.ts";
import { GuestTrap } from "./guest-memory.ts";
import { mapped } from "./records.ts";
import type { ValueType } from "./value-type.ts";

/** A case by index, with its payload; `undefined` where the case has none. */
export interface CaseValue {
  readonly index: number;
  readonly payload: unknown;
}

/** The core type that can hold either. */
function join(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  const narrow = (type: CoreType): boolean => type === "i32" || type === "f32";
  return narrow(a) && narrow(b) ? "i32" : "i64";
}

function joinedFlat(cases: readonly (AbiType<unknown> | undefined)[]): readonly CoreType[] {
  const flat: CoreType[] = [];
  for (const type of cases) {
    type?.flat.forEach((core, i) => {
      const other = flat[i];
      flat[i] = other === undefined ? core : join(other, core);
    });
  }
  return flat;
}

const scratch = new DataView(new ArrayBuffer(8));

/** A core value of a case's own type out of the joined type it travelled in. */
function narrow(value: CoreValue, wanted: CoreType, joined: CoreType): CoreValue {
  if (wanted === joined) return value;
  if (wanted === "i32") return Number(BigInt.asIntN(32, value as bigint));
  if (wanted === "f32") {
    const bits = joined === "i32" ? Number(value) : Number(BigInt.asIntN(32, value as bigint));
    scratch.setInt32(0, bits);
    return scratch.getFloat32(0);
  }
  scratch.setBigInt64(0, BigInt.asIntN(64, value as bigint));
  return scratch.getFloat64(0); // f64 in i64
}

/** The inverse. */
function widen(value: CoreValue, own: CoreType, joined: CoreType): CoreValue {
  if (own === joined) return value;
  if (own === "i32") return BigInt(Number(value) >>> 0);
  if (own === "f32") {
    scratch.setFloat32(0, value as number);
    return joined === "i32" ? scratch.getInt32(0) : BigInt(scratch.getUint32(0));
  }
  scratch.setFloat64(0, value as number);
  return scratch.getBigInt64(0);
}

/**
 * The general form.
 * @param names - of the cases in WIT; a hand-made type may leave them out
 */
export function variant(
  cases: readonly (AbiType<unknown> | undefined)[],
  names?: readonly string[],
): AbiType<CaseValue> {
  const wit: ValueType = {
    kind: "variant",
    cases: cases.map((type, i) => ({ name: names?.[i], type: type?.wit })),
  };
  return casesOf(wit, cases);
}

function casesOf(
  wit: ValueType,
  cases: readonly (AbiType<unknown> | undefined)[],
): AbiType<CaseValue> {
  const tagBytes = discriminantBytes(cases.length);
  const alignBytes = cases.reduce(
    (most, type) => Math.max(most, type?.alignBytes ?? 1),
    tagBytes as number,
  );
  const payloadBytes = cases.reduce((most, type) => Math.max(most, type?.sizeBytes ?? 0), 0);
  const payloadAlign = cases.reduce((most, type) => Math.max(most, type?.alignBytes ?? 1), 1);
  const payloadAt = alignUp(tagBytes, payloadAlign);
  const joined = joinedFlat(cases);
  const check = (index: number): void => {
    if (index >= cases.length || index < 0) {
      throw new GuestTrap(
        `The process passed case ${index} of a variant that has ${cases.length} cases`,
      );
    }
  };
  return {
    wit,
    sizeBytes: alignUp(payloadAt + payloadBytes, alignBytes),
    alignBytes,
    flat: ["i32", ...joined],
    load(memory, pointer) {
      const index = loadDiscriminant(memory, pointer, tagBytes);
      check(index);
      return { index, payload: cases[index]?.load(memory, pointer + payloadAt) };
    },
    store(memory, value, pointer) {
      storeDiscriminant(memory, value.index, pointer, tagBytes);
      cases[value.index]?.store(memory, value.payload, pointer + payloadAt);
    },
    liftFlat(memory, values, at) {
      const index = Number(values[at]!) >>> 0;
      check(index);
      const type = cases[index];
      if (type === undefined) return { index, payload: undefined };
      const own = type.flat.map((core, i) => narrow(values[at + 1 + i]!, core, joined[i]!));
      return { index, payload: type.liftFlat(memory, own, 0) };
    },
    lowerFlat(memory, value, out) {
      out.push(value.index);
      const type = cases[value.index];
      const own: CoreValue[] = [];
      type?.lowerFlat(memory, value.payload, own);
      joined.forEach((core, i) => {
        if (i < own.length) out.push(widen(own[i]!, type!.flat[i]!, core));
        else out.push(core === "i64" ? 0n : 0);
      });
    },
  };
}

/** `undefined` is none. */
export function option<T>(type: AbiType<T>): AbiType<T | undefined> {
  return mapped<CaseValue, T | undefined>(
    casesOf({ kind: "option", type: type.wit }, [undefined, type]),
    (value) => value.payload as T | undefined,
    (value) => ({ index: value === undefined ? 0 : 1, payload: value }),
  );
}

export function result<T, E>(
  ok: AbiType<T> | undefined,
  error: AbiType<E> | undefined,
): AbiType<Result<T, E>> {
  return mapped<CaseValue, Result<T, E>>(
    casesOf({ kind: "result", ok: ok?.wit, error: error?.wit }, [ok, error]),
    (value) =>
      value.index === 0
        ? { ok: true, value: value.payload as T }
        : { ok: false, error: value.payload as E },
    (value) => (value.ok ? { index: 0, payload: value.value } : { index: 1, payload: value.error }),
  );
}
