/**
 * `wasi:io/error`: what went wrong with a stream, to look at.
 * @module
 */
import { borrow } from "../canonical-abi/handles.ts";
import { string } from "../canonical-abi/lists.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";

/** A failure of a stream; its text is for the guest and tells nothing of the host. */
export interface IoError {
  readonly text: string;
}

export const ERROR = new ResourceType<IoError>("error");

export const ioError: WasiInterface = {
  name: "wasi:io/error",
  resources: { error: ERROR },
  functions: {
    "[method]error.to-debug-string": wasiFunction(
      [borrow(ERROR)],
      string,
      (_process, error) => error.text,
    ),
  },
};
