/**
 * Evaluates a trusted bundle in the node's own realm, with the globals of the engine and no others.
 * This hides names so that a script behaves the same everywhere; it is not a sandbox, which is why only scripts that
 * are part of the release come here.
 * @module
 */
import type { GuestRuntime } from "@kinode-ts/types";
import { ENGINE_GLOBALS } from "./engine-globals.ts";
import { createGuestConsole } from "./guest-console.ts";

/** Runs the top level of a bundle. */
export type NativeBundle = (kinode: GuestRuntime) => void;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Names that cannot be parameters, or that the bundle must be able to declare itself. */
const NOT_SHADOWED = new Set([
  "undefined",
  "eval",
  "Infinity",
  "NaN",
  "arguments",
  "kinode",
  "console",
  "globalThis",
]);

/** Names of the realm, and of modules, that the engine does not have. */
function hiddenNames(): string[] {
  const offered = new Set(ENGINE_GLOBALS);
  const names = new Set(["require", "module", "exports", "__filename", "__dirname"]);
  for (let scope: unknown = globalThis; scope !== null; scope = Object.getPrototypeOf(scope)) {
    for (const name of Object.getOwnPropertyNames(scope)) names.add(name);
  }
  return [...names].filter((name) => {
    return IDENTIFIER.test(name) && !offered.has(name) && !NOT_SHADOWED.has(name);
  });
}

/** What `globalThis` is to a native script: the offered globals on an object of its own. */
function ownGlobals(kinode: GuestRuntime, console: object): object {
  const globals: Record<string, unknown> = {};
  for (const name of ENGINE_GLOBALS) {
    const value: unknown = Reflect.get(globalThis, name);
    if (value !== undefined) globals[name] = value;
  }
  return Object.assign(globals, { globalThis: globals, kinode, console });
}

/**
 * Compiles a bundle (one IIFE) without running it.
 * @param name - shown in stack traces
 * @throws {SyntaxError}
 */
export function compileNativeBundle(source: string, name: string): NativeBundle {
  const hidden = hiddenNames();
  const body = `${source}\n//# sourceURL=${name.replaceAll(/\s/g, "_")}`;
  // The bundle runs inside a function of its own, so that it may declare a name that is hidden here.
  const run = new Function("kinode", "console", "globalThis", ...hidden, `{${body}\n}`) as (
    kinode: GuestRuntime,
    console: object,
    globals: object,
  ) => void;
  return (kinode) => {
    const console = createGuestConsole((verbosity, text) =>
      kinode.printToTerminal(verbosity, text),
    );
    run(kinode, console, ownGlobals(kinode, console));
  };
}

/** Calls `run` when all jobs that are ready now, and those they make, have run. */
export function afterJobs(run: () => void): void {
  setImmediate(run);
}
