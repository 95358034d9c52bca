/**
 * Restoring a snapshot, or a part of one: pack by pack, so that each is fetched once.
 * @module
 */
import { BlobReader } from "./blob-reader.ts";
import { type RepositoryContext, withSignal } from "./context.ts";
import { assertNotCancelled } from "./errors.ts";
import { type FetchRange, fetchRanges } from "./fetch-ranges.ts";
import { forEachLimited } from "./limited.ts";
import { loadIndex } from "./load-index.ts";
import type { ObjectId } from "./object-id.ts";
import { contentLength, type PackedBlob } from "./pack.ts";
import {
  planRestore,
  type PlannedBlob,
  type PlannedFile,
  refusal,
  type RestorePlan,
  type RestoreProblem,
} from "./restore-plan.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { chooseSnapshot, loadSnapshots } from "./snapshots.ts";
import type { RestoreTarget } from "./target.ts";

export interface RestoreOptions {
  /** Restores only this file or what is in this folder. Parts separated by "/". */
  readonly path?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

export interface RestoreProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly fileCount: number;
}

export interface RestoreResult {
  readonly snapshot: Snapshot;
  /** Files that are there, whole and checked. */
  readonly fileCount: number;
  readonly restoredBytes: number;
  /** Everything that is not there, each with the reason. */
  readonly problems: readonly RestoreProblem[];
}

const PACKS_AT_ONCE = 3;
const WRITES_AT_ONCE = 4;

/**
 * Writes what a snapshot holds to a target. The hash of every piece is checked before it is written.
 * @param snapshot - "latest", an id or its beginning
 * @throws {BackupError} `backup.unknown-snapshot`, `backup.unknown-path`, `backup.damaged`, `backup.too-large` before
 * anything is written; later `backup.cancelled` and what the remote or the target throws
 */
export async function restoreSnapshot(
  context: RepositoryContext,
  snapshot: string,
  target: RestoreTarget,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { path = "", signal } = options;
  const { snapshots } = await loadSnapshots(context, signal);
  const chosen = chooseSnapshot(snapshots, snapshot);
  const { index } = await loadIndex(context, signal);
  const reader = new BlobReader(context, index, signal);
  const plan = await planRestore(context, index, reader, chosen.tree, path, signal);
  const restore = new Restore(context, plan, target, options);
  try {
    await restore.run();
  } finally {
    await target.close?.();
  }
  const { problems, files } = plan;
  const whole = files.filter(({ damage }) => damage === undefined);
  const restoredBytes = whole.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
  return { snapshot: chosen, fileCount: whole.length, restoredBytes, problems };
}

class Restore {
  readonly #context: RepositoryContext;
  readonly #plan: RestorePlan;
  readonly #target: RestoreTarget;
  readonly #options: RestoreOptions;
  #doneBytes = 0;

  constructor(
    context: RepositoryContext,
    plan: RestorePlan,
    target: RestoreTarget,
    options: RestoreOptions,
  ) {
    this.#context = context;
    this.#plan = plan;
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { folders, files, links, packs } = this.#plan;
    const made = [];
    for (const folder of folders) {
      const { path } = folder;
      if (await this.#try(path, () => this.#target.makeFolder(path))) made.push(folder);
    }
    await forEachLimited(packs, PACKS_AT_ONCE, ([pack, blobs]) => this.#readPack(pack, blobs));
    for (const file of files) {
      if (file.damage === undefined && file.entry.content.length === 0) await this.#finish(file);
      if (file.damage !== undefined) await this.#giveUp(file, file.damage);
    }
    for (const { path, entry } of links) {
      await this.#try(path, () => this.#target.makeLink(path, entry.target, entry));
    }
    for (const { path, entry } of made.toReversed()) {
      await this.#refused(() => this.#target.finishFolder(path, entry));
    }
  }

  /** Makes a file, once. Afterwards it is damaged if the target refused. */
  async #make(file: PlannedFile): Promise<void> {
    const { path, entry } = file;
    file.made ??= this.#refused(() => this.#target.createFile(path, entry.sizeBytes));
    file.damage ??= await file.made;
  }

  async #finish(file: PlannedFile): Promise<void> {
    await this.#make(file);
    if (file.damage === undefined) await this.#target.finishFile(file.path, file.entry);
  }

  async #giveUp({ path, made }: PlannedFile, why: string): Promise<void> {
    // What was there before is not ours to remove.
    const isMade = made !== undefined && (await made) === undefined;
    if (isMade) await this.#refused(() => this.#target.removeFile(path));
    this.#plan.problems.push({ path, why });
  }

  /** Why the target refused, if it did. */
  async #refused(run: () => Promise<void>): Promise<string | undefined> {
    assertNotCancelled(this.#options.signal, "restore");
    try {
      await run();
      return undefined;
    } catch (error) {
      const why = refusal(error);
      if (why === undefined) throw error;
      return why;
    }
  }

  /** Whether the target did it. */
  async #try(path: string, run: () => Promise<void>): Promise<boolean> {
    const why = await this.#refused(run);
    if (why !== undefined) this.#plan.problems.push({ path, why });
    return why === undefined;
  }

  async #readPack(pack: ObjectId, blobs: ReadonlyMap<ObjectId, PlannedBlob>): Promise<void> {
    const wanted = [...blobs.values()]
      .filter(({ uses }) => uses.some(({ file }) => file.damage === undefined))
      .map(({ blob }) => blob);
    for (const range of fetchRanges(wanted, this.#context.sizes.fetchBytes)) {
      const contents = await this.#fetch(pack, range);
      await forEachLimited(range.blobs.entries(), WRITES_AT_ONCE, ([i, blob]) =>
        this.#place(pack, blobs.get(blob.id)!, contents?.[i]),
      );
    }
  }

  async #fetch(
    pack: ObjectId,
    { offset, length, blobs }: FetchRange<PackedBlob>,
  ): Promise<(Uint8Array | undefined)[] | undefined> {
    const { signal } = this.#options;
    assertNotCancelled(signal, "restore");
    const { remote, engine } = this.#context;
    const bytes = await remote.get("data", pack, { offset, length }, withSignal(signal));
    if (bytes === undefined) return undefined;
    return engine.open(
      bytes,
      blobs.map((blob) => ({ ...blob, offset: blob.offset - offset })),
    );
  }

  async #write(file: PlannedFile, offset: number, content: Uint8Array): Promise<void> {
    await this.#make(file);
    if (file.damage !== undefined) return;
    await this.#target.write(file.path, offset, content);
    this.#doneBytes += content.length;
    file.leftCount--;
    if (file.leftCount === 0) await this.#finish(file);
  }

  async #place(
    pack: ObjectId,
    { blob, uses }: PlannedBlob,
    content: Uint8Array | undefined,
  ): Promise<void> {
    const isWhole = content?.length === contentLength(blob);
    for (const { file, offset } of uses) {
      if (!isWhole) {
        file.damage ??= `data ${blob.id.slice(0, 8)} is not whole in pack ${pack.slice(0, 8)}`;
      }
      if (isWhole && file.damage === undefined) await this.#write(file, offset, content);
    }
    const { totalBytes, files } = this.#plan;
    const doneBytes = this.#doneBytes;
    this.#options.onProgress?.({ doneBytes, totalBytes, fileCount: files.length });
  }
}
