/**
 * Runs scripts sandboxed: one compiled engine component, shared by all, and the script handed in through an import.
 * @module
 */
import {
  bytes as byteList,
  type ComponentOptions,
  createComponentExecutor,
  loadComponent,
  type LoadedComponent,
  option,
  string,
} from "@kinode-ts/component";
import type { Ending, Executor, Program } from "@kinode-ts/types";
import { CompiledScripts } from "./compiled-scripts.ts";
import { isPackedScript, unpackScript } from "./pack-script.ts";
import { isScript, readScript } from "./script-text.ts";
import { type ReadFile, StackPositions } from "./stack-positions.ts";
import { TranslatedOutput, translatingHost } from "./translating-host.ts";

const SOURCE_INTERFACE = "kinode:script/source@0.1.0";

export interface ScriptExecutorOptions extends Omit<ComponentOptions, "interfaces"> {
  /** Bytes of the engine component; asked for once, when the first script is prepared. */
  readonly engine: () => Promise<Uint8Array>;
  /** Reads the source map beside a script when a stack trace is shown. Without it traces name places in the bundle. */
  readonly readFile?: ReadFile;
}

interface ReadyEngine {
  readonly bytes: Uint8Array;
  readonly component: LoadedComponent;
}

async function loadEngine({
  engine,
  readFile: _,
  ...options
}: ScriptExecutorOptions): Promise<ReadyEngine> {
  const bytes = await engine();
  const functions = {
    get: { params: [], result: option(string) },
    compiled: { params: [], result: option(byteList) },
    keep: { params: [byteList], result: undefined },
  };
  const interfaces = [{ name: SOURCE_INTERFACE, functions }];
  return { bytes, component: await loadComponent(bytes, { ...options, interfaces }) };
}

/**
 * Accepts files called `….js`, and components that `packScript` made, whatever they are called: those run on the
 * shared engine as well, or with the engine they were packed with if that is another one.
 */
export function createSandboxExecutor(options: ScriptExecutorOptions): Executor {
  let engine: Promise<ReadyEngine> | undefined;
  const components = createComponentExecutor(options);
  const compiledScripts = new CompiledScripts();
  return {
    accepts: (source) => isScript(source) || isPackedScript(source.bytes),
    async prepare(source): Promise<Program> {
      engine ??= loadEngine(options);
      const { bytes, component } = await engine.catch((error: unknown) => {
        engine = undefined; // NOTE: a file that could not be read once may be readable later
        throw error;
      });
      const isPacked = isPackedScript(source.bytes);
      const text = isPacked ? unpackScript(bytes, source.bytes) : source.bytes;
      if (text === undefined) return components.prepare(source);
      const script = readScript({ handle: source.handle, bytes: text });
      const positions = new StackPositions(source.handle, script, options.readFile);
      return {
        start(host, limits) {
          const given = { get: () => script, ...compiledScripts.sourceFor(script) };
          const provide = { [SOURCE_INTERFACE]: given };
          const output = new TranslatedOutput(host, positions);
          const running = component.start(translatingHost(host, output), limits, { provide });
          return {
            ended: running.ended.then((ending) => output.end(inWordsOfScripts(ending))),
            kill: () => running.kill(),
            usage: () => running.usage(),
          };
        },
      };
    },
  };
}

/** The engine writes an error nobody handled to its standard error and then traps: how it traps helps nobody. */
function inWordsOfScripts(ending: Ending): Ending {
  if (ending.kind !== "trapped" || ending.stderr === "" || !ending.reason.includes("unreachable"))
    return ending;
  return { ...ending, reason: "it threw an error that nobody handled" };
}
