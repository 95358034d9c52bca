/**
 * How the parameters and the result of one function pass, on either side.
 * Source: Canonical ABI, `canon_lift` and `canon_lower`: at most 16 flat parameters, at most 1 flat result, else through
 * memory.
 * @module
 */
import type { HostFunctionType } from "../api.ts";
import type { FuncType } from "../core-module/core-module.ts";
import type { CoreType, CoreValue } from "./abi-type.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { tuple } from "./records.ts";

const MAX_FLAT_PARAMS = 16;

export interface FunctionCodec {
  /** Of the core function that the guest imports. */
  readonly importType: FuncType;
  /** Of the core function that the guest exports. */
  readonly exportType: FuncType;
  /** Core type of a result that lies in no memory. */
  readonly flatResult: CoreType | undefined;
  /** Parameters of a guest's call; checks where its result will go. */
  liftParams(memory: GuestMemory, args: readonly CoreValue[]): readonly unknown[];
  /** Result of a guest's call; returns the core value, if it is one. */
  lowerResult(memory: GuestMemory, args: readonly CoreValue[], value: unknown): CoreValue | void;
  /** Parameters of a call of the guest. */
  lowerParams(memory: GuestMemory, values: readonly unknown[]): CoreValue[];
  /** Result of a call of the guest. */
  liftResult(memory: GuestMemory, answer: CoreValue | undefined): unknown;
}

export function functionCodec({ params: types, result }: HostFunctionType): FunctionCodec {
  const params = tuple(...types);
  const inMemory = params.flat.length > MAX_FLAT_PARAMS;
  const paramTypes: readonly CoreType[] = inMemory ? ["i32"] : params.flat;
  const resultFlat = result?.flat ?? [];
  const resultInMemory = resultFlat.length > 1;
  const resultArg = paramTypes.length;
  return {
    importType: resultInMemory
      ? { params: [...paramTypes, "i32"], results: [] }
      : { params: paramTypes, results: resultFlat },
    exportType: { params: paramTypes, results: resultInMemory ? ["i32"] : resultFlat },
    flatResult: resultInMemory ? undefined : resultFlat[0],
    liftParams(memory, args) {
      if (resultInMemory) {
        const { sizeBytes, alignBytes } = result!;
        memory.checkAligned(Number(args[resultArg]) >>> 0, sizeBytes, alignBytes);
      }
      if (!inMemory) return params.liftFlat(memory, args, 0);
      const pointer = Number(args[0]) >>> 0;
      memory.checkAligned(pointer, params.sizeBytes, params.alignBytes);
      return params.load(memory, pointer);
    },
    lowerResult(memory, args, value) {
      if (result === undefined) return;
      if (resultInMemory) {
        result.store(memory, value, Number(args[resultArg]) >>> 0);
        return;
      }
      const out: CoreValue[] = [];
      result.lowerFlat(memory, value, out);
      return out[0];
    },
    lowerParams(memory, values) {
      const out: CoreValue[] = [];
      if (!inMemory) {
        params.lowerFlat(memory, values, out);
        return out;
      }
      const pointer = memory.allocate(params.alignBytes, params.sizeBytes);
      params.store(memory, values, pointer);
      return [pointer];
    },
    liftResult(memory, answer) {
      if (result === undefined) return undefined;
      if (!resultInMemory)
        return answer === undefined ? undefined : result.liftFlat(memory, [answer], 0);
      const pointer = Number(answer) >>> 0;
      memory.checkAligned(pointer, result.sizeBytes, result.alignBytes);
      return result.load(memory, pointer);
    },
  };
}
