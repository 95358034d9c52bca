/**
 * Finds the core module that `init` comes from, and how values reach it.
 * The trace is: export `init` → lifted function → exported core function → core instance → core module.
 * @module
 */
import type {
  CanonOptions,
  ComponentFunc,
  ComponentStructure,
  CoreExport,
  CoreFunc,
  CoreInstance,
} from "./component-structure.ts";
import { SORT } from "./component-structure.ts";
import { ComponentError, quoted } from "./errors.ts";

export interface MainModule {
  /** Where its bytes lie in the component. */
  readonly start: number;
  readonly end: number;
  /** Names of its exports. */
  readonly init: string;
  readonly memory: string;
  readonly realloc: string | undefined;
}

const INIT = "init";

function noInit(what: string): never {
  throw new ComponentError(
    { code: "component.no-init", what },
    { hint: 'Build for the world "process-v1", which exports init: func(our: string)' },
  );
}

function unsupported(feature: string): never {
  throw new ComponentError({ code: "component.unsupported", feature });
}

/** Follows re-exports; each step goes to a smaller index, so it ends. */
function resolveFunc(structure: ComponentStructure, index: number): ComponentFunc {
  let func = structure.funcs[index]!;
  while (func.kind === "same-as") func = structure.funcs[func.index]!;
  return func;
}

function coreExport(
  items: readonly (CoreFunc | CoreExport)[],
  index: number,
  what: string,
): CoreExport {
  const item = items[index];
  if (item === undefined) return noInit(`its ${what} does not exist`);
  if (item.kind !== "core-export")
    return unsupported(`a ${what} that is not exported by a core module`);
  return item;
}

function instanceOf(
  structure: ComponentStructure,
  item: CoreExport,
): CoreInstance & { kind: "instantiate" } {
  const instance = structure.coreInstances[item.instance]!;
  if (instance.kind !== "instantiate")
    return unsupported("an instance put together from several core modules");
  return instance;
}

/** The realloc of the main instance that lifted and lowered functions use; they must agree. */
function reallocName(
  structure: ComponentStructure,
  main: number,
  lift: CanonOptions,
): string | undefined {
  const names = new Set<string>();
  const note = (index: number | undefined): void => {
    const item = index === undefined ? undefined : structure.coreFuncs[index];
    if (item?.kind === "core-export" && item.instance === main) names.add(item.name);
  };
  note(lift.realloc);
  for (const item of structure.coreFuncs) if (item.kind === "lower") note(item.options.realloc);
  if (names.size > 1)
    return unsupported(`several realloc functions (${[...names].map(quoted).join(", ")})`);
  return [...names][0];
}

/** @throws {ComponentError} `component.no-init`, `component.unsupported` */
export function traceInit(structure: ComponentStructure): MainModule {
  const exported = structure.exports.find((item) => item.name === INIT && item.sort === SORT.func);
  if (exported === undefined) return noInit('it does not export a function "init"');
  const func = resolveFunc(structure, exported.index);
  if (func.kind !== "lift") return unsupported('an "init" that comes from a nested component');
  const { options } = func;
  if (options.encoding !== "utf8") unsupported(`strings as ${options.encoding}`);
  if (options.async) unsupported("asynchronous functions");
  const init = coreExport(structure.coreFuncs, func.coreFunc, "init function");
  const instance = instanceOf(structure, init);
  if (options.memory === undefined) return noInit('its "init" takes no string');
  const memory = coreExport(structure.coreMemories, options.memory, "memory");
  if (memory.instance !== init.instance) unsupported("a memory outside the main module");
  for (const item of structure.coreFuncs) {
    if (item.kind === "lower" && item.options.encoding !== "utf8")
      unsupported(`strings as ${item.options.encoding}`);
  }
  const module = structure.coreModules[instance.module]!;
  if (module.kind !== "bytes") return unsupported("a core module from outside");
  const realloc = reallocName(structure, init.instance, options);
  return { start: module.start, end: module.end, init: init.name, memory: memory.name, realloc };
}
