/**
 * `wc [-lwc] [<path>…]`: counts lines, words and bytes.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";
import type { TextInput } from "../text-input.ts";
import { linesOf, readInputs } from "../text-input.ts";

const SHAPE = {
  usage: COMMANDS.wc.usage,
  options: {
    lines: { type: "flag", short: "l" },
    words: { type: "flag", short: "w" },
    bytes: { type: "flag", short: "c" },
  },
} as const;

/** Lines (the last one counts without a line end too), words, bytes. */
function counts({ text, bytes }: TextInput): readonly number[] {
  const words = text.match(/\S+/g)?.length ?? 0;
  return [linesOf(text).length, words, bytes.length];
}

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  const inputs = await readInputs(rest, input, SHAPE.usage);
  const wanted = [options.lines, options.words, options.bytes];
  const isShown = (index: number): boolean => !wanted.includes(true) || wanted[index] === true;
  return inputs
    .map((each) =>
      [...counts(each).filter((_, index) => isShown(index)), each.name].join(" ").trimEnd(),
    )
    .join("\n");
});
