/**
 * `head [-n <lines>] [<path>…]`: the first lines.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { linesOf, readInputs } from "../text-input.ts";

const SHAPE = {
  usage: COMMANDS.head.usage,
  options: { lines: { type: "integer", short: "n", default: 10 } },
} as const;

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  const inputs = await readInputs(rest, input, SHAPE.usage);
  const count = Math.max(options.lines, 0);
  return inputs.flatMap(({ text }) => linesOf(text).slice(0, count)).join("\n");
});
