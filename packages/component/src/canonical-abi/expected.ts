/**
 * Texts for values of the wrong kind that a host gives to a component.
 * @module
 */
import type { AbiType } from "./abi-type.ts";

/** @throws {TypeError} naming what was expected and what came */
export function expected(what: string, value: unknown): never {
  throw new TypeError(`Expected ${what}, got ${described(value)}`);
}

const MAX_SHOWN = 40;

function described(value: unknown): string {
  if (typeof value === "string") {
    const cut = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
    return JSON.stringify(cut);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** The same type, whose errors say in which part of a value they are. */
export function inPart<T>(name: string, type: AbiType<T>): AbiType<T> {
  const naming = <R>(work: () => R): R => {
    try {
      return work();
    } catch (error) {
      if (error instanceof TypeError && error.message.startsWith("Expected "))
        throw new TypeError(`${error.message} in "${name}"`, { cause: error.cause });
      throw error;
    }
  };
  return {
    ...type,
    store: (memory, value, pointer) => naming(() => type.store(memory, value, pointer)),
    lowerFlat: (memory, value, out) => naming(() => type.lowerFlat(memory, value, out)),
  };
}
