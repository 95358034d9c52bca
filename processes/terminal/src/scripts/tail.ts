/**
 * `tail [-f] [-n <lines>] [<path>]`: the last lines; with `-f` also those that come later, until it is interrupted.
 * @module
 */
import { print } from "@kinode-ts/stdlib";
import type { ScriptInput } from "@kinode-ts/stdlib/scripting";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { sleep } from "@kinode-ts/stdlib/timer";
import { metadata } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { lastLines, readInputs, readWhole } from "../text-input.ts";
import { doing } from "../vfs-failure.ts";
import { resolvePath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.tail.usage,
  options: {
    lines: { type: "integer", short: "n", default: 10 },
    follow: { type: "flag", short: "f" },
  },
  rest: { max: 1 },
} as const;

const LOOK_EVERY_MS = 500;

/** Gives whole lines as they come. Ends when the file cannot be read any more. */
async function follow(path: string, start: number, emit: ScriptInput["emit"]): Promise<never> {
  let shown = start;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a clock
    await sleep(LOOK_EVERY_MS);
    // oxlint-disable-next-line no-await-in-loop -- a clock
    const { len } = await doing("follow", path, () => metadata(path));
    if (len < shown) {
      print(`${path} was made shorter; following it from its start`);
      shown = 0;
    }
    if (len === shown) continue;
    // oxlint-disable-next-line no-await-in-loop -- a clock
    const bytes = await readWhole(path);
    const end = bytes.lastIndexOf(10) + 1;
    if (end <= shown) continue;
    // oxlint-disable-next-line no-await-in-loop -- in their order
    await emit(new TextDecoder().decode(bytes.subarray(shown, end - 1)));
    shown = end;
  }
}

async function startFollowing(input: ScriptInput, name: string, count: number): Promise<never> {
  const path = resolvePath(input.folder, name);
  const bytes = await readWhole(path);
  // What is still being written is shown when its line is whole.
  const end = bytes.lastIndexOf(10) + 1;
  const text = lastLines(new TextDecoder().decode(bytes.subarray(0, end)), count);
  if (text !== "") await input.emit(text);
  return await follow(path, end, input.emit);
}

export default defineScript(async (input) => {
  const { options, rest } = parseArgs(input.args, SHAPE);
  if (!options.follow) {
    const [one] = await readInputs(rest, input, SHAPE.usage);
    return lastLines(one!.text, options.lines);
  }
  const [name] = rest;
  if (name === undefined)
    throw new ScriptFailure(`-f needs a file\nusage: ${SHAPE.usage}`, { status: 2 });
  return await startFollowing(input, name, options.lines);
});
