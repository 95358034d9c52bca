/**
 * From the bytes of a component to a program: parse, select, trace, meter, compile, link.
 * @module
 */
import type { ComponentOptions, LoadedComponent, MeteredModuleStore } from "./api.ts";
import { AddressCache } from "./address-cache.ts";
import { BlobPool } from "./blob-pool.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { readCoreModule } from "./core-module/core-module.ts";
import type { CoreModule } from "./core-module/core-module.ts";
import { meterModule } from "./core-module/meter.ts";
import { METERING_VERSION } from "./core-module/metering.ts";
import { CpuMeter } from "./cpu-meter.ts";
import { contentHash } from "./content-hash.ts";
import { ComponentError } from "./errors.ts";
import { Fiber } from "./fiber.ts";
import type { FiberEnvironment } from "./fiber-port.ts";
import { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";
import type { ImportBinding } from "./canonical-abi/lower-function.ts";
import { bindingFinder, checkMainModule, linkProgram } from "./linked-program.ts";
import { parseComponent } from "./parse-component.ts";
import { selectInterface } from "./select-interface.ts";
import { traceInit } from "./trace-init.ts";
import type { MainModule } from "./trace-init.ts";

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
  const interfaces = options.interfaces ?? [];
  const structure = parseComponent(bytes, limits);
  const standard = selectInterface(
    structure,
    interfaces.map((item) => item.name),
  );
  const main = traceInit(structure);
  const core = readCoreModule(bytes, main.start, main.end);
  const bindings = checkMainModule(core, main, bindingFinder(interfaces));
  const module = await compileMetered(core, main, bindings, limits, options.meteredModules, bytes);
  const program = linkProgram(module, core, main, bindings);
  const environment: FiberEnvironment = {
    clock: options.clock,
    random: options.random,
    limits,
    addresses: new AddressCache(),
    cpu: cpuMeterOf(options),
    blobs: options.blobs ?? new BlobPool(),
    memory: options.memory ?? new MemoryBudget(limits.maxTotalMemoryBytes),
  };
  return {
    standardInterface: standard,
    start: (host, processLimits, startOptions) =>
      new Fiber(program, host, processLimits, environment, startOptions?.provide ?? {}),
  };
}

async function compileMetered(
  core: CoreModule,
  main: MainModule,
  bindings: readonly ImportBinding[],
  limits: FiberEnvironment["limits"],
  store: MeteredModuleStore | undefined,
  bytes: Uint8Array,
): Promise<WebAssembly.Module> {
  const key =
    store &&
    `${contentHash(bytes)}-${METERING_VERSION}-${limits.startFuel}-${limits.maxTableElements}`;
  const kept = key === undefined ? undefined : await store!.read(key).catch(() => undefined);
  if (kept !== undefined) {
    const module = await compile(kept).catch(() => undefined);
    if (module !== undefined) return module;
  }
  const protocols = new Map(
    core.importedFuncs.map((item, i) => [item, bindings[i]!.protocol] as const),
  );
  const metered = meterModule(core, {
    protocolOf: (item) => protocols.get(item)!,
    realloc: main.realloc,
    startFuel: limits.startFuel,
    maxTableElements: limits.maxTableElements,
  });
  const module = await compile(metered.bytes);
  if (key !== undefined) await store!.write(key, metered.bytes).catch(() => undefined);
  return module;
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ComponentError(
      { code: "component.invalid-module", what: `its core module is not valid: ${reason}` },
      { cause },
    );
  }
}
