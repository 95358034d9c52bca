/**
 * `cat [<vfs path>…]`: shows files as text, or what is piped in.
 * @module
 */
import type { ScriptInput } from "@kinode-ts/stdlib/scripting";
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import { metadata, VfsError } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { readInputs, readWhole } from "../text-input.ts";
import { resolvePath } from "../vfs-path.ts";

const { usage } = COMMANDS.cat;

/** The reference takes everything after `cat` as one path, blanks and all: such a file is still found. */
async function asOnePath({ args, folder }: ScriptInput): Promise<string | undefined> {
  const path = resolvePath(folder, args.trim());
  try {
    return (await metadata(path)).file_type === "File" ? path : undefined;
  } catch (thrown) {
    if (thrown instanceof VfsError) return undefined;
    throw thrown;
  }
}

export default defineScript(async (input) => {
  if (/\S\s+\S/.test(input.args)) {
    const path = await asOnePath(input);
    if (path !== undefined) return new TextDecoder().decode(await readWhole(path));
  }
  const { rest } = parseArgs(input.args, { usage });
  const inputs = await readInputs(rest, input, usage);
  return inputs.map(({ text }) => text).join("");
});
