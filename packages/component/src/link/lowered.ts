/**
 * Functions of the node as trampolines reach them: of the host, of another component of the program, of a resource.
 * @module
 */
import type { HostFunctionType } from "../api.ts";
import type { CoreValue } from "../canonical-abi/abi-type.ts";
import type { FunctionCodec } from "../canonical-abi/function-codec.ts";
import { functionCodec } from "../canonical-abi/function-codec.ts";
import type { CoreFunction } from "../canonical-abi/lower-function.ts";
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { FuncType } from "../core-module/core-module.ts";
import type { ImportProtocol } from "../core-module/metering.ts";
import { STATUS } from "../core-module/metering.ts";
import { isPromise } from "../is-promise.ts";
import { ensureStack } from "../stack-guard.ts";
import type { LinkPort } from "./link-port.ts";
import type { GuestResource, LiftedFunc } from "./plan.ts";

/** `slot`: answers a status, and the result lies in a global of the trampolines. */
export type LowerProtocol = ImportProtocol | "slot";

export interface Lowered {
  readonly type: FuncType;
  readonly protocol: LowerProtocol;
  bind(port: LinkPort): CoreFunction;
}

/** Does the work of one call, and ends the process when that fails. */
type Work = (port: LinkPort, args: readonly CoreValue[]) => number;

function guarded(type: FuncType, work: Work): Lowered {
  return {
    type,
    protocol: "slot",
    bind:
      (port) =>
      (...args: CoreValue[]) => {
        if (port.over) return STATUS.end;
        try {
          ensureStack(0);
          port.memory.beginCall();
          port.spend();
          return work(port, args);
        } catch (thrown) {
          return port.fault(thrown);
        }
      },
  };
}

function storer(codec: FunctionCodec, port: LinkPort, args: readonly CoreValue[]) {
  return (value: unknown): void => {
    const flat = codec.lowerResult(port.memory, args, value);
    if (codec.flatResult !== undefined) port.setResult(codec.flatResult, flat as CoreValue);
  };
}

/** A function of the host. A promise makes the guest wait, whatever the result is. */
export function lowerHost(
  type: HostFunctionType,
  call: (port: LinkPort, values: readonly unknown[]) => unknown,
): Lowered {
  const codec = functionCodec(type);
  return guarded(codec.importType, (port, args) => {
    const values = codec.liftParams(port.memory, args);
    port.memory.usedHandles?.delivered();
    const value = call(port, values);
    const store = storer(codec, port, args);
    if (isPromise(value)) return port.waitFor(value, store);
    store(value);
    return STATUS.done;
  });
}

/** A function of another component of the program; the two share no memory, so values are copied. */
export function lowerCall(type: HostFunctionType, target: LiftedFunc): Lowered {
  const codec = functionCodec(type);
  return guarded(codec.importType, (port, args) => {
    const values = codec.liftParams(port.memory, args);
    port.memory.usedHandles?.delivered();
    const { fiber, program } = port;
    return fiber.waitForCall(() => program.call(target, codec, values), storer(codec, port, args));
  });
}

const INDEX: FuncType = { params: ["i32"], results: ["i32"] };
const DROP: FuncType = { params: ["i32"], results: [] };

type AnyResource = ResourceType<never>;

/** `resource.new` and `resource.rep`, for the component that implements a resource. */
export function lowerResource(what: "new" | "rep", resource: ResourceType): Lowered {
  const type = resource as unknown as AnyResource;
  return guarded(INDEX, (port, [value]) => {
    const { handles } = port.memory;
    const index = Number(value);
    port.setResult(
      "i32",
      what === "new" ? handles.add(type, index, true) : (handles.peek(type, index >>> 0) as number),
    );
    return STATUS.done;
  });
}

/** `resource.drop`; the last owner's drop runs the destructor. */
export function lowerDrop(resource: ResourceType, guest: GuestResource | undefined): Lowered {
  const type = resource as unknown as AnyResource;
  return guarded(DROP, (port, [value]) => {
    const { owned, rep } = port.memory.handles.drop(type, Number(value) >>> 0);
    if (!owned) return STATUS.done;
    if (guest === undefined) {
      type.drop?.(port, rep as never);
      return STATUS.done;
    }
    const { destructor } = guest;
    if (destructor === undefined) return STATUS.done;
    const { fiber, program } = port;
    return fiber.waitForCall(
      () => program.callCore(destructor, [rep as number]),
      () => undefined,
    );
  });
}

/** A function that exists by name only: the process ends when it calls it. */
export function lowerMissing(type: HostFunctionType, fault: () => Error): Lowered {
  const codec = functionCodec(type);
  return guarded(codec.importType, () => {
    throw fault();
  });
}
