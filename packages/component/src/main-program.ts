/**
 * A component run the fast way: a compiled main module with a binding for each of its imports. Only the main module is
 * instantiated, on our own lowerings and our own preview 1; `main-module.ts` decides whether that will do.
 * @module
 */
import { formatAddress } from "@kinode-ts/types";
import type { HostInterface } from "./api.ts";
import type { ImportBinding } from "./canonical-abi/lower-function.ts";
import { lowerFunction } from "./canonical-abi/lower-function.ts";
import type { CoreImport, CoreModule, FuncType } from "./core-module/core-module.ts";
import { METER_EXPORT, METER_MEMORY, METER_MODULE } from "./core-module/metering.ts";
import { ComponentError, quoted } from "./errors.ts";
import type { AllocateMessage, Realloc } from "./canonical-abi/guest-memory.ts";
import type { CompiledModule } from "./compile-metered.ts";
import type { Fiber, FiberProgram } from "./fiber.ts";
import type { ImportObject } from "./jspi.ts";
import { instantiate, promising, suspending } from "./jspi.ts";
import type { ModuleMeter } from "./module-meter.ts";
import { PREVIEW1, PREVIEW1_MODULE } from "./preview1.ts";
import { STANDARD_INTERFACES } from "./select-interface.ts";
import { standardInterface } from "./standard-interface.ts";
import type { MainModule } from "./trace-init.ts";

/** Finds the binding of an imported function. */
export type FindBinding = (item: CoreImport) => ImportBinding;

const INITIALIZE = "_initialize";
/** What wit-component appends to a name that a module imports more than once, as those of Go do. */
const REPEATED = / \[v\d+\]$/;

/** Bindings of everything a main module may import. */
export function bindingFinder(interfaces: readonly HostInterface[]): FindBinding {
  const byInterface = new Map<string, ReadonlyMap<string, ImportBinding>>();
  for (const host of interfaces) byInterface.set(host.name, hostInterfaceBindings(host));
  return (item) => {
    const version = STANDARD_INTERFACES.get(item.module);
    const functions =
      version !== undefined
        ? standardInterface(version)
        : item.module === PREVIEW1_MODULE
          ? PREVIEW1
          : byInterface.get(item.module);
    if (functions === undefined) {
      throw new ComponentError({
        code: "component.unsupported",
        feature: `the import ${quoted(item.module)} ${quoted(item.name)} of its main module, which another core module provides,`,
      });
    }
    const binding = functions.get(item.name) ?? functions.get(item.name.replace(REPEATED, ""));
    if (binding === undefined) {
      const known = [...functions.keys()];
      throw new ComponentError({
        code: "component.unknown-import",
        name: `${item.module}#${item.name}`,
        known,
      });
    }
    return binding;
  };
}

function hostInterfaceBindings(host: HostInterface): ReadonlyMap<string, ImportBinding> {
  return new Map(
    Object.entries(host.functions).map(([name, type]) => [
      name,
      lowerFunction(type, (fiber, values) => {
        const implementation = fiber.provided[host.name]?.[name];
        if (implementation === undefined) {
          throw new TypeError(`"${host.name}" "${name}" was not provided at start`);
        }
        return implementation(...(values as never[]));
      }),
    ]),
  );
}

const sameType = (a: FuncType, b: FuncType): boolean =>
  a.params.join() === b.params.join() && a.results.join() === b.results.join();

const typeText = (type: FuncType): string =>
  `(${type.params.join(", ")}) -> (${type.results.join(", ")})`;

/**
 * Checks the main module's imports and exports against what it will be linked to.
 * @returns the binding of each imported function, in index order
 */
export function checkMainModule(
  core: CoreModule,
  main: MainModule,
  find: FindBinding,
): readonly ImportBinding[] {
  const other = core.imports.find((item) => item.kind !== "func");
  if (other !== undefined) {
    const feature = `the ${other.kind} ${quoted(other.module)} ${quoted(other.name)} imported by its main module`;
    throw new ComponentError({ code: "component.unsupported", feature });
  }
  const bindings = core.importedFuncs.map((item) => {
    const binding = find(item);
    const type = core.types[item.type]!;
    if (!sameType(type, binding.type)) {
      const what = `its import ${quoted(item.module)} ${quoted(item.name)} has the core type ${typeText(type)}, not ${typeText(binding.type)}`;
      throw new ComponentError({ code: "component.invalid-module", what });
    }
    return binding;
  });
  checkExports(core, main);
  return bindings;
}

function checkExports(core: CoreModule, main: MainModule): void {
  const exported = (name: string, kind: string) =>
    core.exports.find((item) => item.name === name && item.kind === kind);
  const typeOf = (index: number): FuncType | undefined => core.types[core.funcTypes[index] ?? -1];
  const init = exported(main.init, "func");
  const initType = init && typeOf(init.index);
  if (initType === undefined || !sameType(initType, { params: ["i32", "i32"], results: [] })) {
    const what =
      initType === undefined
        ? "its init function does not exist"
        : `its init function has the core type ${typeText(initType)}, not that of init: func(our: string)`;
    throw new ComponentError({ code: "component.no-init", what });
  }
  if (exported(main.memory, "memory") === undefined) {
    throw new ComponentError({
      code: "component.invalid-module",
      what: `its main module exports no memory ${quoted(main.memory)}`,
    });
  }
}

/** Names of the exports that a process of it is run by; its realloc is reached through what metering adds. */
export function usedExports({ init, memory }: MainModule): ReadonlySet<string> {
  return new Set([INITIALIZE, init, memory]);
}

/** What a process of it does. Groups imports by module name once, so that a start only makes the functions. */
export function mainProgram(
  { module, codeBytes }: CompiledModule,
  core: CoreModule,
  main: MainModule,
  bindings: readonly ImportBinding[],
): FiberProgram {
  const byModule = new Map<string, [name: string, binding: ImportBinding][]>();
  core.importedFuncs.forEach((item, i) => {
    const group = byModule.get(item.module) ?? [];
    if (group.length === 0) byModule.set(item.module, group);
    group.push([item.name, bindings[i]!]);
  });
  const groups = [...byModule];
  const hasInitialize = core.exports.some(
    (item) => item.name === INITIALIZE && item.kind === "func",
  );
  const bindImports = (
    fiber: Fiber,
    meter: ModuleMeter,
    memory: WebAssembly.Memory,
  ): ImportObject => {
    const imports: Record<string, Record<string, unknown>> = {
      [METER_MODULE]: {
        look: meter.look,
        suspend: suspending(fiber.suspend),
        [METER_MEMORY]: memory,
      },
    };
    for (const [name, items] of groups) {
      const functions: Record<string, unknown> = {};
      for (const [item, binding] of items) functions[item] = binding.bind(fiber);
      imports[name] = functions;
    }
    return imports;
  };
  return {
    codeBytes,
    async run(fiber) {
      const meter = fiber.addModule();
      const memory = fiber.createMemory(core.memories[0]!);
      const exports = instantiate(module, bindImports(fiber, meter, memory));
      fiber.memory.bind(
        memory,
        exports[METER_EXPORT.realloc] as Realloc | undefined,
        exports[METER_EXPORT.message] as AllocateMessage | undefined,
        meter,
      );
      fiber.admit(meter, exports, memory);
      // reactor modules want it called once before anything else
      if (hasInitialize) await promising(exports[INITIALIZE])();
      if (fiber.over) return;
      const [pointer, length] = fiber.memory.putString(formatAddress(fiber.host.our));
      await promising(exports[main.init])(pointer, length);
    },
  };
}
