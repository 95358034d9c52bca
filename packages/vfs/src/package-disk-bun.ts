/**
 * Counts what packages have in folders of this machine: `<folder>/<package>:<publisher>/…`.
 * @module
 */
import { join } from "node:path";
import { longDiskThreads } from "./disk-threads-bun.ts";
import { folderBytes } from "./folder-bytes-bun.ts";
import { PackageDisk } from "./package-disk.ts";

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
      const names = await Promise.all(folders.map(namesIn));
      return [...new Set(names.flat())].filter((name) => name.includes(":"));
    },
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const call = { name: "list", args: [{ home: folder, rest: "" }], drive: folder } as const;
  const listed = await longDiskThreads()
    .run(call)
    .catch(() => undefined);
  return listed?.value.names ?? [];
}
