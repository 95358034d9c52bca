/**
 * `wasi:cli/terminal-*`: no stream of a process is a terminal.
 * @module
 */
import { own } from "../canonical-abi/handles.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { option } from "../canonical-abi/variants.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";

const TERMINAL_INPUT = new ResourceType("terminal-input");
const TERMINAL_OUTPUT = new ResourceType("terminal-output");

function getter(stream: string, resource: ResourceType): WasiInterface {
  return {
    name: `wasi:cli/terminal-${stream}`,
    resources: {},
    functions: {
      [`get-terminal-${stream}`]: wasiFunction([], option(own(resource)), () => undefined),
    },
  };
}

export const cliTerminals: readonly WasiInterface[] = [
  {
    name: "wasi:cli/terminal-input",
    resources: { "terminal-input": TERMINAL_INPUT },
    functions: {},
  },
  {
    name: "wasi:cli/terminal-output",
    resources: { "terminal-output": TERMINAL_OUTPUT },
    functions: {},
  },
  getter("stdin", TERMINAL_INPUT),
  getter("stdout", TERMINAL_OUTPUT),
  getter("stderr", TERMINAL_OUTPUT),
];
