/**
 * Sizes of files of the host.
 * @module
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Bytes of the files right in a folder; 0 when there is none. */
export function folderBytes(folder: string): number {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return 0;
  }
  return names.reduce((sum, name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (stats?.isFile() === true ? stats.size : 0);
  }, 0);
}
