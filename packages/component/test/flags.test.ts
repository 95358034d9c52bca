import { expect, test } from "bun:test";
import { flags } from "../src/canonical-abi/enums.ts";
import type { CoreValue } from "../src/canonical-abi/abi-type.ts";
import { createMemory } from "./guest-memory.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `flag-${i}`);
const AT = 64;

// More than 32 are in the canonical ABI, but the public tools that check the others refuse them.
for (const count of [1, 8, 9, 16, 17, 32, 33, 64, 70]) {
  test(`${count} flags cross in memory and flat, each in its own bit`, () => {
    const type = flags(names(count));
    const words = Math.ceil(count / 32);
    expect(type.sizeBytes).toBe(count <= 8 ? 1 : count <= 16 ? 2 : 4 * words);
    expect(type.flat).toEqual(new Array(words).fill("i32"));
    const { memory } = createMemory();
    for (let bit = 0; bit < count; bit++) {
      const only = Object.fromEntries(
        names(count).map((name, i) => [`flag${name.slice(5)}`, i === bit]),
      );
      type.store(memory, only, AT);
      const bytes = memory.view().slice(AT, AT + type.sizeBytes);
      expect(bytes[bit >> 3]).toBe(1 << (bit & 7));
      expect(bytes.reduce((sum, byte) => sum + byte, 0)).toBe(1 << (bit & 7));
      expect(type.load(memory, AT)).toEqual(only);
      const flat: CoreValue[] = [];
      type.lowerFlat(memory, only, flat);
      expect(flat.length).toBe(words);
      expect(type.liftFlat(memory, flat, 0)).toEqual(only);
    }
  });
}
