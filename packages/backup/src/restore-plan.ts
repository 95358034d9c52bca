/**
 * What a restore will do, made before anything is written: names are checked, sizes added up.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import type { BlobReader } from "./blob-reader.ts";
import type { RepositoryContext } from "./context.ts";
import { assertWithin, BackupError } from "./errors.ts";
import { whyUnsafe } from "./file-name.ts";
import type { ObjectId } from "./object-id.ts";
import { contentLength, type PackedBlob } from "./pack.ts";
import { findEntry, type WalkedEntry, walkTree } from "./tree-walk.ts";
import type { FileEntry, FolderEntry, LinkEntry } from "./tree.ts";

export interface RestoreProblem {
  readonly path: string;
  readonly why: string;
}

export interface PlannedFile {
  readonly path: string;
  readonly entry: FileEntry;
  /** Set when a part of it cannot be restored. */
  damage: string | undefined;
  /** Set while and after it is made: why the target refused it, if it did. */
  made: Promise<string | undefined> | undefined;
  /** Parts that are still to be written. */
  leftCount: number;
}

/** One blob and where its content goes. */
export interface PlannedBlob {
  readonly blob: PackedBlob;
  readonly uses: { readonly file: PlannedFile; readonly offset: number }[];
}

export interface RestorePlan {
  readonly folders: { readonly path: string; readonly entry: FolderEntry }[];
  readonly files: PlannedFile[];
  readonly links: { readonly path: string; readonly entry: LinkEntry }[];
  /** What is read, by pack and then by blob. */
  readonly packs: Map<ObjectId, Map<ObjectId, PlannedBlob>>;
  /** What will not be restored. */
  readonly problems: RestoreProblem[];
  totalBytes: number;
}

/** @throws {BackupError} `backup.unknown-path`, `backup.damaged`, `backup.too-large` */
export async function planRestore(
  context: RepositoryContext,
  index: BlobIndex,
  reader: BlobReader,
  tree: ObjectId,
  path: string,
  signal: AbortSignal | undefined,
): Promise<RestorePlan> {
  const plan: RestorePlan = {
    folders: [],
    files: [],
    links: [],
    packs: new Map(),
    problems: [],
    totalBytes: 0,
  };
  for await (const walked of entriesBelow(context, reader, tree, path, signal)) {
    const why = whyUnsafe(walked.entry.name);
    if (why !== undefined) plan.problems.push({ path: walked.path, why });
    else planEntry(plan, context, index, walked);
  }
  return plan;
}

/** Everything below a path, or the one file there; nothing below unsafe names. Paths are from the restored folder. */
async function* entriesBelow(
  context: RepositoryContext,
  reader: BlobReader,
  tree: ObjectId,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WalkedEntry> {
  const entry = await findEntry(reader, tree, path);
  if (entry === undefined || entry.kind === "folder") {
    const { limits } = context;
    const enters = ({ name }: FolderEntry): boolean => whyUnsafe(name) === undefined;
    yield* walkTree(reader, entry?.tree ?? tree, { limits, signal, enters });
  } else {
    yield { path: entry.name, entry };
  }
}

function planEntry(
  plan: RestorePlan,
  { limits }: RepositoryContext,
  index: BlobIndex,
  { path, entry }: WalkedEntry,
): void {
  switch (entry.kind) {
    case "folder":
      plan.folders.push({ path, entry });
      return;
    case "link":
      plan.links.push({ path, entry });
      return;
    case "other":
      plan.problems.push({ path, why: `${entry.what} is not restored` });
      return;
    case "file": {
      const file: PlannedFile = { path, entry, damage: undefined, made: undefined, leftCount: 0 };
      plan.files.push(file);
      plan.totalBytes += planFile(plan, index, file, limits.maxBlobBytes);
      assertWithin(
        "content of the snapshot",
        plan.totalBytes,
        limits.maxRestoreBytes,
        "maxRestoreBytes",
      );
    }
  }
}

/** @returns the bytes that will be written */
function planFile(
  plan: RestorePlan,
  index: BlobIndex,
  file: PlannedFile,
  maxBlobBytes: number,
): number {
  let offset = 0;
  const uses: (readonly [ObjectId, PackedBlob, number])[] = [];
  for (const id of file.entry.content) {
    const place = index.find("data", id);
    if (place === undefined) {
      file.damage = `data ${id.slice(0, 8)} is in no index`;
      return 0;
    }
    const { pack, blob } = place;
    assertWithin(
      `data ${id.slice(0, 8)}`,
      Math.max(contentLength(blob), blob.length),
      maxBlobBytes,
      "maxBlobBytes",
    );
    uses.push([pack, blob, offset]);
    offset += contentLength(blob);
  }
  if (offset !== file.entry.sizeBytes) {
    file.damage = `its content has ${offset} bytes, and it should have ${file.entry.sizeBytes}`;
    return 0;
  }
  for (const [pack, blob, at] of uses) {
    const blobs = plan.packs.get(pack) ?? new Map<ObjectId, PlannedBlob>();
    plan.packs.set(pack, blobs);
    const planned = blobs.get(blob.id) ?? { blob, uses: [] };
    blobs.set(blob.id, planned);
    planned.uses.push({ file, offset: at });
    file.leftCount++;
  }
  return offset;
}

/** Why a path of the plan was refused by the target, when that is what the error says. */
export function refusal(error: unknown): string | undefined {
  if (!(error instanceof BackupError)) return undefined;
  return error.fault.code === "backup.refused-path" ? error.fault.why : undefined;
}
