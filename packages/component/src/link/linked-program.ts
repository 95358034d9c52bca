/**
 * A component linked the general way: every core module of it compiled, and a binding for each function it asks for.
 * @module
 */
import { formatAddress } from "@kinode-ts/types";
import type { FunctionCodec } from "../canonical-abi/function-codec.ts";
import type { Fiber, FiberProgram } from "../fiber.ts";
import type { Lowered } from "./lowered.ts";
import type { LiftedFunc, LinkPlan, Lowering } from "./plan.ts";
import { ProgramInstance } from "./program-instance.ts";

export interface LinkedProgram {
  readonly plan: LinkPlan;
  /** In the order of the plan's. */
  readonly modules: readonly WebAssembly.Module[];
  readonly trampolines: WebAssembly.Module;
  readonly codeBytes: number;
  /** Whether byte lists that it passes to the process interface may be used again for results. */
  readonly leavesByteLists: boolean;
  readonly lowered: readonly { readonly lowering: Lowering; readonly binding: Lowered }[];
}

/** What a process of it does: everything is instantiated, then `init` is called. */
export function processProgram(
  program: LinkedProgram,
  init: LiftedFunc,
  codec: FunctionCodec,
): FiberProgram {
  return {
    codeBytes: program.codeBytes,
    async run(fiber: Fiber) {
      const instance = new ProgramInstance(program, fiber);
      await instance.instantiate();
      if (fiber.over) return;
      await instance.call(init, codec, [formatAddress(fiber.host.our)]);
    },
  };
}
