/**
 * Compiles the core modules of a linked component, metered, off the thread.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { MeteredModuleStore } from "../api.ts";
import { leavesByteLists } from "../build-mark.ts";
import { contentHash } from "../content-hash.ts";
import { compileModule, provideMetered } from "../compile-metered.ts";
import type { CompiledModule } from "../compile-metered.ts";
import { exposeModule } from "../core-module/expose.ts";
import { meterModuleInTurns } from "../core-module/meter.ts";
import type { MeterOptions } from "../core-module/meter-plan.ts";
import { METERING_VERSION } from "../core-module/metering.ts";
import type { CoreModule } from "../core-module/core-module.ts";
import type { ComponentLimits } from "../limits.ts";
import type { Imports } from "./bind-imports.ts";
import { bindLowerings } from "./bind-imports.ts";
import { checkCoreTypes } from "./check-core-types.ts";
import type { LinkedProgram } from "./linked-program.ts";
import type { LinkModule, LinkPlan } from "./plan.ts";
import { writeTrampolines } from "./trampolines.ts";

/** The part of the options that compiling needs. */
export interface CompilePowers {
  readonly clock: Clock;
  readonly meteredModules?: MeteredModuleStore;
}

/**
 * Binds, meters and compiles everything a plan needs.
 * @throws {ComponentError} a module is not valid, or an import is not what the node has
 */
export async function compileProgram(
  bytes: Uint8Array,
  plan: LinkPlan,
  imports: Imports,
  limits: ComponentLimits,
  { clock, meteredModules: store }: CompilePowers,
): Promise<LinkedProgram> {
  const lowered = bindLowerings(plan, imports);
  checkCoreTypes(plan, lowered);
  const tables = plan.steps.reduce(
    (sum, step) => sum + definedTables(plan.modules[step.module]!.core),
    0,
  );
  const maxTableElements = Math.floor(limits.maxTableElements / Math.max(1, tables));
  const hash = store === undefined ? "" : contentHash(bytes);
  let itemsLeft = limits.maxCodeItems;
  const compileOne = ({ core, start }: LinkModule): Promise<CompiledModule> => {
    const elements = maxTableElements * Math.max(1, definedTables(core));
    const key = `${hash}-${start}-${METERING_VERSION}-${limits.startFuel}-${elements}`;
    return provideMetered(store, key, core.funcTypes.length, async () => {
      const options: MeterOptions = {
        protocolOf: () => "plain",
        realloc: undefined,
        startFuel: limits.startFuel,
        maxTableElements: elements,
        maxCodeItems: itemsLeft,
      };
      const metered = await meterModuleInTurns(core, options, clock);
      itemsLeft -= metered.loopCount + metered.functionCount;
      return exposeModule(metered.bytes, core.memories.length > 0);
    });
  };
  const used = new Set(plan.steps.map((step) => step.module));
  const modules: WebAssembly.Module[] = [];
  let codeBytes = 0;
  // one after the other: compiling has threads of its own, and bytes need not all be there at once
  for (const [i, module] of plan.modules.entries()) {
    if (!used.has(i)) continue;
    const compiled = await compileOne(module);
    modules[i] = compiled.module;
    codeBytes += compiled.codeBytes;
  }
  const trampolines = await compileModule(
    writeTrampolines(lowered.map(({ type, protocol }) => ({ type, protocol }))),
  );
  const pairs = lowered.map((binding, i) => ({ lowering: plan.lowerings[i]!, binding }));
  return {
    plan,
    modules,
    trampolines,
    codeBytes,
    lowered: pairs,
    leavesByteLists: leavesByteLists(bytes),
  };
}

const definedTables = (core: CoreModule): number => core.tables.length - core.importedTableCount;
