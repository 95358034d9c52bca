/**
 * The snapshots of a repository.
 * @module
 */
import type { RepositoryContext } from "./context.ts";
import { BackupError, isDamage } from "./errors.ts";
import { forEachLimited } from "./limited.ts";
import type { ObjectId } from "./object-id.ts";
import { decodeSnapshot, type Snapshot } from "./snapshot-file.ts";

const FILES_AT_ONCE = 8;

export interface LoadedSnapshots {
  /** The oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Those that are not whole: never finished by a remote that shows halves, or changed since. */
  readonly damaged: readonly ObjectId[];
}

/** Reads all snapshots. */
export async function loadSnapshots(
  { files }: RepositoryContext,
  signal?: AbortSignal,
): Promise<LoadedSnapshots> {
  const snapshots: Snapshot[] = [];
  const damaged: ObjectId[] = [];
  await forEachLimited(await files.list("snapshots", signal), FILES_AT_ONCE, async ({ id }) => {
    try {
      const value = await files.find("snapshots", id, signal);
      // Forgotten since it was listed.
      if (value !== undefined) snapshots.push(decodeSnapshot(value, id));
    } catch (error) {
      if (!isDamage(error)) throw error;
      damaged.push(id);
    }
  });
  return { snapshots: snapshots.sort(byTime), damaged: damaged.sort() };
}

/** The order of time, and of ids at the same moment. */
export function byTime(a: Snapshot, b: Snapshot): number {
  if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The last snapshot of the same paths on the same host. @param snapshots - in the order of time */
export function latestSnapshot(
  snapshots: readonly Snapshot[],
  hostname: string,
  paths: readonly string[],
): Snapshot | undefined {
  return snapshots.findLast(
    (snapshot) =>
      snapshot.hostname === hostname &&
      snapshot.paths.length === paths.length &&
      snapshot.paths.every((path, i) => path === paths[i]),
  );
}

/**
 * The snapshot that a person means: "latest", an id, or the beginning of one.
 * @param snapshots - in the order of time
 * @throws {BackupError} `backup.unknown-snapshot`
 */
export function chooseSnapshot(snapshots: readonly Snapshot[], id: string): Snapshot {
  const latest = id === "latest" ? snapshots.at(-1) : undefined;
  if (latest !== undefined) return latest;
  const matching = id === "" ? [] : snapshots.filter((snapshot) => snapshot.id.startsWith(id));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  throw new BackupError({ code: "backup.unknown-snapshot", id, matches: matching.length });
}
