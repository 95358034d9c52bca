/**
 * The text of a script file.
 * @module
 */
import type { ProgramSource } from "@kinode-ts/types";
import { ScriptError } from "./errors.ts";

/** The component executor lowers no longer text; bundles have 10 KB to 1 MB. */
export const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;

/** Whether a file is one for a script executor. */
export function isScript(source: ProgramSource): boolean {
  return source.handle.endsWith(".js");
}

/** @throws {ScriptError} `script.too-large`, `script.not-utf8` */
export function readScript({ handle, bytes }: ProgramSource): string {
  if (bytes.length > MAX_SCRIPT_BYTES) {
    const bound = MAX_SCRIPT_BYTES;
    throw new ScriptError({ code: "script.too-large", handle, bytes: bytes.length, bound });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ScriptError({ code: "script.not-utf8", handle }, { cause });
  }
}
