/**
 * Making indexes anew from what the packs say: for a repository that has lost one.
 * @module
 */
import { takeForIndex } from "./blob-writer.ts";
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled, isDamage } from "./errors.ts";
import { encodeIndex, type PackContents } from "./index-file.ts";
import { forEachLimited } from "./limited.ts";
import { loadIndex } from "./load-index.ts";
import { takeLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { fetchHeader } from "./pack-header.ts";

export interface RepairOptions {
  readonly signal?: AbortSignal;
}

export interface RepairResult {
  /** Packs that no index knew, and that are in one now. */
  readonly addedPackCount: number;
  /** Packs that say nothing about themselves any more. */
  readonly damagedPacks: readonly ObjectId[];
  /** Index files that could not be read and are removed. */
  readonly removedIndexCount: number;
}

const HEADERS_AT_ONCE = 8;

/**
 * Puts every pack that no index knows into one, and removes index files that cannot be read. Content is not touched.
 * @throws {BackupError} `backup.locked`, `backup.cancelled`, and what the remote throws
 */
export async function repairIndex(
  context: RepositoryContext,
  { signal: outer }: RepairOptions = {},
): Promise<RepairResult> {
  const { files, sizes } = context;
  await using lock = await takeLock(files, context, true);
  const signal = AbortSignal.any([lock.signal, ...(outer === undefined ? [] : [outer])]);
  const { index, damaged } = await loadIndex(context, signal);
  const listed = await files.list("data", signal);
  const found: PackContents[] = [];
  const damagedPacks: ObjectId[] = [];
  const unknown = listed.filter(({ id }) => !index.hasPack(id));
  await forEachLimited(unknown, HEADERS_AT_ONCE, async ({ id, sizeBytes }) => {
    assertNotCancelled(signal, "repair");
    try {
      found.push({ id, blobs: await fetchHeader(context, id, sizeBytes, signal) });
    } catch (error) {
      if (!isDamage(error)) throw error;
      damagedPacks.push(id);
    }
  });
  const addedPackCount = found.length;
  while (found.length > 0) {
    await files.put("index", encodeIndex(takeForIndex(found, sizes.blobsPerIndex)), signal);
  }
  for (const id of damaged) await files.delete("index", id, signal);
  return { addedPackCount, damagedPacks: damagedPacks.sort(), removedIndexCount: damaged.length };
}
