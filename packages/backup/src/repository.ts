/**
 * An open repository: everything that can be done with it.
 * @module
 */
import type { RepositoryContext } from "./context.ts";
import { forgetSnapshots, type ForgetOptions, type ForgetResult } from "./forget.ts";
import { addKey, listKeys, removeKey, type RepositoryKey } from "./keys.ts";
import {
  diffSnapshots,
  listEntries,
  type ReadOptions,
  type SnapshotDifference,
} from "./list-entries.ts";
import { findLocks, type FoundLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { pruneRepository, type PruneOptions, type PruneResult } from "./prune.ts";
import { repairIndex, type RepairOptions, type RepairResult } from "./repair-index.ts";
import { restoreSnapshot, type RestoreOptions, type RestoreResult } from "./restore.ts";
import type { RetentionPolicy } from "./retention.ts";
import type { SealKeys } from "./sealing.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { loadSnapshots } from "./snapshots.ts";
import type { SnapshotSource } from "./source.ts";
import { type SnapshotOptions, type SnapshotResult, takeSnapshot } from "./take-snapshot.ts";
import type { RestoreTarget } from "./target.ts";
import type { WalkedEntry } from "./tree-walk.ts";
import { verifyRepository, type VerifyOptions, type VerifyReport } from "./verify.ts";

/** Operations may overlap; those that remove wait for nobody, they throw `backup.locked`. Snapshots are named by "latest", an id or its beginning. */
export interface Repository extends AsyncDisposable {
  /** The id it has wherever it is copied to. */
  readonly id: ObjectId;
  /** Of the remote. */
  readonly label: string;
  takeSnapshot(source: SnapshotSource, options?: SnapshotOptions): Promise<SnapshotResult>;
  /** The oldest first; those that cannot be read are left out, `verify` names them. */
  snapshots(): Promise<readonly Snapshot[]>;
  list(snapshot: string, path?: string, options?: ReadOptions): AsyncGenerator<WalkedEntry>;
  diff(before: string, after: string, options?: ReadOptions): AsyncGenerator<SnapshotDifference>;
  restore(
    snapshot: string,
    target: RestoreTarget,
    options?: RestoreOptions,
  ): Promise<RestoreResult>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  forget(
    which: RetentionPolicy | readonly string[],
    options?: ForgetOptions,
  ): Promise<ForgetResult>;
  prune(options?: PruneOptions): Promise<PruneResult>;
  /** Finds packs that no index knows, as after the loss of an index; see `verify`. */
  repairIndex(options?: RepairOptions): Promise<RepairResult>;
  keys(): Promise<readonly RepositoryKey[]>;
  /** Adds another password; the old ones stay. */
  addKey(password: string): Promise<ObjectId>;
  /** Who knew the password may have kept what it opens: this revokes nothing. */
  removeKey(id: ObjectId): Promise<void>;
  locks(): Promise<readonly FoundLock[]>;
  /**
   * Removes locks that are not renewed any more; with `all` every lock. Do that only when nobody works in the repository.
   * @returns how many
   */
  unlock(options?: { readonly all?: boolean }): Promise<number>;
}

/** @param keys - of the repository */
export function createRepository(
  id: ObjectId,
  keys: SealKeys,
  context: RepositoryContext,
): Repository {
  const { files, clock, remote, engine } = context;
  return Object.freeze({
    id,
    label: remote.label,
    takeSnapshot: (source, options) => takeSnapshot(context, source, options),
    snapshots: async () => (await loadSnapshots(context)).snapshots,
    list: (snapshot, path, options) => listEntries(context, snapshot, path, options),
    diff: (before, after, options) => diffSnapshots(context, before, after, options),
    restore: (snapshot, target, options) => restoreSnapshot(context, snapshot, target, options),
    verify: (options) => verifyRepository(context, options),
    forget: (which, options) => forgetSnapshots(context, which, options),
    prune: (options) => pruneRepository(context, options),
    repairIndex: (options) => repairIndex(context, options),
    keys: () => listKeys(context),
    addKey: (password) => addKey(context, keys, password),
    removeKey: (key) => removeKey(context, key),
    locks: () => findLocks(files, clock),
    async unlock({ all = false } = {}) {
      const found = (await findLocks(files, clock)).filter(({ isStale }) => all || isStale);
      for (const lock of found) await files.delete("locks", lock.id);
      return found.length;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  } satisfies Repository);
}
