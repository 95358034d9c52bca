/**
 * What a canonical ABI type knows: its layout in guest memory and how values pass through it.
 * Source: the Component Model's "Canonical ABI Explainer"; UTF-8 strings and 32-bit memory only.
 * Names follow it: *lift* reads a guest's value, *lower* gives one to a guest; *load* and *store* do so in memory.
 * @module
 */
import type { GuestMemory } from "./guest-memory.ts";
import type { ValueType } from "./value-type.ts";

export type CoreType = "i32" | "i64" | "f32" | "f64";

/** A core WebAssembly value as JavaScript sees it. */
export type CoreValue = number | bigint;

export interface AbiType<T> {
  /** What it is in WIT; a component that imports a function must say the same. */
  readonly wit: ValueType;
  readonly sizeBytes: number;
  readonly alignBytes: number;
  /** The core values it is when passed as parameters. */
  readonly flat: readonly CoreType[];
  /** Reads from memory; `pointer` is aligned and in bounds for `sizeBytes`. */
  load(memory: GuestMemory, pointer: number): T;
  /** Writes to memory; `pointer` is aligned and in bounds. May call the guest's realloc. */
  store(memory: GuestMemory, value: T, pointer: number): void;
  /** Reads from flat core values, the first at index `at`. */
  liftFlat(memory: GuestMemory, values: readonly CoreValue[], at: number): T;
  /** Appends the core values it is as a parameter or a result. May call the guest's realloc. */
  lowerFlat(memory: GuestMemory, value: T, out: CoreValue[]): void;
}

/** The JavaScript value of an ABI type. */
export type ValueOf<A> = A extends AbiType<infer T> ? T : never;

export function alignUp(value: number, alignBytes: number): number {
  return (value + alignBytes - 1) & ~(alignBytes - 1);
}
