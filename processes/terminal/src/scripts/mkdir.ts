/**
 * `mkdir [-p] <folder>…`: makes folders; directly below a package it makes a drive.
 * @module
 */
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { vfsRequest } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { doing } from "../vfs-failure.ts";
import { depthOf, resolvePath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.mkdir.usage,
  options: { parents: { type: "flag", short: "p" } },
  rest: { min: 1 },
} as const;

async function make(path: string, parents: boolean): Promise<void> {
  if (depthOf(path) < 2) {
    throw new ScriptFailure(
      `cannot make ${path}: only a package that is installed has a folder here`,
    );
  }
  await doing("make", path, async () => {
    if (depthOf(path) === 2) await vfsRequest(path, "CreateDrive");
    else await vfsRequest(path, parents ? "CreateDirAll" : "CreateDir");
  });
}

export default defineScript(async ({ args, folder }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  for (const name of rest) {
    // oxlint-disable-next-line no-await-in-loop -- a later one may be in an earlier one
    await make(resolvePath(folder, name), options.parents);
  }
});
