/**
 * Integers, booleans, characters and floats.
 * @module
 */
import { toU64, u64FromHalves } from "@kinode-ts/types";
import type { U64 } from "@kinode-ts/types";
import type { AbiType, CoreType, CoreValue } from "./abi-type.ts";
import { GuestTrap } from "./guest-memory.ts";
import type { PrimitiveName } from "./value-type.ts";

export { enumOf } from "./enums.ts";

interface NumberForm {
  readonly name: PrimitiveName;
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly core: CoreType;
  readonly read: (view: DataView, pointer: number) => number;
  readonly write: (view: DataView, pointer: number, value: number) => void;
  /** A core value brought into the type's range. */
  readonly wrap: (value: number) => number;
}

function numberType(form: NumberForm): AbiType<number> {
  return {
    wit: { kind: form.name },
    sizeBytes: form.sizeBytes,
    alignBytes: form.sizeBytes,
    flat: [form.core],
    load: (memory, pointer) => form.read(memory.dataView(), pointer),
    store: (memory, value, pointer) => form.write(memory.dataView(), pointer, value),
    liftFlat: (_memory, values, at) => form.wrap(Number(values[at]!)),
    lowerFlat: (_memory, value, out) => void out.push(form.wrap(value)),
  };
}

export const u8 = numberType({
  name: "u8",
  sizeBytes: 1,
  core: "i32",
  read: (view, pointer) => view.getUint8(pointer),
  write: (view, pointer, value) => view.setUint8(pointer, value),
  wrap: (value) => value & 0xff,
});

export const s8 = numberType({
  name: "s8",
  sizeBytes: 1,
  core: "i32",
  read: (view, pointer) => view.getInt8(pointer),
  write: (view, pointer, value) => view.setInt8(pointer, value),
  wrap: (value) => (value << 24) >> 24,
});

export const u16 = numberType({
  name: "u16",
  sizeBytes: 2,
  core: "i32",
  read: (view, pointer) => view.getUint16(pointer, true),
  write: (view, pointer, value) => view.setUint16(pointer, value, true),
  wrap: (value) => value & 0xffff,
});

export const s16 = numberType({
  name: "s16",
  sizeBytes: 2,
  core: "i32",
  read: (view, pointer) => view.getInt16(pointer, true),
  write: (view, pointer, value) => view.setInt16(pointer, value, true),
  wrap: (value) => (value << 16) >> 16,
});

export const u32 = numberType({
  name: "u32",
  sizeBytes: 4,
  core: "i32",
  read: (view, pointer) => view.getUint32(pointer, true),
  write: (view, pointer, value) => view.setUint32(pointer, value, true),
  wrap: (value) => value >>> 0,
});

export const s32 = numberType({
  name: "s32",
  sizeBytes: 4,
  core: "i32",
  read: (view, pointer) => view.getInt32(pointer, true),
  write: (view, pointer, value) => view.setInt32(pointer, value, true),
  wrap: (value) => value | 0,
});

/** The canonical NaN; others could carry data past what the types say. */
const NAN_32 = 0x7fc0_0000;
const NAN_64 = 0x7ff8_0000_0000_0000n;

export const f32 = numberType({
  name: "f32",
  sizeBytes: 4,
  core: "f32",
  read: (view, pointer) => plain(view.getFloat32(pointer, true)),
  write: (view, pointer, value) =>
    Number.isNaN(value)
      ? view.setUint32(pointer, NAN_32, true)
      : view.setFloat32(pointer, value, true),
  wrap: (value) => plain(Math.fround(value)),
});

export const f64 = numberType({
  name: "f64",
  sizeBytes: 8,
  core: "f64",
  read: (view, pointer) => plain(view.getFloat64(pointer, true)),
  write: (view, pointer, value) =>
    Number.isNaN(value)
      ? view.setBigUint64(pointer, NAN_64, true)
      : view.setFloat64(pointer, value, true),
  wrap: (value) => plain(value),
});

const plain = (value: number): number => (Number.isNaN(value) ? NaN : value);

export const bool: AbiType<boolean> = {
  wit: { kind: "bool" },
  sizeBytes: 1,
  alignBytes: 1,
  flat: ["i32"],
  load: (memory, pointer) => memory.view()[pointer] !== 0,
  store(memory, value, pointer) {
    memory.view()[pointer] = value ? 1 : 0;
  },
  liftFlat: (_memory, values, at) => Number(values[at]!) !== 0,
  lowerFlat: (_memory, value, out) => void out.push(value ? 1 : 0),
};

/** u64 in the one form the node uses: a number up to 2^53 − 1. */
export const u64: AbiType<U64> = {
  wit: { kind: "u64" },
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
  lowerFlat: (_memory, value, out) => void out.push(BigInt(value)),
};

function bigintType(name: "u64" | "s64", wrap: (value: bigint) => bigint): AbiType<bigint> {
  return {
    wit: { kind: name },
    sizeBytes: 8,
    alignBytes: 8,
    flat: ["i64"],
    load: (memory, pointer) => wrap(memory.dataView().getBigUint64(pointer, true)),
    store: (memory, value, pointer) => memory.dataView().setBigInt64(pointer, value, true),
    liftFlat: (_memory, values, at) => wrap(BigInt(values[at]!)),
    lowerFlat: (_memory, value, out) => void out.push(BigInt.asIntN(64, value)),
  };
}

/** s64 as a bigint. */
export const s64 = bigintType("s64", (value) => BigInt.asIntN(64, value));
/** u64 as a bigint, whatever its size: for callers who want one JavaScript type. */
export const bigU64 = bigintType("u64", (value) => BigInt.asUintN(64, value));

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

/** One Unicode scalar value, as a string. */
export const char: AbiType<string> = {
  wit: { kind: "char" },
  sizeBytes: 4,
  alignBytes: 4,
  flat: ["i32"],
  load: (memory, pointer) => charOf(memory.dataView().getUint32(pointer, true)),
  store: (memory, value, pointer) =>
    memory.dataView().setUint32(pointer, value.codePointAt(0)!, true),
  liftFlat: (_memory, values, at) => charOf(Number(values[at] as CoreValue) >>> 0),
  lowerFlat: (_memory, value, out) => void out.push(value.codePointAt(0)!),
};

function charOf(code: number): string {
  if (code >= 0x11_0000 || (code >= 0xd800 && code <= 0xdfff)) {
    throw new GuestTrap(`The process passed ${code} as a character, which is none`);
  }
  return String.fromCodePoint(code);
}
