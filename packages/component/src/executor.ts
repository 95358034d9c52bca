/**
 * The component executor: accepts WebAssembly files and runs them as processes (contract: `Executor` in types).
 * @module
 */
import type { Executor } from "@kinode-ts/types";
import type { ComponentOptions } from "./api.ts";
import { BlobPool } from "./blob-pool.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";
import { loadComponent } from "./load-component.ts";
import { hasWasmMagic } from "./parse-component.ts";
import { ProgramCache } from "./program-cache.ts";

const EXTENSION = ".wasm";

/**
 * Accepts what is called `….wasm` or begins like WebAssembly; whether it is a component that can run here
 * is found out by `prepare`, so that a bad file gets a clear text.
 */
export function createComponentExecutor(options: ComponentOptions): Executor {
  const limits = { ...DEFAULT_COMPONENT_LIMITS, ...options.limits };
  const shared = {
    ...options,
    blobs: options.blobs ?? new BlobPool(),
    memory: options.memory ?? new MemoryBudget(limits.maxTotalMemoryBytes),
  };
  const programs = new ProgramCache(limits);
  return {
    accepts: ({ handle, bytes }) => handle.endsWith(EXTENSION) || hasWasmMagic(bytes),
    prepare: ({ bytes }) => programs.provide(bytes, (copy) => loadComponent(copy, shared)),
  };
}
