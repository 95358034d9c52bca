/**
 * Which tests of a package use the stand-in of the kernel: only those say something new when a real kernel takes its place.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const HARNESS = "@kinode-ts/testing/module-harness";

/** Test files below a folder whose imports lead to the stand-in, relative to the folder, sorted. */
export function testsWithHarness(folder: string): string[] {
  const seen = new Map<string, boolean>();
  return [...new Bun.Glob("**/*.test.{ts,tsx}").scanSync({ cwd: folder })]
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file))
    .filter((file) => leadsToHarness(join(folder, file), seen))
    .sort();
}

function leadsToHarness(file: string, seen: Map<string, boolean>): boolean {
  const known = seen.get(file);
  if (known !== undefined) return known;
  // Files that import each other say nothing by that.
  seen.set(file, false);
  if (!existsSync(file)) return false;
  const text = readFileSync(file, "utf8");
  const found =
    text.includes(HARNESS) ||
    [...text.matchAll(/\bfrom "(\.{1,2}\/[^"]+\.tsx?)"/g)].some(([, path = ""]) =>
      leadsToHarness(join(dirname(file), path), seen),
    );
  seen.set(file, found);
  return found;
}
