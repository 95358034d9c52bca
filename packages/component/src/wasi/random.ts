/**
 * `wasi:random`: the node's randomness; "insecure" is as good as the other.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import type { U64 } from "@kinode-ts/types";
import { bytes } from "../canonical-abi/lists.ts";
import { tuple } from "../canonical-abi/records.ts";
import { u64 } from "../canonical-abi/scalars.ts";
import type { FiberPort } from "../fiber-port.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";

/** Bytes of one call. Bounds its time; real programs ask for 32 or so. */
export const MAX_RANDOM_BYTES = 1 << 20;
const BYTES_PER_CALL_SHIFT = 8;

/**
 * Counts what so many random bytes cost the node.
 * @throws {ProcessFault} more than one call may ask for
 */
export function chargeRandom(process: FiberPort, length: U64): void {
  if (length > MAX_RANDOM_BYTES) {
    throw new ProcessFault(
      `it asked for ${length} random bytes in one call, above the limit of ${MAX_RANDOM_BYTES}`,
    );
  }
  process.spend(1 + (Number(length) >>> BYTES_PER_CALL_SHIFT));
}

function randomBytes(process: FiberPort, length: U64): Uint8Array {
  chargeRandom(process, length);
  return process.environment.random.bytes(Number(length));
}

const getBytes = wasiFunction([u64], bytes, randomBytes);
const getU64 = wasiFunction([], u64, (process) => process.environment.random.u64());

export const random: readonly WasiInterface[] = [
  {
    name: "wasi:random/random",
    resources: {},
    functions: { "get-random-bytes": getBytes, "get-random-u64": getU64 },
  },
  {
    name: "wasi:random/insecure",
    resources: {},
    functions: { "get-insecure-random-bytes": getBytes, "get-insecure-random-u64": getU64 },
  },
  {
    name: "wasi:random/insecure-seed",
    resources: {},
    functions: {
      "insecure-seed": wasiFunction([], tuple(u64, u64), ({ environment }) => {
        return [environment.random.u64(), environment.random.u64()] as const;
      }),
    },
  },
];
