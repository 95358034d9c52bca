/**
 * `write [-a] <path> [<text>…]`: writes a text, or what is piped in, into a file.
 * @module
 */
import { encodeUtf8 } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { vfsRequest } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { doing } from "../vfs-failure.ts";
import { depthOf, resolvePath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.write.usage,
  options: { append: { type: "flag", short: "a" } },
  rest: { min: 1 },
} as const;

export default defineScript(async ({ args, stdin, hasStdin, folder }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const [name, ...words] = rest;
  if (words.length === 0 && !hasStdin) {
    throw new ScriptFailure(`what is to be written?\nusage: ${SHAPE.usage}`, { status: 2 });
  }
  const text = words.length > 0 ? words.join(" ") : stdin;
  const blob = encodeUtf8(text === "" || text.endsWith("\n") ? text : `${text}\n`);
  const path = resolvePath(folder, name!);
  if (depthOf(path) < 3) {
    throw new ScriptFailure(
      `cannot write ${path}: files are in drives, /package:publisher/drive/…`,
    );
  }
  await doing("write", path, async () => {
    if (!options.append) return await vfsRequest(path, "Write", { blob });
    await vfsRequest(path, { OpenFile: { create: true } });
    try {
      return await vfsRequest(path, "Append", { blob });
    } finally {
      await vfsRequest(path, "CloseFile");
    }
  });
});
