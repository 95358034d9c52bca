/**
 * Types one function of WASI by its parameters and result.
 * @module
 */
import type { AbiType } from "../canonical-abi/abi-type.ts";
import type { FiberPort } from "../fiber-port.ts";
import type { WasiCall, WasiFunction } from "./contract.ts";

/** The compiler checks that `call` takes and gives what the types say; a promise makes the process wait. */
export function wasiFunction<const P extends readonly AbiType<unknown>[], R>(
  params: P,
  result: AbiType<R> | undefined,
  call: (
    process: FiberPort,
    ...values: { readonly [K in keyof P]: P[K] extends AbiType<infer T> ? T : never }
  ) => R | Promise<R> | void,
): WasiFunction {
  return { type: { params, result }, call: call as WasiCall };
}
