/**
 * Makes core functions out of host functions, driven by their types: the general way, for everything that is not hot.
 * Source: Canonical ABI, `canon_lower`.
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
import { functionCodec } from "./function-codec.ts";

/** What the guest's import is linked to. */
export type CoreFunction = (...args: never[]) => CoreValue | void;

/** One importable function, made anew for each process. */
export interface ImportBinding {
  readonly type: FuncType;
  readonly protocol: ImportProtocol;
  /** Its types in WIT, for a function of a component's interface. */
  readonly signature?: HostFunctionType;
  bind(fiber: FiberPort): CoreFunction;
}

/** The host's side: values in, value or promise of it out. */
export type LiftedFunction = (fiber: FiberPort, values: readonly unknown[]) => unknown;

/** The core type of a function with these WIT types. */
export function coreType(type: HostFunctionType): FuncType {
  return functionCodec(type).importType;
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
  const codec = functionCodec(type);
  const core = codec.importType;
  const lift = (fiber: FiberPort, args: readonly CoreValue[]): readonly unknown[] => {
    const values = codec.liftParams(fiber.memory, args);
    fiber.memory.usedHandles?.delivered();
    return values;
  };
  if (codec.flatResult !== undefined) {
    const small = isSmall(type.result!);
    const protocol = small ? "errno" : "plain";
    return {
      type: core,
      protocol,
      signature: type,
      bind:
        (fiber) =>
        (...args: CoreValue[]) => {
          if (fiber.over) return small ? -STATUS.end : fiber.throwFault();
          try {
            ensureStack(0);
            fiber.memory.beginCall();
            fiber.spend();
            const value = fiber.settled(call(fiber, lift(fiber, args)));
            return codec.lowerResult(fiber.memory, args, value);
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
    signature: type,
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
            return fiber.waitFor(value, (settled) =>
              codec.lowerResult(fiber.memory, args, settled),
            );
          codec.lowerResult(fiber.memory, args, value);
          return STATUS.done;
        } catch (thrown) {
          return fiber.fault(thrown);
        }
      },
  };
}
