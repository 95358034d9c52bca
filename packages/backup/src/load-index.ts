/**
 * Reading all index files.
 * @module
 */
import { BlobIndex } from "./blob-index.ts";
import type { RepositoryContext } from "./context.ts";
import { decodeIndex } from "./index-file.ts";
import { forEachLimited } from "./limited.ts";
import type { ObjectId } from "./object-id.ts";

const FILES_AT_ONCE = 4;

export interface LoadedIndex {
  readonly index: BlobIndex;
  /** The files it was read from. */
  readonly files: readonly ObjectId[];
}

/**
 * NOTE: list snapshots before this, not after: then everything they need is in the index.
 * @throws {BackupError} `backup.damaged`, `backup.too-large`
 */
export async function loadIndex(
  { files, limits }: RepositoryContext,
  signal?: AbortSignal,
): Promise<LoadedIndex> {
  const index = new BlobIndex(limits);
  const listed = await files.list("index", signal);
  const ids = listed.map(({ id }) => id);
  await forEachLimited(ids, FILES_AT_ONCE, async (id) => {
    const value = await files.find("index", id, signal);
    // Gone since it was listed: another index says the same.
    if (value === undefined) return;
    for (const pack of decodeIndex(value, `index ${id.slice(0, 8)}`)) index.add(pack);
  });
  return { index, files: ids };
}
