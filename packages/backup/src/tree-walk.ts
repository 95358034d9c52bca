/**
 * Walking through the tree of a snapshot, bounded against one that never ends.
 * @module
 */
import type { BlobReader } from "./blob-reader.ts";
import { assertNotCancelled, assertWithin, BackupError } from "./errors.ts";
import type { BackupLimits } from "./limits.ts";
import type { ObjectId } from "./object-id.ts";
import type { FolderEntry, TreeEntry } from "./tree.ts";

export interface WalkedEntry {
  /** From the top of the snapshot, parts separated by "/", without one at the start. */
  readonly path: string;
  readonly entry: TreeEntry;
}

export interface WalkOptions {
  readonly limits: BackupLimits;
  readonly signal?: AbortSignal | undefined;
  /** Folders that it says `false` to are not looked into. */
  readonly enters?: (folder: FolderEntry) => boolean;
}

/**
 * All entries below a tree, each folder before what is in it.
 * @throws {BackupError} `backup.damaged`, `backup.too-large`
 */
export async function* walkTree(
  reader: BlobReader,
  tree: ObjectId,
  { limits, signal, enters = () => true }: WalkOptions,
  path = "",
): AsyncGenerator<WalkedEntry> {
  let count = 0;
  // Folders to come, the next one last: no recursion, the depth is the repository's.
  const waiting: { readonly path: string; readonly tree: ObjectId; readonly depth: number }[] = [
    { path, tree, depth: 1 },
  ];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    assertNotCancelled(signal, "walk through a snapshot");
    assertWithin(`depth of "${folder.path}"`, folder.depth, limits.maxDepth, "maxDepth");
    const entries = await reader.tree(folder.tree);
    count += entries.length;
    assertWithin("entries of the snapshot", count, limits.maxEntryCount, "maxEntryCount");
    const inside: typeof waiting = [];
    for (const entry of entries) {
      const at = folder.path === "" ? entry.name : `${folder.path}/${entry.name}`;
      yield { path: at, entry };
      if (entry.kind === "folder" && enters(entry)) {
        inside.push({ path: at, tree: entry.tree, depth: folder.depth + 1 });
      }
    }
    waiting.push(...inside.reverse());
  }
}

/**
 * The entry at a path of a snapshot; `undefined` for the top.
 * @param path - parts separated by "/"; one at the start or the end does not count
 * @throws {BackupError} `backup.unknown-path`
 */
export async function findEntry(
  reader: BlobReader,
  tree: ObjectId,
  path: string,
): Promise<TreeEntry | undefined> {
  let at: TreeEntry | undefined;
  for (const name of path.split("/").filter((part) => part !== "")) {
    const inside: ObjectId | undefined = at === undefined ? tree : treeOf(at);
    const entries: readonly TreeEntry[] = inside === undefined ? [] : await reader.tree(inside);
    at = entries.find((entry) => entry.name === name);
    if (at === undefined) throw new BackupError({ code: "backup.unknown-path", path });
  }
  return at;
}

const treeOf = (entry: TreeEntry): FolderEntry["tree"] | undefined =>
  entry.kind === "folder" ? entry.tree : undefined;
