/**
 * `grep [-icnvE] <text> [<path>…]`: the lines that contain a text.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { sleep } from "@kinode-ts/stdlib/timer";
import { COMMANDS } from "../commands.ts";
import { compileLinear, PatternError } from "../linear-regexp.ts";
import type { TextInput } from "../text-input.ts";
import { linesOf, readInputs } from "../text-input.ts";

const SHAPE = {
  usage: COMMANDS.grep.usage,
  options: {
    insensitive: { type: "flag", short: "i" },
    count: { type: "flag", short: "c" },
    numbers: { type: "flag", short: "n" },
    invert: { type: "flag", short: "v" },
    regexp: { type: "flag", short: "E" },
  },
  rest: { min: 1 },
} as const;

type Options = ReturnType<typeof parseArgs<(typeof SHAPE)["options"]>>["options"];

/** A regular expression looks at so much of a line, in UTF-16 units. */
const MAX_LINE = 16_384;
/** Longest time at a stretch, in milliseconds: nothing else of the node runs meanwhile. */
const STRETCH_MS = 8;

function matcher(pattern: string, { regexp, insensitive }: Options): (line: string) => boolean {
  if (!regexp) {
    const wanted = insensitive ? pattern.toLowerCase() : pattern;
    return (line) => (insensitive ? line.toLowerCase() : line).includes(wanted);
  }
  try {
    const matches = compileLinear(pattern, { ignoreCase: insensitive });
    return (line) => matches(line.slice(0, MAX_LINE));
  } catch (thrown) {
    if (thrown instanceof PatternError) throw new ScriptFailure(thrown.message, { status: 2 });
    throw thrown;
  }
}

async function search(
  input: TextInput,
  matches: (line: string) => boolean,
  options: Options,
): Promise<string[]> {
  const found: string[] = [];
  let since = performance.now();
  let number = 0;
  for (const line of linesOf(input.text)) {
    number++;
    if (matches(line) !== options.invert) found.push(options.numbers ? `${number}:${line}` : line);
    if (performance.now() - since < STRETCH_MS) continue;
    // oxlint-disable-next-line no-await-in-loop -- lets the rest of the node run
    await sleep(1);
    since = performance.now();
  }
  return found;
}

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  const [pattern, ...names] = rest;
  const matches = matcher(pattern!, options);
  let total = 0;
  const lines: string[] = [];
  for (const each of await readInputs(names, input, SHAPE.usage)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are shown
    const found = await search(each, matches, options);
    total += found.length;
    const shown = options.count ? [String(found.length)] : found;
    lines.push(...(names.length > 1 ? shown.map((line) => `${each.name}:${line}`) : shown));
  }
  return { output: lines.join("\n"), status: total > 0 ? 0 : 1 };
});
