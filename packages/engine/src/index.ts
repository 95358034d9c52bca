/**
 * Scripts as processes: sandboxed in the shared JavaScript engine, or natively for what ships with the node.
 * @module
 */
export { createGuestRuntime } from "./create-guest-runtime.ts";
export type { GuestRuntimeOptions } from "./create-guest-runtime.ts";
export { ENGINE_GLOBALS } from "./engine-globals.ts";
export { ScriptError } from "./errors.ts";
export type { ScriptFault } from "./errors.ts";
export { createNativeExecutor } from "./native-executor-bun.ts";
export type { NativeExecutorOptions } from "./native-executor-bun.ts";
export type {
  ExportedCase,
  ExportedField,
  ExportedFunction,
  ExportedInterface,
  ExportedPrimitive,
  ExportedType,
} from "./pack/exported-interface.ts";
export { isPackedScript, packScript, unpackScript } from "./pack-script.ts";
export type { PackOptions } from "./pack-script.ts";
export { createScriptExecutor, readEngine } from "./script-executor-bun.ts";
export { createSandboxExecutor } from "./script-executor.ts";
export type { ScriptExecutorOptions } from "./script-executor.ts";
export { type ReadFile, StackPositions } from "./stack-positions.ts";
export { MAX_SCRIPT_BYTES } from "./script-text.ts";
