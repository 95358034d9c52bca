/**
 * From the bytes of a component to a program: parse, select, trace, meter, compile, link.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { ComponentOptions, LoadedComponent } from "./api.ts";
import { AddressCache } from "./address-cache.ts";
import { BlobPool } from "./blob-pool.ts";
import { provideMetered } from "./compile-metered.ts";
import type { ComponentStructure } from "./component-structure.ts";
import { contentHash } from "./content-hash.ts";
import type { CoreImport, CoreModule } from "./core-module/core-module.ts";
import { meterModuleInTurns } from "./core-module/meter.ts";
import { METERING_VERSION } from "./core-module/metering.ts";
import { CpuMeter } from "./cpu-meter.ts";
import { Fiber } from "./fiber.ts";
import type { FiberProgram } from "./fiber.ts";
import type { FiberEnvironment } from "./fiber-port.ts";
import { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";
import type { ComponentLimits } from "./limits.ts";
import type { ImportBinding } from "./canonical-abi/lower-function.ts";
import { processImports } from "./link/bind-imports.ts";
import { linkProcess } from "./link/link-process.ts";
import { bindingFinder, checkMainModule, mainProgram, usedExports } from "./main-program.ts";
import { LinearMemories } from "./linear-memories.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { parseComponent } from "./parse-component.ts";
import { selectInterface } from "./select-interface.ts";
import { findMainModule } from "./main-module.ts";
import type { MainModule } from "./trace-init.ts";

/** One for all that are given none: there is one address space. */
const usualMemories = new LinearMemories();
const cpuMeters = new WeakMap<object, CpuMeter>();

/** One meter for one clock: its samples assume that it sees every fiber. */
function cpuMeterOf(options: ComponentOptions): CpuMeter {
  let meter = cpuMeters.get(options.clock);
  if (meter === undefined) cpuMeters.set(options.clock, (meter = new CpuMeter(options.clock)));
  return meter;
}

/**
 * Checks, meters and compiles a component; compiling happens off the thread.
 * @throws {ComponentError} the text names what is wrong with the bytes
 */
export async function loadComponent(
  bytes: Uint8Array,
  options: ComponentOptions,
): Promise<LoadedComponent> {
  const limits = { ...DEFAULT_COMPONENT_LIMITS, ...options.limits };
  const structure = parseComponent(bytes, limits);
  const standard = selectInterface(
    structure,
    (options.interfaces ?? []).map((item) => item.name),
  );
  const program = await programOf(bytes, structure, options, limits);
  const environment = environmentOf(options, limits);
  return {
    standardInterface: standard,
    codeBytes: program.codeBytes,
    start: (host, processLimits, startOptions) =>
      new Fiber(program, host, processLimits, environment, startOptions?.provide ?? {}),
  };
}

/** What the processes of some options share. */
export function environmentOf(
  options: ComponentOptions,
  limits: ComponentLimits,
): FiberEnvironment {
  return {
    clock: options.clock,
    random: options.random,
    memories: options.memories ?? usualMemories,
    limits,
    addresses: new AddressCache(),
    cpu: cpuMeterOf(options),
    blobs: options.blobs ?? new BlobPool(),
    memory: options.memory ?? new MemoryBudget(limits.maxTotalMemoryBytes),
  };
}

/** The fast way where the main module needs nothing else, else the general one. */
async function programOf(
  bytes: Uint8Array,
  structure: ComponentStructure,
  options: ComponentOptions,
  limits: ComponentLimits,
): Promise<FiberProgram> {
  const interfaces = options.interfaces ?? [];
  const found =
    options.path === "general" ? undefined : findMainModule(bytes, structure, interfaces);
  if (found === undefined) {
    const imports = processImports(interfaces);
    return linkProcess(bytes, structure, imports, limits, options);
  }
  const { main, core } = found;
  const bindings = checkMainModule(core, main, bindingFinder(interfaces));
  const hash = options.meteredModules === undefined ? "" : contentHash(bytes);
  const key = `${hash}-${METERING_VERSION}-${limits.startFuel}-${limits.maxTableElements}`;
  const compiled = await provideMetered(options.meteredModules, key, core.funcTypes.length, () =>
    meterMain(core, main, bindings, limits, options.clock),
  );
  return mainProgram(compiled, core, main, bindings);
}

async function meterMain(
  core: CoreModule,
  main: MainModule,
  bindings: readonly ImportBinding[],
  limits: ComponentLimits,
  clock: Clock,
): Promise<Uint8Array> {
  const protocols = new Map(
    core.importedFuncs.map((item, i) => [item, bindings[i]!.protocol] as const),
  );
  const meterOptions = {
    protocolOf: (item: CoreImport) => protocols.get(item)!,
    realloc: main.realloc,
    startFuel: limits.startFuel,
    maxTableElements: limits.maxTableElements,
    maxCodeItems: limits.maxCodeItems,
    keptExports: usedExports(main),
  };
  return (await meterModuleInTurns(core, meterOptions, clock)).bytes;
}
