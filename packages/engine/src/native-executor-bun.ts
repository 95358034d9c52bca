/**
 * Runs the scripts that ship with the node in its own realm. They get the same host interface and the same
 * capabilities as everybody else; only code that is part of the release may run this way.
 * @module
 */
import { errorText, type Executor, type ProgramSource } from "@kinode-ts/types";
import { ScriptError } from "./errors.ts";
import { afterJobs, compileNativeBundle } from "./native-program-bun.ts";
import { startNativeProcess } from "./native-process.ts";
import { isScript, readScript } from "./script-text.ts";

export interface NativeExecutorOptions {
  /** Whether these very bytes are part of the release, e.g. by their SHA-256. */
  readonly trusted: (source: ProgramSource) => boolean;
}

/**
 * Accepts files called `….js` that are trusted, and nothing else.
 * Such a script cannot be stopped while it computes, so a rejection nobody handles and a loop without end are faults of
 * the release. `kill` ends it at its next call.
 */
export function createNativeExecutor({ trusted }: NativeExecutorOptions): Executor {
  return {
    accepts: (source) => isScript(source) && trusted(source),
    async prepare(source) {
      const { handle } = source;
      if (!trusted(source)) throw new ScriptError({ code: "script.not-trusted", handle });
      const text = readScript(source);
      try {
        const run = compileNativeBundle(text, handle);
        return { start: (host) => startNativeProcess(host, { run, afterJobs }) };
      } catch (cause) {
        throw new ScriptError(
          { code: "script.syntax", handle, reason: errorText(cause) },
          { cause },
        );
      }
    },
  };
}
