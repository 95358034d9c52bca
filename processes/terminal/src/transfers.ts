/**
 * What `cp` and `mv` are to do: which path becomes which.
 * @module
 */
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { metadata, VfsError } from "@kinode-ts/stdlib/vfs";
import { doing } from "./vfs-failure.ts";
import { baseName, depthOf, isWithin, joinPath, resolvePath } from "./vfs-path.ts";

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly isFolder: boolean;
}

/** The last name is the target; when that is a folder, or several go there, they keep their names in it. */
export async function planTransfers(
  names: readonly string[],
  folder: string,
): Promise<readonly Transfer[]> {
  const paths = names.map((name) => resolvePath(folder, name));
  const target = paths.pop()!;
  const isFolder = await isExistingFolder(target);
  if (paths.length > 1 && !isFolder) {
    throw new ScriptFailure(`several files need a folder to go to, and ${target} is none`);
  }
  return await Promise.all(
    paths.map((from) => transfer(from, isFolder ? joinPath(target, baseName(from)) : target)),
  );
}

async function transfer(from: string, to: string): Promise<Transfer> {
  if (depthOf(from) < 2 || depthOf(to) < 2) {
    const outside = depthOf(from) < 2 ? from : to;
    throw new ScriptFailure(
      `${outside} is not in a drive; files are in /package:publisher/drive/…`,
    );
  }
  const { file_type: type } = await doing("read", from, () => metadata(from));
  const isFolder = type === "Directory";
  if (!isFolder && depthOf(to) < 3) {
    throw new ScriptFailure(`${to} would be a drive, and ${from} is a file`);
  }
  if (from === to) throw new ScriptFailure(`${from} is there already`);
  if (isFolder && isWithin(to, from)) {
    throw new ScriptFailure(`${from} cannot go into itself (${to})`);
  }
  return { from, to, isFolder };
}

async function isExistingFolder(path: string): Promise<boolean> {
  if (depthOf(path) < 2) return depthOf(path) === 1 || path === "/";
  try {
    return (await metadata(path)).file_type === "Directory";
  } catch (thrown) {
    if (thrown instanceof VfsError) return false;
    throw thrown;
  }
}
