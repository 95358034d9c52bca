/**
 * Reproducible randomness for tests. Not secure, and never used outside tests.
 * @module
 */
import type { Random, U64 } from "@kinode-ts/types";
import { u64FromHalves } from "@kinode-ts/types";

export interface SeededRandom extends Random {
  /** An integer from 0 to `bound` − 1. */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
}

/** The generator sfc32 (PractRand): four 32-bit words of state. */
class Sfc32 implements SeededRandom {
  readonly #words: Uint32Array;

  constructor(seed: number) {
    this.#words = Uint32Array.of(seed, seed / 0x1_0000_0000, 0x9e37_79b9, 1);
    for (let round = 0; round < 16; round++) this.#next();
  }

  #next(): number {
    const words = this.#words;
    const [a, b, c, counter] = [words[0]!, words[1]!, words[2]!, words[3]!];
    const result = (a + b + counter) >>> 0;
    words[3] = counter + 1;
    words[0] = b ^ (b >>> 9);
    words[1] = c + (c << 3);
    words[2] = ((c << 21) | (c >>> 11)) + result;
    return result;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = this.#next() >>> 24;
    return bytes;
  }

  u64(): U64 {
    return u64FromHalves(this.#next(), this.#next());
  }

  below(bound: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * bound);
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 0x1_0000_0000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Cannot pick from an empty list");
    return items[this.below(items.length)]!;
  }
}

/** The same seed (an integer) gives the same sequence on every machine. */
export function createSeededRandom(seed: number): SeededRandom {
  return new Sfc32(seed);
}
