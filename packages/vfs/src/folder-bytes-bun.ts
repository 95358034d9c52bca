/**
 * Counts what is in folders of this machine.
 * @module
 */
import { type DiskThreads, longDiskThreads } from "./disk-threads-bun.ts";

/** Characters of the folders that one call is given. */
const MAX_CHARACTERS = 16 * 1024;

/**
 * Lengths of all files below `folder`; links are not followed, what cannot be read or vanishes counts nothing.
 * @param folder - a path of the host
 * @throws {VfsError} the disk does not answer
 */
export async function folderBytes(folder: string): Promise<number> {
  return await countFolderBytes(longDiskThreads(), folder, folder);
}

/** The same on given threads. @param drive - whose turn it is: see `DiskCall` */
export async function countFolderBytes(
  threads: DiskThreads,
  folder: string,
  drive: string,
): Promise<number> {
  const waiting = [folder];
  let sum = 0;
  while (waiting.length > 0) {
    const args = [takeSome(waiting)] as const;
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    const { value } = await threads.run({ name: "countBytes", args, drive });
    sum += value.bytes;
    for (const path of value.rest) waiting.push(path);
  }
  return sum;
}

/** As many from the end as fit into a call. */
function takeSome(folders: string[]): readonly string[] {
  const some: string[] = [];
  let characters = 0;
  do {
    const folder = folders.pop()!;
    characters += folder.length;
    some.push(folder);
  } while (folders.length > 0 && characters + folders.at(-1)!.length < MAX_CHARACTERS);
  return some;
}
