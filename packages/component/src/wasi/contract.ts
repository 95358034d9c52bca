/**
 * How an interface of WASI 0.2 is written down for the linker.
 * @module
 */
import type { HostFunctionType } from "../api.ts";
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { FiberPort } from "../fiber-port.ts";

/** Values in the representation of the function's types; a returned promise suspends the process. */
export type WasiCall = (process: FiberPort, ...values: never[]) => unknown;

export interface WasiFunction {
  readonly type: HostFunctionType;
  readonly call: WasiCall;
}

/**
 * One interface. A component may import it in any 0.2.x version; a function it imports that is not listed here links to one
 * that traps with its own name when called.
 */
export interface WasiInterface {
  /** Without its version, e.g. `wasi:io/streams`. */
  readonly name: string;
  /** By resource name, e.g. `output-stream`. */
  readonly resources: Readonly<Record<string, ResourceType<never>>>;
  /** By name as imported, e.g. `[method]output-stream.check-write`. */
  readonly functions: Readonly<Record<string, WasiFunction>>;
}
