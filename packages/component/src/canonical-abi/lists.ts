/**
 * Strings, byte lists and lists of anything.
 * @module
 */
import type { AbiType, CoreValue } from "./abi-type.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { GuestTrap } from "./guest-memory.ts";
import type { ValueType } from "./value-type.ts";

type Read<T> = (memory: GuestMemory, pointer: number, length: number) => T;
/** Puts a value into fresh guest memory; returns pointer and length. */
type Put<T> = (memory: GuestMemory, value: T) => readonly [pointer: number, length: number];

function pointerAndLength<T>(wit: ValueType, read: Read<T>, put: Put<T>): AbiType<T> {
  return {
    wit,
    sizeBytes: 8,
    alignBytes: 4,
    flat: ["i32", "i32"],
    load(memory, pointer) {
      memory.view();
      const word = pointer >> 2;
      return read(memory, memory.u32[word]!, memory.u32[word + 1]!);
    },
    store(memory, value, pointer) {
      const [start, length] = put(memory, value);
      memory.view();
      memory.u32[pointer >> 2] = start;
      memory.u32[(pointer >> 2) + 1] = length;
    },
    liftFlat: (memory, values, at) => read(memory, unsigned(values[at]), unsigned(values[at + 1])),
    lowerFlat: (memory, value, out) => void out.push(...put(memory, value)),
  };
}

const unsigned = (value: CoreValue | undefined): number => Number(value) >>> 0;

/** UTF-8 text; invalid bytes trap. */
export const string: AbiType<string> = {
  ...pointerAndLength<string>(
    { kind: "string" },
    (memory, pointer, length) => memory.string(pointer, length),
    (memory, value) => memory.putString(value),
  ),
  store: (memory, value, pointer) => memory.storeString(value, pointer),
};

/** `list<u8>`, copied in both directions. */
export const bytes: AbiType<Uint8Array> = {
  ...pointerAndLength<Uint8Array>(
    { kind: "list", element: { kind: "u8" } },
    (memory, pointer, length) => memory.byteList(pointer, length),
    (memory, value) => memory.putBytes(value),
  ),
  store: (memory, value, pointer) => memory.storeBytes(value, pointer),
};

const MAX_LIST_BYTES = 0x7fff_ffff;

export function list<T>(element: AbiType<T>): AbiType<readonly T[]> {
  const { sizeBytes, alignBytes } = element;
  const read: Read<readonly T[]> = (memory, pointer, length) => {
    memory.checkAligned(pointer, length * sizeBytes, alignBytes);
    memory.chargeElements(length);
    const values: T[] = [];
    for (let i = 0; i < length; i++) values.push(element.load(memory, pointer + i * sizeBytes));
    return values;
  };
  return pointerAndLength({ kind: "list", element: element.wit }, read, (memory, values) => {
    const sizeOfAll = values.length * sizeBytes;
    if (sizeOfAll > MAX_LIST_BYTES) {
      throw new GuestTrap(`A list of ${values.length} elements does not fit the process's memory`);
    }
    const start = memory.allocate(alignBytes, sizeOfAll);
    for (let i = 0; i < values.length; i++) {
      element.store(memory, values[i]!, start + i * sizeBytes);
    }
    return [start, values.length];
  });
}

interface NumberArray extends ArrayBufferView {
  readonly length: number;
}

/** A list of numbers as a typed array, copied in one piece. */
export function numberList<A extends NumberArray>(
  element: AbiType<unknown>,
  make: new (buffer: ArrayBufferLike) => A,
): AbiType<A> {
  const { sizeBytes, alignBytes } = element;
  return pointerAndLength<A>(
    { kind: "list", element: element.wit },
    (memory, pointer, length) => {
      memory.checkAligned(pointer, length * sizeBytes, alignBytes);
      return new make(memory.bytes(pointer, length * sizeBytes).buffer);
    },
    (memory, value) => {
      const raw = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      const [start] = memory.putBytes(raw, alignBytes);
      return [start, value.length];
    },
  );
}
