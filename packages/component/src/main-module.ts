/**
 * Whether a component can run the fast way: its main module alone, on our own lowerings and our own preview 1.
 * @module
 */
import type { HostInterface } from "./api.ts";
import type { ComponentStructure } from "./component-structure.ts";
import { readCoreModule } from "./core-module/core-module.ts";
import type { CoreImport, CoreModule } from "./core-module/core-module.ts";
import { ComponentError } from "./errors.ts";
import { PREVIEW1_MODULE } from "./preview1.ts";
import { STANDARD_INTERFACES } from "./select-interface.ts";
import { traceInit } from "./trace-init.ts";
import type { MainModule } from "./trace-init.ts";

/**
 * The module behind `init`, if all it imports is what the node has itself; `undefined` if it needs other modules.
 * @throws {ComponentError} there is no `init`, or the module is malformed
 */
export function findMainModule(
  bytes: Uint8Array,
  structure: ComponentStructure,
  interfaces: readonly HostInterface[],
): { readonly main: MainModule; readonly core: CoreModule } | undefined {
  const main = tracedMain(structure);
  if (main === undefined || isWrapped(structure)) return undefined;
  const core = readCoreModule(bytes, main.start, main.end);
  const imported = new Set(structure.imports.map((item) => item.name));
  const offered = new Set([...STANDARD_INTERFACES.keys(), ...interfaces.map((item) => item.name)]);
  const isOurs = ({ kind, module }: CoreImport): boolean =>
    kind === "func" &&
    (module === PREVIEW1_MODULE || (imported.has(module) && offered.has(module)));
  return core.imports.every(isOurs) ? { main, core } : undefined;
}

function tracedMain(structure: ComponentStructure): MainModule | undefined {
  try {
    return traceInit(structure);
  } catch (error) {
    if (error instanceof ComponentError && error.fault.code === "component.unsupported")
      return undefined;
    throw error;
  }
}

/** Whether a nested component stands between the main module and the process interface. */
function isWrapped(structure: ComponentStructure): boolean {
  return structure.components.some(
    (item) =>
      item.kind === "nested" &&
      item.structure.imports.some(({ name }) => STANDARD_INTERFACES.has(name)),
  );
}
