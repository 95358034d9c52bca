/**
 * `wasi:cli/stdin`, `stdout` and `stderr`: input is at its end, output is discarded, the newest bytes of standard error are
 * kept for the process's ending (spec/kernel.md §7).
 * @module
 */
import type { Result } from "@kinode-ts/types";
import { own } from "../canonical-abi/handles.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";
import { INPUT_STREAM, OUTPUT_STREAM } from "./io-streams.ts";
import type { StreamError } from "./io-streams.ts";

const taken: Result<undefined, StreamError> = { ok: true, value: undefined };

export const cliStdin: WasiInterface = {
  name: "wasi:cli/stdin",
  resources: {},
  functions: {
    "get-stdin": wasiFunction([], own(INPUT_STREAM), () => ({
      read: () => ({ ok: false, error: "closed" }),
    })),
  },
};

export const cliStdout: WasiInterface = {
  name: "wasi:cli/stdout",
  resources: {},
  functions: {
    "get-stdout": wasiFunction([], own(OUTPUT_STREAM), () => ({ write: () => taken })),
  },
};

export const cliStderr: WasiInterface = {
  name: "wasi:cli/stderr",
  resources: {},
  functions: {
    "get-stderr": wasiFunction([], own(OUTPUT_STREAM), (process) => ({
      write(contents) {
        process.writeStderr(contents);
        return taken;
      },
    })),
  },
};
