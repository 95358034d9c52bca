/**
 * `cd [<folder>]`: changes the folder that relative paths start from.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { Directory, metadata } from "@kinode-ts/stdlib/vfs";
import { askTerminal } from "../ask-terminal.ts";
import { COMMANDS } from "../commands.ts";
import { doing } from "../vfs-failure.ts";
import { depthOf, resolvePath } from "../vfs-path.ts";

export default defineScript(async ({ args, folder }) => {
  const { rest } = parseArgs(args, { usage: COMMANDS.cd.usage, rest: { max: 1 } });
  const path = resolvePath(folder, rest[0] ?? "/");
  // The root is always there, and only the holder of a right for everything may look into it.
  await doing("go to", path, async () => {
    if (path === "/") return;
    if (depthOf(path) < 2) await new Directory(path).entries();
    else if ((await metadata(path)).file_type !== "Directory") {
      throw new ScriptFailure(`cannot go to ${path}: it is a file`);
    }
  });
  await askTerminal("ChangeFolder", path);
});
