/**
 * The host's source of randomness.
 * @module
 */
import { randomFillSync } from "node:crypto";
import { type Random, u64FromHalves } from "@kinode-ts/types";

/** Drawn in blocks: one system call for 512 ids. */
const POOL_BYTES = 4_096;

export function createSystemRandom(): Random {
  const pool = new Uint32Array(POOL_BYTES / 4);
  let next = pool.length;
  return {
    bytes: (length) => randomFillSync(new Uint8Array(length)),
    u64() {
      if (next === pool.length) {
        randomFillSync(pool);
        next = 0;
      }
      const value = u64FromHalves(pool[next]!, pool[next + 1]!);
      // Used bytes do not stay in memory.
      pool[next++] = 0;
      pool[next++] = 0;
      return value;
    },
  };
}
