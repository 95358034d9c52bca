/**
 * Checks that core functions have the types that their users say. The engine checks it too, but only at a start, and what the
 * node itself calls it does not check at all.
 * @module
 */
import { ComponentValues } from "../canonical-abi/component-values.ts";
import { functionCodec } from "../canonical-abi/function-codec.ts";
import type { FuncType } from "../core-module/core-module.ts";
import { quoted } from "../errors.ts";
import { abiOf } from "./bind-imports.ts";
import { invalid } from "./invalid.ts";
import type { Lowered } from "./lowered.ts";
import type { CoreSource, LinkPlan } from "./plan.ts";

const REALLOC: FuncType = { params: ["i32", "i32", "i32", "i32"], results: ["i32"] };
const DESTRUCTOR: FuncType = { params: ["i32"], results: [] };

const typeText = (type: FuncType): string =>
  `(${type.params.join(", ")}) -> (${type.results.join(", ")})`;

/** @param lowered - one for each lowering of the plan. @throws {ComponentError} `component.invalid` with both types */
export function checkCoreTypes(plan: LinkPlan, lowered: readonly Lowered[]): void {
  const typeOf = coreTypes(plan, lowered);
  const check = (what: () => string, source: CoreSource | undefined, wanted: FuncType): void => {
    const given = source && typeOf(source);
    if (given === undefined || typeText(given) === typeText(wanted)) return;
    invalid(`${what()} has the core type ${typeText(given)}, not ${typeText(wanted)}`);
  };
  for (const step of plan.steps) {
    const { core } = plan.modules[step.module]!;
    core.imports.forEach((item, i) => {
      if (item.kind !== "func") return;
      const what = () =>
        `what is given as the import ${quoted(item.module)} ${quoted(item.name)} of a core module`;
      check(what, step.imports[i], core.types[item.type]!);
    });
  }
  const types = new ComponentValues();
  for (const { core, type, options } of plan.lifts) {
    const { exportType } = functionCodec(abiOf(type, types));
    check(() => "the core function behind one of its functions", core, exportType);
    const returned: FuncType = { params: exportType.results, results: [] };
    check(() => "one of its post-return functions", options.postReturn, returned);
    check(() => "one of its allocators", options.realloc, REALLOC);
  }
  for (const lowering of plan.lowerings) {
    if (lowering.kind === "func")
      check(() => "one of its allocators", lowering.options.realloc, REALLOC);
  }
  for (const { destructor } of plan.guestResources.values())
    check(() => "one of its destructors", destructor, DESTRUCTOR);
}

/** Finds the type of a core function; `undefined` for what is none. */
function coreTypes(
  plan: LinkPlan,
  lowered: readonly Lowered[],
): (source: CoreSource) => FuncType | undefined {
  const exportTypes = plan.modules.map(
    ({ core }) =>
      new Map(
        core.exports
          .filter((item) => item.kind === "func")
          .map((item) => [item.name, core.types[core.funcTypes[item.index] ?? -1]]),
      ),
  );
  return (source) =>
    source.kind === "lowering"
      ? lowered[source.index]!.type
      : exportTypes[plan.steps[source.step]!.module]!.get(source.name);
}
