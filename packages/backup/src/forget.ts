/**
 * Forgetting snapshots. Their content stays until `prune`.
 * @module
 */
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled } from "./errors.ts";
import { takeLock } from "./locks.ts";
import { applyRetention, type RetentionPolicy } from "./retention.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { chooseSnapshot, loadSnapshots } from "./snapshots.ts";

export interface ForgetOptions {
  /** Says what it would do. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface ForgetResult {
  readonly kept: readonly Snapshot[];
  readonly forgotten: readonly Snapshot[];
}

/**
 * Forgets the snapshots that a policy does not keep, or those that are named.
 * @param which - a policy, or ids or their beginnings
 * @throws {BackupError} `backup.bad-argument`, `backup.unknown-snapshot`, `backup.locked`, and what the remote throws
 */
export async function forgetSnapshots(
  context: RepositoryContext,
  which: RetentionPolicy | readonly string[],
  { dryRun = false, signal }: ForgetOptions = {},
): Promise<ForgetResult> {
  if (dryRun) return choose(await loadSnapshots(context, signal), which);
  await using lock = await takeLock(context.files, context, true);
  const signals = [lock.signal, ...(signal === undefined ? [] : [signal])];
  const either = AbortSignal.any(signals);
  const result = choose(await loadSnapshots(context, either), which);
  for (const { id } of result.forgotten) {
    assertNotCancelled(either, "removal of snapshots");
    await context.files.delete("snapshots", id, either);
  }
  return result;
}

function choose(
  snapshots: readonly Snapshot[],
  which: RetentionPolicy | readonly string[],
): ForgetResult {
  if (!isList(which)) {
    const { keep, forget } = applyRetention(snapshots, which);
    return { kept: keep, forgotten: forget };
  }
  const chosen = new Set(which.map((id) => chooseSnapshot(snapshots, id)));
  return {
    kept: snapshots.filter((snapshot) => !chosen.has(snapshot)),
    forgotten: snapshots.filter((snapshot) => chosen.has(snapshot)),
  };
}

const isList = (which: RetentionPolicy | readonly string[]): which is readonly string[] =>
  Array.isArray(which);
