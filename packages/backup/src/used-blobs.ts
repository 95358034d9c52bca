/**
 * What snapshots need: all trees and all contents that can be reached from them.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import type { BlobReader } from "./blob-reader.ts";
import { assertNotCancelled, assertSound } from "./errors.ts";
import type { ObjectId } from "./object-id.ts";
import type { UsedBlobs } from "./prune-plan.ts";
import type { Snapshot } from "./snapshot-file.ts";

/**
 * @param tell - called after each snapshot
 * @throws {BackupError} `backup.damaged` something is not there
 */
export async function walkTrees(
  snapshots: readonly Snapshot[],
  index: BlobIndex,
  reader: BlobReader,
  signal: AbortSignal,
  tell: (done: number, total: number) => void,
): Promise<UsedBlobs> {
  const used = { data: new Set<ObjectId>(), tree: new Set<ObjectId>() };
  for (const [done, snapshot] of snapshots.entries()) {
    const waiting = [snapshot.tree];
    for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
      if (used.tree.has(tree)) continue;
      used.tree.add(tree);
      assertNotCancelled(signal, "prune");
      for (const entry of await reader.tree(tree)) {
        if (entry.kind === "folder") waiting.push(entry.tree);
        if (entry.kind !== "file") continue;
        for (const id of entry.content) {
          assertSound(
            index.has("data", id),
            `data ${id.slice(0, 8)}`,
            "no index knows where it is",
          );
          used.data.add(id);
        }
      }
    }
    tell(done + 1, snapshots.length);
  }
  return used;
}
