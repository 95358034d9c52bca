/**
 * `cp [-r] <from>… <to>`: copies files, with `-r` folders too.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { Directory, vfsRequest } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { planTransfers } from "../transfers.ts";
import { doing } from "../vfs-failure.ts";
import { baseName, joinPath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.cp.usage,
  options: { recursive: { type: "flag", short: "r" } },
  rest: { min: 2 },
} as const;

/** Files and folders one call copies at most. */
const MAX_ENTRIES = 100_000;

/** Copies one file, or a folder with what is in it, without going down in recursion. */
async function copy(from: string, to: string, isFolder: boolean): Promise<void> {
  const waiting = [{ from, to, isFolder }];
  let count = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { from: source, to: target } = next;
    if (++count > MAX_ENTRIES) {
      throw new ScriptFailure(
        `cp stops after ${MAX_ENTRIES} files; ${source} is the first one left`,
      );
    }
    if (!next.isFolder) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: the disk has only so much to give
      await doing("copy", source, () => vfsRequest(source, { CopyFile: { new_path: target } }));
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await doing("make", target, () => vfsRequest(target, "CreateDirAll"));
    // oxlint-disable-next-line no-await-in-loop -- as above
    for (const entry of await doing("list", source, () => new Directory(source).entries())) {
      const name = baseName(entry.path);
      waiting.push({
        from: joinPath(source, name),
        to: joinPath(target, name),
        isFolder: entry.file_type === "Directory",
      });
    }
  }
}

export default defineScript(async ({ args, folder }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  for (const { from, to, isFolder } of await planTransfers(rest, folder)) {
    if (isFolder && !options.recursive) {
      throw new ScriptFailure(
        `cannot copy ${from}: it is a folder; cp -r copies it with everything in it`,
      );
    }
    // oxlint-disable-next-line no-await-in-loop -- what comes after a failure is left out
    await copy(from, to, isFolder);
  }
});
