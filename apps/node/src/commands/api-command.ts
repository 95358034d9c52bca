/**
 * `kinode view-api`: the APIs of the packages installed in a home, as they lie there. No node has to run.
 * Source: spec/packages-and-tools.md §6, §22.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isNameSafePackageId } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { homeFolder } from "../boot/home-folder.ts";
import type { CommandFlags } from "./node-commands.ts";
import { type Output, plain } from "./output.ts";

function apiFolder(home: string, id: string): string {
  return join(homeFolder(home).vfs, id, "pkg/api");
}

/** Where the API of an installed package lies, for builds that use it; no node has to run. */
export function installedApi(home: string): (id: string) => string | undefined {
  return (id) => {
    if (!isNameSafePackageId(id)) return undefined;
    const folder = apiFolder(home, id);
    return existsSync(folder) ? folder : undefined;
  };
}

function listApis(home: string): string[] {
  const { vfs } = homeFolder(home);
  const names = existsSync(vfs) ? readdirSync(vfs).sort() : [];
  return names.filter((id) => isNameSafePackageId(id) && existsSync(apiFolder(home, id)));
}

/** Texts of an API by file name; what is compiled is only named. */
function readApi(folder: string): Map<string, string | undefined> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return new Map(
    files.map((name) => [
      name,
      name.endsWith(".wasm") ? undefined : readFileSync(join(folder, name), "utf8"),
    ]),
  );
}

export function viewApiCommand(id: string | undefined, flags: CommandFlags, output: Output): void {
  const ids = listApis(flags.home);
  if (id === undefined) {
    if (flags.json === true) return output.line(JSON.stringify(ids));
    if (ids.length === 0) return output.line("No installed package has an API.");
    for (const each of ids) output.line(each);
    return;
  }
  if (!ids.includes(id)) {
    throw new NodeError(
      { code: "node.usage", reason: "no API" },
      `No package "${id}" with an API is installed in "${flags.home}"`,
      { hint: ids.length === 0 ? "No installed package has one" : `There are ${ids.join(", ")}` },
    );
  }
  const files = readApi(apiFolder(flags.home, id));
  if (flags.json === true)
    return output.line(JSON.stringify({ id, files: Object.fromEntries(files) }));
  for (const [name, text] of files) {
    output.line(`--- ${plain(name)}`);
    if (text !== undefined) for (const line of text.trimEnd().split("\n")) output.line(plain(line));
  }
}
