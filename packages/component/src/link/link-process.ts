/**
 * From a parsed component to a program for processes, the general way.
 * @module
 */
import { ComponentValues } from "../canonical-abi/component-values.ts";
import { functionCodec } from "../canonical-abi/function-codec.ts";
import { functionText } from "../canonical-abi/value-type.ts";
import type { ComponentStructure } from "../component-structure.ts";
import { ComponentError } from "../errors.ts";
import type { FiberProgram } from "../fiber.ts";
import type { ComponentLimits } from "../limits.ts";
import type { Imports } from "./bind-imports.ts";
import { abiOf } from "./bind-imports.ts";
import { compileProgram } from "./compile.ts";
import type { CompilePowers } from "./compile.ts";
import { linkComponent } from "./elaborate.ts";
import { processProgram } from "./linked-program.ts";
import type { LiftedFunc, LinkPlan } from "./plan.ts";

const INIT = "init";
const HINT = 'Build for the world "process-v1", which exports init: func(our: string)';

/** @throws {ComponentError} */
export async function linkProcess(
  bytes: Uint8Array,
  structure: ComponentStructure,
  imports: Imports,
  limits: ComponentLimits,
  options: CompilePowers,
): Promise<FiberProgram> {
  const plan = linkComponent(bytes, structure, limits, imports);
  const init = findInit(plan);
  const program = await compileProgram(bytes, plan, imports, limits, options);
  const codec = functionCodec(abiOf(init.type, new ComponentValues()));
  return processProgram(program, init, codec);
}

function findInit(plan: LinkPlan): LiftedFunc {
  const init = plan.exports.funcs.get(INIT);
  if (init === undefined) return noInit(`it does not export a function "${INIT}"`);
  if (init.kind !== "lifted") return noInit(`its "${INIT}" is a function of the node`);
  const { params, result } = init.type;
  if (params.length !== 1 || params[0]!.type.kind !== "string" || result !== undefined)
    return noInit(`its "${INIT}" is ${functionText(init.type)}`);
  return init;
}

function noInit(what: string): never {
  throw new ComponentError({ code: "component.no-init", what }, { hint: HINT });
}
