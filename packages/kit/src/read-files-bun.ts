/**
 * Files of folders, in an order and with names that do not depend on the machine.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { versionHash } from "./hashes.ts";

/** Folders with what tools make: never sources. */
const MADE_BY_TOOLS = new Set(["__pycache__", "build", "dist", "node_modules", "target"]);

function walk(folder: string, below: string, skip: ReadonlySet<string>, found: string[]): void {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skip.has(entry.name)) walk(folder, path, skip, found);
    } else if (entry.isFile()) {
      found.push(path);
    }
  }
}

/** Paths of all files below a folder, relative to it, with `/`, sorted. Hidden ones and links stay out. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  if (existsSync(folder)) walk(folder, "", new Set(), found);
  return found.sort();
}

/** As `filesBelow`, absolute, without the folders in which tools put what they make. */
export function sourceFiles(folder: string): string[] {
  const found: string[] = [];
  if (existsSync(folder)) walk(folder, "", MADE_BY_TOOLS, found);
  return found.sort().map((path) => join(folder, path));
}

/** Every file below `pkg/`, by its path relative to it. */
export function readPkgFiles(folder: string): Map<string, Uint8Array> {
  const root = join(folder, "pkg");
  return new Map(
    filesBelow(root).map((path) => [path, new Uint8Array(readFileSync(join(root, path)))]),
  );
}

/** SHA-256 of a file's content, hex. */
export function hashFile(path: string): string {
  return versionHash(new Uint8Array(readFileSync(path)));
}
