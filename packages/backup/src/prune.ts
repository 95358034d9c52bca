/**
 * Removing what no snapshot needs. New packs are written first, then the indexes, and only then old ones are removed:
 * whenever it is interrupted, everything that snapshots need is in packs that an index names.
 * @module
 */
import { BlobIndex } from "./blob-index.ts";
import { BlobReader } from "./blob-reader.ts";
import { BlobWriter, takeForIndex } from "./blob-writer.ts";
import { type RepositoryContext, withSignal } from "./context.ts";
import { assertNotCancelled, assertSound, BackupError } from "./errors.ts";
import { fetchRanges } from "./fetch-ranges.ts";
import { encodeIndex, type PackContents } from "./index-file.ts";
import { forEachLimited } from "./limited.ts";
import { loadIndex } from "./load-index.ts";
import { takeLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { planPrune, type PrunePlan, type UsedBlobs } from "./prune-plan.ts";
import type { ListedObject } from "./repository-files.ts";
import { loadSnapshots } from "./snapshots.ts";
import { walkTrees } from "./used-blobs.ts";

export interface PruneOptions {
  /** Says what it would do. */
  readonly dryRun?: boolean;
  /** Unused bytes that may stay, for each byte in use. Default 0.05; 0 makes the repository as small as possible. */
  readonly maxUnusedRatio?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PruneProgress) => void;
}

export interface PruneProgress {
  readonly step: "read" | "repack" | "index" | "delete";
  readonly done: number;
  readonly total: number;
}

export interface PruneResult {
  readonly deletedPackCount: number;
  readonly repackedPackCount: number;
  /** Bytes that are free now, as far as the packs' sizes say. */
  readonly freedBytes: number;
  /** Unused bytes that stay. */
  readonly unusedBytes: number;
}

const DEFAULT_UNUSED_RATIO = 0.05;
const DELETIONS_AT_ONCE = 4;

/**
 * @throws {BackupError} `backup.damaged` a snapshot needs something that is not there: nothing is removed then;
 * `backup.locked`, `backup.cancelled`, `backup.lock-lost`, and what the remote throws
 */
export async function pruneRepository(
  context: RepositoryContext,
  options: PruneOptions = {},
): Promise<PruneResult> {
  const ratio = options.maxUnusedRatio ?? DEFAULT_UNUSED_RATIO;
  if (!(ratio >= 0)) {
    const what = "maxUnusedRatio";
    throw new BackupError({ code: "backup.bad-argument", what, why: "is no number from 0" });
  }
  await using lock = await takeLock(context.files, context, true);
  const signals = [lock.signal, ...(options.signal === undefined ? [] : [options.signal])];
  return new Prune(context, options, AbortSignal.any(signals), ratio).run();
}

class Prune {
  readonly #context: RepositoryContext;
  readonly #options: PruneOptions;
  readonly #signal: AbortSignal;
  readonly #ratio: number;

  constructor(
    context: RepositoryContext,
    options: PruneOptions,
    signal: AbortSignal,
    ratio: number,
  ) {
    this.#context = context;
    this.#options = options;
    this.#signal = signal;
    this.#ratio = ratio;
  }

  async run(): Promise<PruneResult> {
    const { files } = this.#context;
    const { snapshots, damaged } = await loadSnapshots(this.#context, this.#signal);
    // Nobody knows what it needs.
    assertSound(damaged.length === 0, `snapshot ${damaged[0] ?? ""}`, "forget it, then prune");
    const loaded = await loadIndex(this.#context, this.#signal);
    const { index, files: indexFiles } = loaded;
    const reader = new BlobReader(this.#context, index, this.#signal);
    const used = await walkTrees(snapshots, index, reader, this.#signal, (done, total) =>
      this.#tell("read", done, total),
    );
    const packs = await files.list("data", this.#signal);
    const plan = planPrune(index, used, packs, this.#ratio);
    if (this.#options.dryRun !== true && (plan.isNeeded || loaded.damaged.length > 0)) {
      await this.#carryOut(plan, index, used, indexFiles);
    }
    return {
      deletedPackCount: plan.remove.length,
      repackedPackCount: plan.repack.length,
      freedBytes: plan.freedBytes,
      unusedBytes: plan.unusedBytes,
    };
  }

  async #carryOut(
    plan: PrunePlan,
    index: BlobIndex,
    used: UsedBlobs,
    oldIndexes: readonly ObjectId[],
  ): Promise<void> {
    await this.#repack(plan.repack, index, used);
    const newIndexes = await this.#writeIndexes(plan.keep);
    await this.#delete(
      "index",
      oldIndexes.filter((id) => !newIndexes.has(id)),
    );
    await this.#delete("data", [...plan.repack.map(({ id }) => id), ...plan.remove.map(idOf)]);
  }

  /** Copies the blobs in use of some packs into new ones, and puts those into an index. */
  async #repack(packs: readonly PackContents[], index: BlobIndex, used: UsedBlobs): Promise<void> {
    if (packs.length === 0) return;
    // What is elsewhere is not copied; what is in several of these packs is copied once.
    const copied = new BlobIndex(this.#context.limits);
    const writer = new BlobWriter(this.#context, copied, this.#signal);
    try {
      for (const [done, pack] of packs.entries()) {
        this.#tell("repack", done, packs.length);
        await this.#copy(pack, index, used, writer);
      }
      await writer.finish();
    } catch (error) {
      await writer.salvage();
      throw error;
    }
  }

  async #copy(
    { id: pack, blobs }: PackContents,
    index: BlobIndex,
    used: UsedBlobs,
    writer: BlobWriter,
  ): Promise<void> {
    const { remote, engine, sizes } = this.#context;
    const wanted = blobs.filter(
      ({ kind, id }) => used[kind].has(id) && index.find(kind, id)?.pack === pack,
    );
    for (const range of fetchRanges(wanted, sizes.fetchBytes)) {
      assertNotCancelled(this.#signal, "prune");
      const { offset, length } = range;
      const bytes = await remote.get("data", pack, { offset, length }, withSignal(this.#signal));
      assertSound(bytes !== undefined, `data/${pack}`, "it is gone");
      const inside = range.blobs.map((blob) => ({ ...blob, offset: blob.offset - offset }));
      const contents = await engine.open(bytes, inside);
      for (const [i, { kind, id }] of range.blobs.entries()) {
        const content = contents[i];
        assertSound(
          content !== undefined,
          `${kind} ${id.slice(0, 8)}`,
          `it is not whole in ${pack}`,
        );
        if (writer.claim(kind, id)) await writer.add(kind, await engine.sealContent(content));
      }
    }
  }

  /** Indexes of the packs that stay. */
  async #writeIndexes(packs: readonly PackContents[]): Promise<Set<ObjectId>> {
    const { files, sizes } = this.#context;
    const left = [...packs];
    const written = new Set<ObjectId>();
    while (left.length > 0) {
      assertNotCancelled(this.#signal, "prune");
      const some = takeForIndex(left, sizes.blobsPerIndex);
      written.add(await files.put("index", encodeIndex(some), this.#signal));
      this.#tell("index", packs.length - left.length, packs.length);
    }
    return written;
  }

  async #delete(kind: "index" | "data", ids: readonly ObjectId[]): Promise<void> {
    let done = 0;
    await forEachLimited(ids, DELETIONS_AT_ONCE, async (id) => {
      assertNotCancelled(this.#signal, "prune");
      await this.#context.files.delete(kind, id, this.#signal);
      this.#tell("delete", ++done, ids.length);
    });
  }

  #tell(step: PruneProgress["step"], done: number, total: number): void {
    this.#options.onProgress?.({ step, done, total });
  }
}

const idOf = ({ id }: ListedObject): ObjectId => id;
