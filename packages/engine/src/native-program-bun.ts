/**
 * Evaluates a trusted bundle in the node's own realm, with the globals of the engine and no others.
 * This hides names so that a script behaves the same everywhere; it is not a sandbox, which is why only scripts that
 * are part of the release come here.
 * @module
 */
import { createFetch } from "@kinode-ts/codec/web-fetch";
import type { BodyParts } from "@kinode-ts/codec/web-fetch";
import type { NativeGuest } from "./create-guest-runtime.ts";
import { ENGINE_GLOBALS } from "./engine-globals.ts";
import { createGuestConsole, type GuestConsole } from "./guest-console.ts";
import { inspect } from "./web/inspect.ts";
import { createTimers } from "./web/timers.ts";

/** Runs the top level of a bundle. */
export type NativeBundle = (guest: NativeGuest) => void;

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

/** The globals that belong to one process, and not to the realm. */
interface OwnGlobals {
  readonly console: GuestConsole;
  readonly setTimeout: unknown;
  readonly setInterval: unknown;
  readonly clearTimeout: unknown;
  readonly clearInterval: unknown;
  readonly fetch: unknown;
}

const OWN_NAMES = [
  "console",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
  "fetch",
] as const satisfies readonly (keyof OwnGlobals)[];

function ownGlobals({ kinode, carry }: NativeGuest): OwnGlobals {
  const console = createGuestConsole({
    print: (verbosity, text) => kinode.printToTerminal(verbosity, text),
    inspect,
    nowMs: () => performance.now(),
  });
  const timers = createTimers({
    carry,
    report: (thrown) => console.error("Uncaught", thrown),
    debug: (text) => kinode.printToTerminal(1, text),
  });
  const [firstNumber = 0] = crypto.getRandomValues(new Uint32Array(1));
  const fetch = createFetch({ carry, Request, Response, streamOf, firstNumber });
  return { console, ...timers, fetch };
}

/** Asks for a part when somebody reads, and gives up when somebody cancels: nothing is read ahead. */
function streamOf(parts: BodyParts): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await iterator.return?.()),
    },
    { highWaterMark: 0 },
  );
}

/** What `globalThis` is to a native script: the offered globals on an object of its own. */
function globalObject(guest: NativeGuest, own: OwnGlobals): object {
  const globals: Record<string, unknown> = {};
  for (const name of ENGINE_GLOBALS) {
    const value: unknown = Reflect.get(globalThis, name);
    if (value !== undefined) globals[name] = value;
  }
  return Object.assign(globals, { globalThis: globals, kinode: guest.kinode, ...own });
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
  const run = new Function("kinode", "globalThis", ...OWN_NAMES, ...hidden, `{${body}\n}`) as (
    ...values: readonly unknown[]
  ) => void;
  return (guest) => {
    const own = ownGlobals(guest);
    run(guest.kinode, globalObject(guest, own), ...OWN_NAMES.map((name) => own[name]));
  };
}

/** Calls `run` when all jobs that are ready now, and those they make, have run. */
export function afterJobs(run: () => void): void {
  setImmediate(run);
}
