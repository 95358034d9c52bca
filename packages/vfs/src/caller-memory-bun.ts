/**
 * Memory of one thread, used by another where it lies: what a disk thread reads or writes is not copied on the way.
 *
 * As with a call of the system that goes on beside the program: whoever gives memory away keeps it until it has an answer.
 * @module
 */
import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";

/** Where memory is, and its bytes. */
export type MemoryPlace = readonly [address: number, byteLength: number];

export function placeOf(memory: Uint8Array): MemoryPlace {
  return [ptr(memory), memory.length];
}

/**
 * Addresses from one view to the next. A view of the bytes alone would be new for each call, and each one counts for the
 * collector of garbage as if its bytes had come from nowhere.
 */
const STRETCH_BYTES = 2 ** 28;

const stretches = new Map<number, Uint8Array>();

/** The memory of another thread, which keeps it meanwhile. */
export function memoryAt([address, byteLength]: MemoryPlace): Uint8Array {
  const start = address % STRETCH_BYTES;
  const base = address - start;
  let stretch = stretches.get(base);
  if (stretch === undefined) {
    // Nothing of it is touched but what was given: of the rest it is not even known whether it is there.
    stretch = new Uint8Array(toArrayBuffer(base as Pointer, 0, 2 * STRETCH_BYTES));
    stretches.set(base, stretch);
  }
  return stretch.subarray(start, start + byteLength);
}
