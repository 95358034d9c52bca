/**
 * The host's randomness.
 * @module
 */
import { randomFillSync } from "node:crypto";
import { type Random, toU64 } from "@kinode-ts/types";

export function createHostRandom(): Random {
  return {
    bytes: (length) => randomFillSync(new Uint8Array(length)),
    u64: () => toU64(randomFillSync(new BigUint64Array(1))[0]!),
  };
}
