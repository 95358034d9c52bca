/**
 * `wc [-lwc] [<path>…]`: counts lines, words and bytes.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import { countText, readInputs } from "../text-input.ts";

const SHAPE = {
  usage: COMMANDS.wc.usage,
  options: {
    lines: { type: "flag", short: "l" },
    words: { type: "flag", short: "w" },
    bytes: { type: "flag", short: "c" },
  },
} as const;

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  const inputs = await readInputs(rest, input, SHAPE.usage);
  const wanted = [options.lines, options.words, options.bytes];
  const isShown = (index: number): boolean => !wanted.includes(true) || wanted[index] === true;
  return inputs
    .map(({ bytes, name }) => {
      const counts = Object.values(countText(bytes)).filter((_, index) => isShown(index));
      return [...counts, name].join(" ").trimEnd();
    })
    .join("\n");
});
