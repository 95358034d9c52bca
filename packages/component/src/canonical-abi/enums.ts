/**
 * Enums and flags: names without payload.
 * @module
 */
import type { AbiType, CoreType, CoreValue } from "./abi-type.ts";
import { GuestTrap } from "./guest-memory.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { camelCase } from "./value-type.ts";

/** Bytes of the number that says which of `count` cases it is. */
export function discriminantBytes(count: number): 1 | 2 | 4 {
  return count <= 0x100 ? 1 : count <= 0x1_0000 ? 2 : 4;
}

export function loadDiscriminant(
  memory: GuestMemory,
  pointer: number,
  sizeBytes: 1 | 2 | 4,
): number {
  if (sizeBytes === 1) return memory.view()[pointer]!;
  const view = memory.dataView();
  return sizeBytes === 2 ? view.getUint16(pointer, true) : view.getUint32(pointer, true);
}

export function storeDiscriminant(
  memory: GuestMemory,
  value: number,
  pointer: number,
  sizeBytes: 1 | 2 | 4,
): void {
  if (sizeBytes === 1) memory.view()[pointer] = value;
  else if (sizeBytes === 2) memory.dataView().setUint16(pointer, value, true);
  else memory.dataView().setUint32(pointer, value, true);
}

/** A named case without payload; the value is its name. */
export function enumOf<const Names extends readonly string[]>(
  names: Names,
): AbiType<Names[number]> {
  const sizeBytes = discriminantBytes(names.length);
  const nameAt = (index: number): Names[number] => {
    const name = names[index];
    if (name === undefined) {
      throw new GuestTrap(
        `The process passed case ${index} of an enum that has ${names.length} cases`,
      );
    }
    return name;
  };
  const indices = new Map<string, number>(names.map((name, index) => [name, index]));
  const indexOf = (value: Names[number]): number => {
    const index = indices.get(value);
    if (index === undefined) throw new TypeError(`"${String(value)}" is no case of this enum`);
    return index;
  };
  return {
    wit: { kind: "enum", names },
    sizeBytes,
    alignBytes: sizeBytes,
    flat: ["i32"],
    load: (memory, pointer) => nameAt(loadDiscriminant(memory, pointer, sizeBytes)),
    store: (memory, value, pointer) =>
      storeDiscriminant(memory, indexOf(value), pointer, sizeBytes),
    liftFlat: (_memory, values, at) => nameAt(Number(values[at] as CoreValue) >>> 0),
    lowerFlat: (_memory, value, out) => void out.push(indexOf(value)),
  };
}

/** Flags as an object of booleans, by their names in camelCase. Those that are left out are false. */
export type FlagsValue = Readonly<Record<string, boolean | undefined>>;

/** @param names - in order; bits beyond them are ignored when lifted */
export function flags(names: readonly string[]): AbiType<FlagsValue> {
  const keys = names.map(camelCase);
  const words = Math.ceil(names.length / 32);
  const sizeBytes = names.length <= 8 ? 1 : names.length <= 16 ? 2 : 4 * words;
  const alignBytes = sizeBytes <= 2 ? sizeBytes : 4;
  const unpack = (wordAt: (word: number) => number): FlagsValue => {
    const value: Record<string, boolean> = {};
    for (let i = 0; i < keys.length; i++)
      value[keys[i]!] = ((wordAt(i >> 5) >>> (i & 31)) & 1) === 1;
    return value;
  };
  const pack = (value: FlagsValue): number[] => {
    const packed = new Array<number>(words).fill(0);
    for (let i = 0; i < keys.length; i++) {
      if (value[keys[i]!] === true) packed[i >> 5]! |= 1 << (i & 31);
    }
    return packed;
  };
  const flat: readonly CoreType[] = new Array<CoreType>(words).fill("i32");
  return {
    wit: { kind: "flags", names },
    sizeBytes: names.length === 0 ? 0 : sizeBytes,
    alignBytes: names.length === 0 ? 1 : alignBytes,
    flat,
    load: (memory, pointer) =>
      unpack((word) =>
        sizeBytes <= 2
          ? loadDiscriminant(memory, pointer, sizeBytes as 1 | 2)
          : memory.dataView().getUint32(pointer + 4 * word, true),
      ),
    store(memory, value, pointer) {
      const packed = pack(value);
      packed.forEach((word, i) =>
        sizeBytes <= 2
          ? storeDiscriminant(memory, word, pointer, sizeBytes as 1 | 2)
          : memory.dataView().setUint32(pointer + 4 * i, word, true),
      );
    },
    liftFlat: (_memory, values, at) => unpack((word) => Number(values[at + word])),
    lowerFlat: (_memory, value, out) => void out.push(...pack(value)),
  };
}
