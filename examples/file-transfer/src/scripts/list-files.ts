/**
 * `list-files [<node>]`: the files that a node offers; without a name those of this one.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import type { FileInfo } from "../wire.ts";

export default defineScript(async ({ our, args }) => {
  const { rest } = parseArgs(args, { usage: "list-files [<node>]", rest: { max: 1 } });
  const [node] = rest;
  const body = node === undefined ? JSON.stringify("ListFiles") : { ListFiles: { node } };
  const process = `our@file-transfer:${our.packageId().toString()}`;
  const answer = (await request(process, body, { timeout: "20s" })).json() as {
    readonly Err?: string;
    readonly ListFiles?: readonly FileInfo[];
  };
  if (answer.Err !== undefined) throw new ScriptFailure(answer.Err);
  const files = answer.ListFiles ?? [];
  return files.map(({ name, size }) => `${String(size).padStart(14)}  ${name}`).join("\n");
});
