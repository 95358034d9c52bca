/**
 * One snapshot to many remotes, each for itself.
 * @module
 */
import type { Repository } from "./repository.ts";
import type { SnapshotSource } from "./source.ts";
import type { SnapshotOptions, SnapshotProgress, SnapshotResult } from "./take-snapshot.ts";

/** What became of it at one remote. */
export type RemoteOutcome =
  | { readonly label: string; readonly result: SnapshotResult }
  | { readonly label: string; readonly error: unknown };

export interface EverywhereOptions extends Omit<SnapshotOptions, "onProgress"> {
  readonly onProgress?: (label: string, progress: SnapshotProgress) => void;
  /** Called as soon as one remote is done, whatever the others do. */
  readonly onOutcome?: (outcome: RemoteOutcome) => void;
}

/**
 * Takes a snapshot of the same source in each repository at the same time. They share nothing: one that is slow, full or
 * gone delays no other. Give each remote patience (`withPatience`), so that each comes to an end.
 * @returns one outcome for each repository, in their order; never throws
 */
export function snapshotEverywhere(
  repositories: readonly Repository[],
  source: SnapshotSource,
  { onProgress, onOutcome, ...options }: EverywhereOptions = {},
): Promise<RemoteOutcome[]> {
  const take = async (repository: Repository): Promise<RemoteOutcome> => {
    const { label } = repository;
    const tell = (progress: SnapshotProgress): void => onProgress?.(label, progress);
    try {
      const result = await repository.takeSnapshot(source, { ...options, onProgress: tell });
      return { label, result };
    } catch (error) {
      return { label, error };
    }
  };
  return Promise.all(
    repositories.map(async (repository) => {
      const outcome = await take(repository);
      onOutcome?.(outcome);
      return outcome;
    }),
  );
}
