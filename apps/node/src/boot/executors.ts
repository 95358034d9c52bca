/**
 * What runs programs: natively what is part of the release, in the sandbox everything else.
 * @module
 */
import {
  createComponentExecutor,
  machineMemoryBytes,
  MemoryBudget,
  type MeteredModuleStore,
  systemMemories,
} from "@kinode-ts/component";
import { primitives } from "@kinode-ts/crypto";
import { createNativeExecutor, createScriptExecutor } from "@kinode-ts/engine";
import type { Clock, Executor, ProgramFiles, Random } from "@kinode-ts/types";
import type { BundledPackage } from "../packages/bundled.ts";
import { trustedPrograms } from "./bundled-packages.ts";

/** Asked in this order. */
export function createExecutors(
  packages: readonly BundledPackage[],
  files: ProgramFiles,
  clock: Clock,
  random: Random,
  meteredModules: MeteredModuleStore,
): Executor[] {
  const release = packages.filter(({ by }) => by === "release").map((each) => each.package);
  const trusted = trustedPrograms(release);
  // Half of the machine or of its container: a process that spawns many must not take the memory of everything else.
  const memory = new MemoryBudget(machineMemoryBytes() / 2);
  const memories = systemMemories();
  const isTrusted = (bytes: Uint8Array): boolean => trusted.has(primitives.sha256(bytes).toHex());
  return [
    createNativeExecutor({ trusted: (source) => isTrusted(source.bytes) }),
    createScriptExecutor({
      clock,
      random,
      memory,
      memories,
      meteredModules,
      readFile: (path) => files.read(path),
    }),
    createComponentExecutor({ clock, random, memory, memories, meteredModules }),
  ];
}
