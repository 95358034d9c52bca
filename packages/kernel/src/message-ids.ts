/**
 * Message ids: random, so that no other node can guess the id of an outstanding request.
 * Source: spec/kernel.md §3.4 step 1. Drawn from 53 bits instead of 64: a number costs no bigint (types/u64.ts).
 * @module
 */
import type { Random } from "@kinode-ts/types";

const POOL_COUNT = 256;

/** Returns a function that draws ids; random bytes are fetched in bulk. */
export function createIdSource(random: Random): () => number {
  let pool = new Uint32Array(0);
  let next = 0;
  return () => {
    if (next === pool.length) {
      const bytes = random.bytes(POOL_COUNT * 8);
      pool = new Uint32Array(bytes.slice().buffer);
      next = 0;
    }
    const low = pool[next]!;
    const high = pool[next + 1]! >>> 11;
    next += 2;
    return high * 0x1_0000_0000 + low;
  };
}
