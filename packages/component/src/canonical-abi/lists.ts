/**
 * Strings, byte lists and lists of anything.
 * @module
 */
import type { AbiType, CoreValue } from "./abi-type.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { GuestTrap } from "./guest-memory.ts";

type Read<T> = (memory: GuestMemory, pointer: number, length: number) => T;

function pointerAndLength<T>(read: Read<T>, store: AbiType<T>["store"]): AbiType<T> {
  return {
    sizeBytes: 8,
    alignBytes: 4,
    flat: ["i32", "i32"],
    load(memory, pointer) {
      memory.view();
      const word = pointer >> 2;
      return read(memory, memory.u32[word]!, memory.u32[word + 1]!);
    },
    store,
    liftFlat: (memory, values, at) => read(memory, unsigned(values[at]), unsigned(values[at + 1])),
  };
}

const unsigned = (value: CoreValue | undefined): number => Number(value) >>> 0;

/** UTF-8 text; invalid bytes trap. */
export const string: AbiType<string> = pointerAndLength(
  (memory, pointer, length) => memory.string(pointer, length),
  (memory, value, pointer) => memory.storeString(value, pointer),
);

/** `list<u8>`, copied in both directions. */
export const bytes: AbiType<Uint8Array> = pointerAndLength(
  (memory, pointer, length) => memory.bytes(pointer, length),
  (memory, value, pointer) => memory.storeBytes(value, pointer),
);

export function list<T>(element: AbiType<T>): AbiType<readonly T[]> {
  const { sizeBytes, alignBytes } = element;
  const read: Read<readonly T[]> = (memory, pointer, length) => {
    memory.checkAligned(pointer, length * sizeBytes, alignBytes);
    memory.chargeElements(length);
    const values: T[] = [];
    for (let i = 0; i < length; i++) values.push(element.load(memory, pointer + i * sizeBytes));
    return values;
  };
  return pointerAndLength(read, (memory, values, pointer) => {
    const sizeOfAll = values.length * sizeBytes;
    if (sizeOfAll > 0x7fff_ffff) {
      throw new GuestTrap(`A list of ${values.length} elements does not fit the process's memory`);
    }
    const start = memory.allocate(alignBytes, sizeOfAll);
    for (let i = 0; i < values.length; i++) {
      element.store(memory, values[i]!, start + i * sizeBytes);
    }
    memory.view();
    memory.u32[pointer >> 2] = start;
    memory.u32[(pointer >> 2) + 1] = values.length;
  });
}
