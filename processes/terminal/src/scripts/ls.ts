/**
 * `ls [-la] [<path>…]`: what is in a folder, one name per line; folders end in `/`.
 * @module
 */
import { defineScript, parseArgs } from "@kinode-ts/stdlib/scripting";
import type { DirEntry } from "@kinode-ts/stdlib/vfs";
import { Directory, metadata, VfsError } from "@kinode-ts/stdlib/vfs";
import { COMMANDS } from "../commands.ts";
import { oneRow } from "../shown-text.ts";
import { doing } from "../vfs-failure.ts";
import { baseName, depthOf, resolvePath } from "../vfs-path.ts";

const SHAPE = {
  usage: COMMANDS.ls.usage,
  options: { long: { type: "flag", short: "l" }, all: { type: "flag", short: "a" } },
} as const;

/** Entries whose size is asked for at the same time. */
const AT_ONCE = 32;

type Options = { readonly long: boolean; readonly all: boolean };

async function list(path: string, options: Options): Promise<string[]> {
  const isFile =
    depthOf(path) >= 2 && (await doing("list", path, () => typeOf(path))) !== "Directory";
  if (isFile) return await describe([{ path: path.slice(1), file_type: "File" }], options);
  const entries = await doing("list", path, () => new Directory(path).entries());
  const shown = entries.filter((entry) => options.all || !baseName(entry.path).startsWith("."));
  shown.sort((a, b) => (a.path < b.path ? -1 : 1));
  return await describe(shown, options);
}

async function typeOf(path: string): Promise<string> {
  return (await metadata(path)).file_type;
}

async function describe(entries: readonly DirEntry[], { long }: Options): Promise<string[]> {
  const names = entries.map(({ path, file_type: type }) =>
    type === "Directory" ? `${shownName(path)}/` : shownName(path),
  );
  if (!long) return names;
  const sizes: string[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    // oxlint-disable-next-line no-await-in-loop -- a bounded number at once
    sizes.push(...(await Promise.all(entries.slice(at, at + AT_ONCE).map(sizeOf))));
  }
  const width = Math.max(0, ...sizes.map((size) => size.length));
  return names.map((name, index) => `${sizes[index]!.padStart(width)}  ${name}`);
}

/** A name with a line break in it must not look like two. */
function shownName(path: string): string {
  return oneRow(baseName(path));
}

/** Bytes of a file; nothing for folders, and for what went away meanwhile. */
async function sizeOf({ path, file_type: type }: DirEntry): Promise<string> {
  if (type === "Directory") return "-";
  try {
    return String((await metadata(`/${path}`)).len);
  } catch (thrown) {
    if (thrown instanceof VfsError) return "?";
    throw thrown;
  }
}

export default defineScript(async ({ args, folder }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  if (rest.length <= 1) {
    return (await list(resolvePath(folder, rest[0] ?? "."), options)).join("\n");
  }
  const parts: string[] = [];
  for (const name of rest) {
    // oxlint-disable-next-line no-await-in-loop -- in the order they were named
    const lines = await list(resolvePath(folder, name), options);
    parts.push([`${name}:`, ...lines].join("\n"));
  }
  return parts.join("\n\n");
});
