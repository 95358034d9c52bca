/**
 * `pkg/api.zip`: what other packages need to talk to this one.
 * Source: spec/packages-and-tools.md §6.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { badPackage } from "./errors.ts";
import { packZip } from "./pack-zip.ts";
import { filesBelow } from "./read-files-bun.ts";

export const API_ZIP = "api.zip";

const readBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** A file under its own name, or a folder's files below the folder's name. */
function addPath(folder: string, path: string, files: Map<string, Uint8Array>): void {
  const full = resolve(folder, path);
  if (!existsSync(full)) {
    throw badPackage([
      {
        file: "metadata.json",
        line: 0,
        message: `"${path}", to be added to the API, does not exist`,
      },
    ]);
  }
  if (!statSync(full).isDirectory()) {
    files.set(basename(full), readBytes(full));
    return;
  }
  for (const below of filesBelow(full)) {
    files.set(`${basename(full)}/${below}`, readBytes(join(full, below)));
  }
}

/**
 * Files of the API: all of `api/`, what the build made for it, and what the metadata or the command line add. Empty
 * when the package has no API.
 * @param made - by name
 * @param added - paths, relative to the package or absolute
 */
export function readApiFiles(
  folder: string,
  made: ReadonlyMap<string, Uint8Array>,
  added: readonly string[],
): Map<string, Uint8Array> {
  const files = new Map(made);
  const root = join(folder, "api");
  for (const path of filesBelow(root)) files.set(path, readBytes(join(root, path)));
  for (const path of added) addPath(folder, path, files);
  return files;
}

/**
 * Writes `pkg/api.zip` when there are files; equal files give equal bytes.
 * @returns whether its content is another than before
 */
export function writeApi(folder: string, files: ReadonlyMap<string, Uint8Array>): boolean {
  if (files.size === 0) return false;
  const path = join(folder, "pkg", API_ZIP);
  const zip = packZip(files);
  if (existsSync(path) && Buffer.from(zip).equals(readFileSync(path))) return false;
  mkdirSync(join(folder, "pkg"), { recursive: true });
  writeFileSync(path, zip);
  return true;
}
