/**
 * Which packs stay, which are made anew, and which are removed.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import { assertSound } from "./errors.ts";
import type { PackContents } from "./index-file.ts";
import type { ObjectId } from "./object-id.ts";
import { type BlobKind, packBytes, type PackedBlob } from "./pack.ts";
import type { ListedObject } from "./repository-files.ts";

/** What snapshots need. */
export type UsedBlobs = Readonly<Record<BlobKind, ReadonlySet<ObjectId>>>;

export interface PrunePlan {
  readonly keep: readonly PackContents[];
  readonly repack: readonly PackContents[];
  /** Nothing in them is needed, or no index knows them. */
  readonly remove: readonly ListedObject[];
  readonly freedBytes: number;
  readonly unusedBytes: number;
  /** Whether anything has to change. */
  readonly isNeeded: boolean;
}

interface JudgedPack extends PackContents {
  readonly usedBytes: number;
  readonly unusedBytes: number;
  /** Data and trees in one pack: older programs made such. */
  readonly isMixed: boolean;
}

/**
 * @param maxUnusedRatio - unused bytes that may stay for each byte in use
 * @throws {BackupError} `backup.damaged` a pack that is needed is not there, or has another size
 */
export function planPrune(
  index: BlobIndex,
  used: UsedBlobs,
  listed: readonly ListedObject[],
  maxUnusedRatio: number,
): PrunePlan {
  const sizes = new Map(listed.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const judged = [...index.packs()].map(([id, blobs]) => judge(id, blobs, index, used));
  for (const { id, blobs, usedBytes } of judged) {
    if (usedBytes === 0) continue;
    const size = sizes.get(id);
    assertSound(size !== undefined, `data/${id}`, "snapshots need it, and it is gone");
    assertSound(size === packBytes(blobs), `data/${id}`, "it has not the size that its index says");
  }
  const needed = judged.filter(({ usedBytes }) => usedBytes > 0);
  const usedBytes = sum(needed.map((pack) => pack.usedBytes));
  const repack = chooseRepack(needed, usedBytes * maxUnusedRatio);
  const keep = needed.filter((pack) => !repack.has(pack));
  const stays = new Set(needed.map(({ id }) => id));
  const remove = listed.filter(({ id }) => !stays.has(id));
  const vanished = judged.some(({ id }) => !sizes.has(id));
  return {
    keep,
    repack: [...repack],
    remove,
    freedBytes:
      sum(remove.map(({ sizeBytes }) => sizeBytes)) + sum([...repack].map((p) => p.unusedBytes)),
    unusedBytes: sum(keep.map(({ unusedBytes }) => unusedBytes)),
    isNeeded: remove.length > 0 || repack.size > 0 || vanished,
  };
}

function judge(
  id: ObjectId,
  blobs: readonly PackedBlob[],
  index: BlobIndex,
  used: UsedBlobs,
): JudgedPack {
  // Of a blob that is in several packs, one place counts.
  const isUsed = ({ kind, id: blob }: PackedBlob): boolean =>
    used[kind].has(blob) && index.find(kind, blob)?.pack === id;
  const bytes = sum(blobs.map(({ length }) => length));
  const usedBytes = sum(blobs.filter(isUsed).map(({ length }) => length));
  const isMixed = new Set(blobs.map(({ kind }) => kind)).size > 1;
  return { id, blobs, usedBytes, unusedBytes: bytes - usedBytes, isMixed };
}

/** The worst first, until what stays is little enough. */
function chooseRepack(packs: readonly JudgedPack[], maxUnusedBytes: number): Set<JudgedPack> {
  const chosen = new Set(packs.filter(({ isMixed }) => isMixed));
  const partly = packs.filter((pack) => pack.unusedBytes > 0 && !chosen.has(pack));
  let left = sum(partly.map(({ unusedBytes }) => unusedBytes));
  const waste = ({ unusedBytes, usedBytes }: JudgedPack): number => unusedBytes / usedBytes;
  for (const pack of partly.sort((a, b) => waste(b) - waste(a))) {
    if (left <= maxUnusedBytes) break;
    chosen.add(pack);
    left -= pack.unusedBytes;
  }
  return chosen;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
