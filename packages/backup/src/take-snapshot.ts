/**
 * Taking a snapshot: everything the repository has not is sent, then the snapshot itself.
 * @module
 */
import type { RepositoryContext } from "./context.ts";
import { BlobReader } from "./blob-reader.ts";
import { BlobWriter } from "./blob-writer.ts";
import { assertNotCancelled } from "./errors.ts";
import { loadIndex } from "./load-index.ts";
import { takeLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { encodeSnapshot, type Snapshot, type SnapshotInfo } from "./snapshot-file.ts";
import { latestSnapshot, loadSnapshots } from "./snapshots.ts";
import { SnapshotWalk, type WalkCounts } from "./snapshot-walk.ts";
import type { SnapshotSource } from "./source.ts";
import { nsOfMs } from "./times.ts";

export interface SnapshotOptions {
  readonly tags?: readonly string[];
  /** Cancels: nothing is lost that has been sent, the next snapshot goes on from there. */
  readonly signal?: AbortSignal;
  /** Called after each file and each folder. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /** Reads every file, even those that look unchanged. */
  readonly readAll?: boolean;
}

export interface SnapshotProgress extends WalkCounts {
  /** Of the file or folder that was finished. */
  readonly path: string;
  /** What the remote has confirmed. */
  readonly sentBytes: number;
}

/** A file or folder that is not, or not wholly, in the snapshot. */
export interface SnapshotProblem {
  readonly path: string;
  readonly why: string;
}

export interface SnapshotResult {
  readonly snapshot: Snapshot;
  /** At most 1,000; the snapshot has everything else. */
  readonly problems: readonly SnapshotProblem[];
  readonly problemCount: number;
}

export const PROGRAM_VERSION = "kinode-backup 0.1.0";

/** @throws {BackupError} `backup.locked`, `backup.cancelled`, `backup.lock-lost`, `backup.unreadable-source`, and what the remote throws */
export async function takeSnapshot(
  context: RepositoryContext,
  source: SnapshotSource,
  options: SnapshotOptions = {},
): Promise<SnapshotResult> {
  assertNotCancelled(options.signal, "snapshot");
  await using lock = await takeLock(context.files, context, false);
  const signals = [lock.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(signals);
  const startedNs = nsOfMs(context.clock.nowMs());
  const { hostname } = context.identity;
  const { snapshots } = await loadSnapshots(context, signal);
  const parent = latestSnapshot(snapshots, hostname, source.paths);
  const { index } = await loadIndex(context, signal);
  const writer = new BlobWriter(context, index, signal);
  const reader = new BlobReader(context, index, signal);
  const walk = new SnapshotWalk({ context, index, writer, reader, signal, options, parent });
  try {
    const tree = await walk.run(source);
    await writer.finish();
    assertNotCancelled(signal, "snapshot");
    const info = describe(context, source, options, { tree, parent, startedNs, walk, writer });
    const id = await context.files.put("snapshots", encodeSnapshot(info), signal);
    return { snapshot: { ...info, id }, problems: walk.problems, problemCount: walk.problemCount };
  } catch (error) {
    await writer.salvage();
    // What the remote says to a cancelled call is of no interest.
    assertNotCancelled(signal, "snapshot");
    throw error;
  }
}

interface Outcome {
  readonly tree: ObjectId;
  readonly parent: Snapshot | undefined;
  readonly startedNs: bigint;
  readonly walk: SnapshotWalk;
  readonly writer: BlobWriter;
}

function describe(
  { identity, clock }: RepositoryContext,
  source: SnapshotSource,
  { tags = [] }: SnapshotOptions,
  { tree, parent, startedNs, walk, writer }: Outcome,
): SnapshotInfo {
  const { sentBytes: _, ...added } = writer.counts;
  const { doneBytes: totalBytes, ...counts } = walk.counts;
  const endedNs = nsOfMs(clock.nowMs());
  return {
    timeNs: startedNs,
    tree,
    paths: source.paths,
    hostname: identity.hostname,
    username: identity.username,
    tags,
    parent: parent?.id,
    programVersion: PROGRAM_VERSION,
    summary: { startedNs, endedNs, ...added, ...counts, totalBytes },
  };
}
