/**
 * Whether a repository is whole: its structure, and on request every byte of it.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import { BlobReader } from "./blob-reader.ts";
import { type RepositoryContext, withSignal } from "./context.ts";
import { assertNotCancelled, assertSound, isDamage } from "./errors.ts";
import { forEachLimited } from "./limited.ts";
import { loadIndex } from "./load-index.ts";
import { takeLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { readHeader } from "./pack-header.ts";
import { contentLength, packBytes, type PackedBlob } from "./pack.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { loadSnapshots } from "./snapshots.ts";

export interface VerifyOptions {
  /** Reads every pack and checks every blob in it: as much traffic as a whole restore. */
  readonly readData?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly packCount: number;
    readonly totalPackCount: number;
  }) => void;
}

export interface VerifyProblem {
  /** The object or tree that is affected. */
  readonly what: string;
  readonly why: string;
}

export interface VerifyReport {
  readonly snapshotCount: number;
  readonly packCount: number;
  readonly blobCount: number;
  /** Packs that no index knows: left by something interrupted; prune removes them. Not a problem. */
  readonly unindexedPackCount: number;
  readonly readBytes: number;
  /** At most 1,000. */
  readonly problems: readonly VerifyProblem[];
  /** 0: everything can be restored. */
  readonly problemCount: number;
}

const MAX_PROBLEMS = 1_000;
const PACKS_AT_ONCE = 2;

/** @throws {BackupError} `backup.locked`, `backup.cancelled`, and what the remote throws; damage is in the report */
export async function verifyRepository(
  context: RepositoryContext,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  await using lock = await takeLock(context.files, context, false);
  const signals = [lock.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const verification = new Verification(context, options, AbortSignal.any(signals));
  return verification.run();
}

/** @param blobs - of a pack, in any order */
const byOffset = (blobs: readonly PackedBlob[]): PackedBlob[] =>
  blobs.toSorted((a, b) => a.offset - b.offset);

const sameBlob = (a: PackedBlob, b: PackedBlob): boolean =>
  a.id === b.id &&
  a.kind === b.kind &&
  a.offset === b.offset &&
  a.length === b.length &&
  a.plainLength === b.plainLength;

class Verification {
  readonly #context: RepositoryContext;
  readonly #options: VerifyOptions;
  readonly #signal: AbortSignal;
  readonly #problems: VerifyProblem[] = [];
  #problemCount = 0;
  #readBytes = 0;

  constructor(context: RepositoryContext, options: VerifyOptions, signal: AbortSignal) {
    this.#context = context;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<VerifyReport> {
    const { files } = this.#context;
    const { snapshots, damaged } = await loadSnapshots(this.#context, this.#signal);
    for (const id of damaged) this.#report(`snapshots/${id}`, "it cannot be read");
    const { index, damaged: damagedIndexes } = await loadIndex(this.#context, this.#signal);
    for (const id of damagedIndexes) this.#report(`index/${id}`, "it cannot be read");
    const sizes = new Map((await files.list("data", this.#signal)).map((o) => [o.id, o.sizeBytes]));
    for (const [id, blobs] of index.packs()) this.#checkPlace(id, blobs, sizes.get(id));
    await this.#checkTrees(snapshots, index);
    if (this.#options.readData === true) await this.#readPacks(index, sizes);
    const unindexed = [...sizes.keys()].filter((id) => !index.hasPack(id));
    return {
      snapshotCount: snapshots.length,
      packCount: index.packCount,
      blobCount: index.blobCount,
      unindexedPackCount: unindexed.length,
      readBytes: this.#readBytes,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  #report(what: string, why: string): void {
    this.#problemCount++;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ what, why });
  }

  /** Runs, and reports what the repository is to blame for. */
  async #check(what: string, run: () => Promise<void>): Promise<void> {
    assertNotCancelled(this.#signal, "verification");
    try {
      await run();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#report(what, error.message);
    }
  }

  #checkPlace(id: ObjectId, blobs: readonly PackedBlob[], size: number | undefined): void {
    const what = `data/${id}`;
    if (size === undefined) return this.#report(what, "an index names it, and it is not there");
    const expected = packBytes(blobs);
    if (size !== expected) {
      this.#report(what, `it has ${size} bytes, and its blobs would make ${expected}`);
    }
  }

  /** Each tree once, however many snapshots have it. */
  async #checkTrees(snapshots: readonly Snapshot[], index: BlobIndex): Promise<void> {
    const reader = new BlobReader(this.#context, index, this.#signal);
    const seen = new Set<ObjectId>();
    for (const snapshot of snapshots) {
      const waiting = [snapshot.tree];
      for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
        if (seen.has(tree)) continue;
        seen.add(tree);
        const id = tree;
        const what = `tree ${id} of snapshot ${snapshot.id.slice(0, 8)}`;
        await this.#check(what, async () => {
          for (const entry of await reader.tree(id)) {
            if (entry.kind === "folder") waiting.push(entry.tree);
            if (entry.kind === "file") this.#checkContent(index, entry, what);
          }
        });
      }
    }
  }

  #checkContent(
    index: BlobIndex,
    { name, content, sizeBytes }: { name: string; content: readonly ObjectId[]; sizeBytes: number },
    what: string,
  ): void {
    const places = content.map((id) => index.find("data", id));
    const missing = places.indexOf(undefined);
    if (missing >= 0) {
      return this.#report(
        what,
        `data ${content[missing]!.slice(0, 8)} of "${name}" is in no index`,
      );
    }
    const length = places.reduce((sum, place) => sum + contentLength(place!.blob), 0);
    if (length !== sizeBytes) {
      this.#report(what, `"${name}" should have ${sizeBytes} bytes, and its content has ${length}`);
    }
  }

  async #readPacks(index: BlobIndex, sizes: ReadonlyMap<ObjectId, number>): Promise<void> {
    const packs = [...index.packs()].filter(([id]) => sizes.has(id));
    let packCount = 0;
    await forEachLimited(packs, PACKS_AT_ONCE, async ([id, blobs]) => {
      await this.#check(`data/${id}`, () => this.#readPack(id, byOffset(blobs)));
      this.#options.onProgress?.({ packCount: ++packCount, totalPackCount: packs.length });
    });
  }

  async #readPack(id: ObjectId, blobs: readonly PackedBlob[]): Promise<void> {
    const { remote, engine, limits } = this.#context;
    const what = `data/${id}`;
    const range = { offset: 0, length: limits.maxPackBytes };
    const fetched = await remote.get("data", id, range, withSignal(this.#signal));
    if (fetched === undefined) return this.#report(what, "it is gone");
    this.#readBytes += fetched.length;
    const { id: found, bytes } = await engine.hash(fetched);
    if (found !== id) this.#report(what, "its content does not fit its name");
    const said = readHeader(this.#context, bytes, what);
    const isSame =
      said.length === blobs.length && said.every((blob, i) => sameBlob(blob, blobs[i]!));
    assertSound(isSame, what, "its header and the index do not say the same");
    const contents = await engine.open(bytes, blobs);
    for (const [i, { kind, id: blob }] of blobs.entries()) {
      if (contents[i] === undefined)
        this.#report(what, `${kind} ${blob.slice(0, 8)} in it is damaged`);
    }
  }
}
