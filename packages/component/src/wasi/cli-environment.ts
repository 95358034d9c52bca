/**
 * `wasi:cli/environment` and `wasi:cli/exit`: nothing of the host's environment, and exits that end the process.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import { list, string } from "../canonical-abi/lists.ts";
import { tuple } from "../canonical-abi/records.ts";
import { u8 } from "../canonical-abi/scalars.ts";
import { option, result } from "../canonical-abi/variants.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";

export const cliEnvironment: WasiInterface = {
  name: "wasi:cli/environment",
  resources: {},
  functions: {
    "get-environment": wasiFunction([], list(tuple(string, string)), () => []),
    "get-arguments": wasiFunction([], list(string), () => []),
    "initial-cwd": wasiFunction([], option(string), () => undefined),
  },
};

/** To exit is an error even with success: `init` has not returned (spec/kernel.md §7). */
export function exitFault(code: number): ProcessFault {
  return new ProcessFault(`it called exit with code ${code}`);
}

export const cliExit: WasiInterface = {
  name: "wasi:cli/exit",
  resources: {},
  functions: {
    exit: wasiFunction([result(undefined, undefined)], undefined, (_process, status) => {
      throw exitFault(status.ok ? 0 : 1);
    }),
    "exit-with-code": wasiFunction([u8], undefined, (_process, code) => {
      throw exitFault(code);
    }),
  },
};
