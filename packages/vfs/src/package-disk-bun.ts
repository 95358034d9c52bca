/**
 * Counts what packages have in folders of this machine: `<folder>/<package>:<publisher>/…`.
 * @module
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PackageDisk } from "./package-disk.ts";

/** Looked at together: enough to keep the disk busy, few enough to leave the pool to others. */
const FILES_AT_ONCE = 8;

export interface FolderDiskOptions {
  /** Of every module that keeps files by package; those that do not exist are empty. */
  readonly folders: readonly string[];
}

/** Accounts over folders of this machine. */
export function openFolderDisk({ folders }: FolderDiskOptions): PackageDisk {
  return new PackageDisk({
    count: async (owner) => {
      const sizes = await Promise.all(folders.map((folder) => folderBytes(join(folder, owner))));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    owners: async () => {
      const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
      return [...new Set(names.flat())].filter((name) => name.includes(":"));
    },
  });
}

/**
 * Lengths of all files below `folder`; links are not followed, what cannot be read or vanishes counts nothing.
 * @param folder - a path of the host
 */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  const waiting = [folder];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    const files: string[] = [];
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) files.push(path);
    }
    for (let first = 0; first < files.length; first += FILES_AT_ONCE) {
      const some = files.slice(first, first + FILES_AT_ONCE).map(fileBytes);
      for (const size of await Promise.all(some)) bytes += size;
    }
  }
  return bytes;
}

async function fileBytes(path: string): Promise<number> {
  return await lstat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
