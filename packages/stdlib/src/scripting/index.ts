/**
 * What the author of a script for the terminal imports.
 * @module
 */
export { parseArgs } from "./parse-args.ts";
export type { ArgOption, Args, ArgsShape } from "./parse-args.ts";
export { ScriptFailure } from "./script-failure.ts";
export { defineScript } from "./script.ts";
export type { ScriptBody, ScriptInput, ScriptOutcome } from "./script.ts";
export { splitWords } from "./split-words.ts";
