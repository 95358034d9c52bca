/**
 * What is in a snapshot, and what is different between two.
 * @module
 */
import { BlobReader } from "./blob-reader.ts";
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled, assertWithin } from "./errors.ts";
import { compareNames } from "./file-name.ts";
import { loadIndex } from "./load-index.ts";
import type { ObjectId } from "./object-id.ts";
import { chooseSnapshot, loadSnapshots } from "./snapshots.ts";
import { findEntry, type WalkedEntry, walkTree } from "./tree-walk.ts";
import type { TreeEntry } from "./tree.ts";

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Everything below a path of a snapshot, or the one file that is there.
 * @param snapshot - "latest", an id or its beginning
 * @throws {BackupError} `backup.unknown-snapshot`, `backup.unknown-path`, `backup.damaged`
 */
export async function* listEntries(
  context: RepositoryContext,
  snapshot: string,
  path = "",
  { signal }: ReadOptions = {},
): AsyncGenerator<WalkedEntry> {
  const { snapshots } = await loadSnapshots(context, signal);
  const { tree } = chooseSnapshot(snapshots, snapshot);
  const { index } = await loadIndex(context, signal);
  const reader = new BlobReader(context, index, signal);
  const entry = await findEntry(reader, tree, path);
  const at = path
    .split("/")
    .filter((part) => part !== "")
    .join("/");
  if (entry !== undefined && entry.kind !== "folder") {
    yield { path: at, entry };
    return;
  }
  yield* walkTree(reader, entry?.tree ?? tree, { limits: context.limits, signal }, at);
}

/** One difference between two snapshots. */
export interface SnapshotDifference {
  readonly path: string;
  /** "details": the content is the same. */
  readonly change: "added" | "removed" | "content" | "kind" | "details";
}

/**
 * What changed from one snapshot to another. Folders that are the same are not looked into.
 * @throws {BackupError} as `listEntries`
 */
export async function* diffSnapshots(
  context: RepositoryContext,
  before: string,
  after: string,
  { signal }: ReadOptions = {},
): AsyncGenerator<SnapshotDifference> {
  const { snapshots } = await loadSnapshots(context, signal);
  const [from, to] = [chooseSnapshot(snapshots, before), chooseSnapshot(snapshots, after)];
  const { index } = await loadIndex(context, signal);
  const reader = new BlobReader(context, index, signal);
  yield* diffTrees({ context, reader, signal, count: 0 }, from.tree, to.tree, "", 1);
}

interface DiffState {
  readonly context: RepositoryContext;
  readonly reader: BlobReader;
  readonly signal: AbortSignal | undefined;
  count: number;
}

async function* diffTrees(
  state: DiffState,
  before: ObjectId | undefined,
  after: ObjectId | undefined,
  path: string,
  depth: number,
): AsyncGenerator<SnapshotDifference> {
  if (before === after) return;
  const { limits } = state.context;
  assertNotCancelled(state.signal, "comparison");
  assertWithin(`depth of "${path}"`, depth, limits.maxDepth, "maxDepth");
  const read = async (tree: ObjectId | undefined): Promise<Map<string, TreeEntry>> =>
    new Map((tree === undefined ? [] : await state.reader.tree(tree)).map((e) => [e.name, e]));
  const [old, now] = [await read(before), await read(after)];
  state.count += old.size + now.size;
  assertWithin("entries of both snapshots", state.count, limits.maxEntryCount, "maxEntryCount");
  const names = [...new Set([...old.keys(), ...now.keys()])].sort(compareNames);
  for (const name of names) {
    const [a, b] = [old.get(name), now.get(name)];
    const at = path === "" ? name : `${path}/${name}`;
    const change = changeOf(a, b);
    if (change !== undefined) yield { path: at, change };
    const [inA, inB] = [a, b].map((entry) => (entry?.kind === "folder" ? entry.tree : undefined));
    yield* diffTrees(state, inA, inB, at, depth + 1);
  }
}

function changeOf(
  a: TreeEntry | undefined,
  b: TreeEntry | undefined,
): SnapshotDifference["change"] | undefined {
  if (a === undefined || b === undefined) return a === undefined ? "added" : "removed";
  if (a.kind !== b.kind) return "kind";
  if (a.kind === "file" && b.kind === "file") {
    const same =
      a.content.length === b.content.length && a.content.every((id, i) => id === b.content[i]);
    if (!same) return "content";
  }
  if (a.kind === "link" && b.kind === "link" && a.target !== b.target) return "content";
  const same =
    a.permissions === b.permissions &&
    a.modifiedNs === b.modifiedNs &&
    a.uid === b.uid &&
    a.gid === b.gid;
  return same ? undefined : "details";
}
