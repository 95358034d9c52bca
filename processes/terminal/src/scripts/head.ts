/**
 * `head [-n <lines>] [<path>…]`: the first lines.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { firstLines, readInputs } from "../text-input.ts";

const SHAPE = {
  usage: COMMANDS.head.usage,
  options: { lines: { type: "integer", short: "n", default: 10 } },
} as const;

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  const inputs = await readInputs(rest, input, SHAPE.usage);
  return inputs.map(({ text }) => firstLines(text, options.lines)).join("\n");
});
