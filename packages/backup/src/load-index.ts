/**
 * Reading all index files.
 * @module
 */
import { BlobIndex } from "./blob-index.ts";
import type { RepositoryContext } from "./context.ts";
import { isDamage } from "./errors.ts";
import { decodeIndex, type PackContents } from "./index-file.ts";
import { forEachLimited } from "./limited.ts";
import type { ObjectId } from "./object-id.ts";
import type { RepositoryFiles } from "./repository-files.ts";

const FILES_AT_ONCE = 4;

export interface LoadedIndex {
  readonly index: BlobIndex;
  /** The files that are there, damaged ones too. */
  readonly files: readonly ObjectId[];
  /** What is in them is not in `index`: never finished by a remote that shows halves, or changed since. */
  readonly damaged: readonly ObjectId[];
}

/**
 * Reads all index files. Damaged ones are left out: what only they know counts as missing.
 * NOTE: list snapshots before this, not after: then everything they need is in the index.
 * @throws {BackupError} `backup.too-large` for the whole, and what the remote throws
 */
export async function loadIndex(
  { files, limits }: RepositoryContext,
  signal?: AbortSignal,
): Promise<LoadedIndex> {
  const index = new BlobIndex(limits);
  const damaged: ObjectId[] = [];
  const ids = (await files.list("index", signal)).map(({ id }) => id);
  await forEachLimited(ids, FILES_AT_ONCE, async (id) => {
    const packs = await readIndex(files, id, signal).catch((error: unknown) => {
      if (!isDamage(error)) throw error;
      damaged.push(id);
      return [];
    });
    for (const pack of packs) index.add(pack);
  });
  return { index, files: ids, damaged };
}

async function readIndex(
  files: RepositoryFiles,
  id: ObjectId,
  signal: AbortSignal | undefined,
): Promise<PackContents[]> {
  const value = await files.find("index", id, signal);
  // Gone since it was listed: another index says the same.
  return value === undefined ? [] : decodeIndex(value, `index/${id}`);
}
