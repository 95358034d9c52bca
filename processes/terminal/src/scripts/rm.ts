/**
 * `rm [-r] <path>…`: removes files, with `-r` folders too.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { metadata, vfsRequest } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { doing } from "../vfs-failure.ts";
import { depthOf, resolvePath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.rm.usage,
  options: { recursive: { type: "flag", short: "r" } },
  rest: { min: 1 },
} as const;

async function remove(path: string, recursive: boolean): Promise<void> {
  if (depthOf(path) < 2) {
    throw new ScriptFailure(`cannot remove ${path}: packages are removed with: kinode uninstall`);
  }
  await doing("remove", path, async () => {
    const { file_type: type } = await metadata(path);
    if (type === "Directory" && !recursive) {
      throw new ScriptFailure(
        `cannot remove ${path}: it is a folder; rm -r removes it with everything in it`,
      );
    }
    await vfsRequest(path, type === "Directory" ? "RemoveDirAll" : "RemoveFile");
  });
}

export default defineScript(async ({ args, folder }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  for (const name of rest) {
    // oxlint-disable-next-line no-await-in-loop -- what comes after a failure stays
    await remove(resolvePath(folder, name), options.recursive);
  }
});
