/**
 * Variants, options and results.
 * @module
 */
import type { Result } from "@kinode-ts/types";
import type { AbiType, CoreType, CoreValue } from "./abi-type.ts";
import { alignUp } from "./abi-type.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { GuestTrap } from "./guest-memory.ts";
import { mapped } from "./records.ts";

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

/** Core values as a case's own types: a narrow value may have travelled in a wider one. */
function narrowed(
  type: AbiType<unknown>,
  values: readonly CoreValue[],
  at: number,
): readonly CoreValue[] {
  return type.flat.map((core, i) => {
    const value = values[at + i]!;
    if (core === "i32" && typeof value === "bigint") return Number(BigInt.asIntN(32, value));
    if ((core === "f32" || core === "f64") && typeof value === "bigint") {
      throw new GuestTrap("Floats inside a variant next to integers are not supported");
    }
    return value;
  });
}

/** The general form; at most 256 cases, so the discriminant is one byte. */
export function variant(cases: readonly (AbiType<unknown> | undefined)[]): AbiType<CaseValue> {
  const alignBytes = Math.max(1, ...cases.map((type) => type?.alignBytes ?? 1));
  const payloadBytes = Math.max(0, ...cases.map((type) => type?.sizeBytes ?? 0));
  const payloadAt = alignUp(1, alignBytes);
  const check = (index: number): void => {
    if (index >= cases.length || index < 0) {
      throw new GuestTrap(
        `The process passed case ${index} of a variant that has ${cases.length} cases`,
      );
    }
  };
  const load = (memory: GuestMemory, pointer: number): CaseValue => {
    const index = memory.view()[pointer]!;
    check(index);
    return { index, payload: cases[index]?.load(memory, pointer + payloadAt) };
  };
  return {
    sizeBytes: alignUp(payloadAt + payloadBytes, alignBytes),
    alignBytes,
    flat: ["i32", ...joinedFlat(cases)],
    load,
    store(memory, value, pointer) {
      memory.view()[pointer] = value.index;
      cases[value.index]?.store(memory, value.payload, pointer + payloadAt);
    },
    liftFlat(memory, values, at) {
      const index = Number(values[at]!) >>> 0;
      check(index);
      const type = cases[index];
      return { index, payload: type?.liftFlat(memory, narrowed(type, values, at + 1), 0) };
    },
  };
}

/** `undefined` is none. */
export function option<T>(type: AbiType<T>): AbiType<T | undefined> {
  return mapped<CaseValue, T | undefined>(
    variant([undefined, type]),
    (value) => value.payload as T | undefined,
    (value) => ({ index: value === undefined ? 0 : 1, payload: value }),
  );
}

export function result<T, E>(
  ok: AbiType<T> | undefined,
  error: AbiType<E> | undefined,
): AbiType<Result<T, E>> {
  return mapped<CaseValue, Result<T, E>>(
    variant([ok, error]),
    (value) =>
      value.index === 0
        ? { ok: true, value: value.payload as T }
        : { ok: false, error: value.payload as E },
    (value) => (value.ok ? { index: 0, payload: value.value } : { index: 1, payload: value.error }),
  );
}
