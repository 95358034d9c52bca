/**
 * Integers, booleans, characters and floats.
 * @module
 */
import { toU64, u64FromHalves } from "@kinode-ts/types";
import type { U64 } from "@kinode-ts/types";
import type { AbiType, CoreType, CoreValue } from "./abi-type.ts";
import { GuestTrap } from "./guest-memory.ts";

interface NumberForm {
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly core: CoreType;
  readonly read: (view: DataView, pointer: number) => number;
  readonly write: (view: DataView, pointer: number, value: number) => void;
  /** A core value brought into the type's range. */
  readonly wrap: (value: number) => number;
}

function numberType(form: NumberForm): AbiType<number> {
  return {
    sizeBytes: form.sizeBytes,
    alignBytes: form.sizeBytes,
    flat: [form.core],
    load: (memory, pointer) => form.read(memory.dataView(), pointer),
    store: (memory, value, pointer) => form.write(memory.dataView(), pointer, value),
    liftFlat: (_memory, values, at) => form.wrap(Number(values[at]!)),
    lowerFlat: (value) => value,
  };
}

export const u8 = numberType({
  sizeBytes: 1,
  core: "i32",
  read: (view, pointer) => view.getUint8(pointer),
  write: (view, pointer, value) => view.setUint8(pointer, value),
  wrap: (value) => value & 0xff,
});

export const u16 = numberType({
  sizeBytes: 2,
  core: "i32",
  read: (view, pointer) => view.getUint16(pointer, true),
  write: (view, pointer, value) => view.setUint16(pointer, value, true),
  wrap: (value) => value & 0xffff,
});

export const u32 = numberType({
  sizeBytes: 4,
  core: "i32",
  read: (view, pointer) => view.getUint32(pointer, true),
  write: (view, pointer, value) => view.setUint32(pointer, value, true),
  wrap: (value) => value >>> 0,
});

export const s32 = numberType({
  sizeBytes: 4,
  core: "i32",
  read: (view, pointer) => view.getInt32(pointer, true),
  write: (view, pointer, value) => view.setInt32(pointer, value, true),
  wrap: (value) => value | 0,
});

export const f64 = numberType({
  sizeBytes: 8,
  core: "f64",
  read: (view, pointer) => view.getFloat64(pointer, true),
  write: (view, pointer, value) => view.setFloat64(pointer, value, true),
  wrap: (value) => value,
});

export const bool: AbiType<boolean> = {
  sizeBytes: 1,
  alignBytes: 1,
  flat: ["i32"],
  load: (memory, pointer) => memory.view()[pointer] !== 0,
  store(memory, value, pointer) {
    memory.view()[pointer] = value ? 1 : 0;
  },
  liftFlat: (_memory, values, at) => Number(values[at]!) !== 0,
  lowerFlat: (value) => (value ? 1 : 0),
};

/** u64 in the one form the node uses: a number up to 2^53 − 1. */
export const u64: AbiType<U64> = {
  sizeBytes: 8,
  alignBytes: 8,
  flat: ["i64"],
  load(memory, pointer) {
    memory.view();
    const word = pointer >> 2;
    return u64FromHalves(memory.u32[word + 1]!, memory.u32[word]!);
  },
  store(memory, value, pointer) {
    memory.view();
    storeU64(memory.u32, value, pointer >> 2);
  },
  liftFlat: (_memory, values, at) => toU64(BigInt.asUintN(64, BigInt(values[at]!))),
  lowerFlat: (value) => BigInt(value),
};

/** Writes both halves of a u64 at a word index. */
export function storeU64(words: Uint32Array, value: U64, word: number): void {
  if (typeof value === "number") {
    words[word] = value;
    words[word + 1] = value / 0x1_0000_0000;
  } else {
    words[word] = Number(value & 0xffff_ffffn);
    words[word + 1] = Number(value >> 32n);
  }
}

/** A named case without payload; the value is its name. */
export function enumOf<const Names extends readonly string[]>(
  names: Names,
): AbiType<Names[number]> {
  const nameAt = (index: number): Names[number] => {
    const name = names[index];
    if (name === undefined) {
      throw new GuestTrap(
        `The process passed case ${index} of an enum that has ${names.length} cases`,
      );
    }
    return name;
  };
  return {
    sizeBytes: 1,
    alignBytes: 1,
    flat: ["i32"],
    load: (memory, pointer) => nameAt(memory.view()[pointer]!),
    store(memory, value, pointer) {
      memory.view()[pointer] = names.indexOf(value);
    },
    liftFlat: (_memory, values, at) => nameAt(Number(values[at] satisfies CoreValue | undefined)),
    lowerFlat: (value) => names.indexOf(value),
  };
}
