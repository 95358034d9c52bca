/**
 * Makes core functions out of host functions, driven by their types: the general way, for everything that is not hot.
 * Source: Canonical ABI, `canon_lower`: at most 16 flat parameters, at most 1 flat result, else through memory.
 * @module
 */
import type { HostFunctionType } from "../api.ts";
import type { FuncType } from "../core-module/core-module.ts";
import type { ImportProtocol } from "../core-module/metering.ts";
import { STATUS } from "../core-module/metering.ts";
import type { FiberPort } from "../fiber-port.ts";
import { isPromise } from "../is-promise.ts";
import { ensureStack } from "../stack-guard.ts";
import type { AbiType, CoreValue } from "./abi-type.ts";
import { tuple } from "./records.ts";

const MAX_FLAT_PARAMS = 16;

/** What the guest's import is linked to. */
export type CoreFunction = (...args: never[]) => CoreValue | void;

/** One importable function, made anew for each process. */
export interface ImportBinding {
  readonly type: FuncType;
  readonly protocol: ImportProtocol;
  bind(fiber: FiberPort): CoreFunction;
}

/** The host's side: values in, value or promise of it out. */
export type LiftedFunction = (fiber: FiberPort, values: readonly unknown[]) => unknown;

/** The core type of a function with these WIT types. */
export function coreType(type: HostFunctionType): FuncType {
  const flat = type.params.flatMap((param) => param.flat);
  const params = flat.length > MAX_FLAT_PARAMS ? (["i32"] as const) : flat;
  const results = type.result?.flat ?? [];
  return results.length > 1 ? { params: [...params, "i32"], results: [] } : { params, results };
}

/** Results that fit a status: their one flat value is never negative. */
function isSmall(type: AbiType<unknown>): boolean {
  const { kind } = type.wit;
  return type.flat[0] === "i32" && type.sizeBytes < 4 && kind !== "s8" && kind !== "s16";
}

/**
 * Lowers one function. Without a flat result, or with a small one, it may wait;
 * with a wide flat result a promise traps the process.
 */
export function lowerFunction(type: HostFunctionType, call: LiftedFunction): ImportBinding {
  const core = coreType(type);
  const hasFlatResult = core.results.length === 1;
  const params = tuple(...type.params);
  const inMemory = params.flat.length > MAX_FLAT_PARAMS;
  const result = type.result;
  const resultAt = hasFlatResult || result === undefined ? -1 : core.params.length - 1;

  const lift = (fiber: FiberPort, args: readonly CoreValue[]): readonly unknown[] => {
    const { memory } = fiber;
    if (resultAt >= 0) {
      memory.checkAligned(Number(args[resultAt]) >>> 0, result!.sizeBytes, result!.alignBytes);
    }
    if (!inMemory) return params.liftFlat(memory, args, 0);
    const pointer = Number(args[0]) >>> 0;
    memory.checkAligned(pointer, params.sizeBytes, params.alignBytes);
    return params.load(memory, pointer);
  };

  const lower = (fiber: FiberPort, args: readonly CoreValue[], value: unknown): void => {
    if (resultAt >= 0) result!.store(fiber.memory, value, Number(args[resultAt]) >>> 0);
  };

  if (hasFlatResult) {
    const small = isSmall(result!);
    const lowerFlat = (fiber: FiberPort, value: unknown): CoreValue => {
      const out: CoreValue[] = [];
      result!.lowerFlat(fiber.memory, value, out);
      return out[0]!;
    };
    const protocol = small ? "errno" : "plain";
    return {
      type: core,
      protocol,
      bind:
        (fiber) =>
        (...args: CoreValue[]) => {
          if (fiber.over) return small ? -STATUS.end : fiber.throwFault();
          try {
            ensureStack(0);
            fiber.memory.beginCall();
            fiber.spend();
            return lowerFlat(fiber, fiber.settled(call(fiber, lift(fiber, args))));
          } catch (thrown) {
            fiber.fault(thrown);
            return small ? -STATUS.end : fiber.throwFault();
          }
        },
    };
  }
  return {
    type: core,
    protocol: "status",
    bind:
      (fiber) =>
      (...args: CoreValue[]) => {
        if (fiber.over) return STATUS.end;
        try {
          ensureStack(0);
          fiber.memory.beginCall();
          fiber.spend();
          const value = call(fiber, lift(fiber, args));
          if (isPromise(value))
            return fiber.waitFor(value, (settled) => lower(fiber, args, settled));
          lower(fiber, args, value);
          return STATUS.done;
        } catch (thrown) {
          return fiber.fault(thrown);
        }
      },
  };
}
