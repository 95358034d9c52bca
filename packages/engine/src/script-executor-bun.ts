/**
 * The script executor with the engine that is part of this package.
 * @module
 */
import type { Executor } from "@kinode-ts/types";
import { createSandboxExecutor, type ScriptExecutorOptions } from "./script-executor.ts";

/** Where the engine component lies. */
const ENGINE_FILE = new URL("../engine/kinode-engine.wasm", import.meta.url);

/** Bytes of the engine component, for `packScript`. */
export function readEngine(): Promise<Uint8Array> {
  return Bun.file(ENGINE_FILE).bytes();
}

/** Runs files called `….js` sandboxed. The engine is read and compiled when the first one is prepared. */
export function createScriptExecutor(options: Omit<ScriptExecutorOptions, "engine">): Executor {
  return createSandboxExecutor({ ...options, engine: readEngine });
}
