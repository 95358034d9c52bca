/**
 * Forgetting snapshots. Their content stays until `prune`.
 * @module
 */
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled } from "./errors.ts";
import { takeLock } from "./locks.ts";
import type { ObjectId } from "./object-id.ts";
import { applyRetention, type RetentionPolicy } from "./retention.ts";
import type { Snapshot } from "./snapshot-file.ts";
import { chooseSnapshot, loadSnapshots, type LoadedSnapshots } from "./snapshots.ts";

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
 * Forgets the snapshots that a policy does not keep, or those that are named; a damaged one by its whole id.
 * @param which - a policy, or ids or their beginnings
 * @throws {BackupError} `backup.bad-argument`, `backup.unknown-snapshot`, `backup.locked`, and what the remote throws
 */
export async function forgetSnapshots(
  context: RepositoryContext,
  which: RetentionPolicy | readonly string[],
  { dryRun = false, signal }: ForgetOptions = {},
): Promise<ForgetResult> {
  if (dryRun) return choose(await loadSnapshots(context, signal), which).result;
  await using lock = await takeLock(context.files, context, true);
  const signals = [lock.signal, ...(signal === undefined ? [] : [signal])];
  const either = AbortSignal.any(signals);
  const { result, ids } = choose(await loadSnapshots(context, either), which);
  for (const id of ids) {
    assertNotCancelled(either, "removal of snapshots");
    await context.files.delete("snapshots", id, either);
  }
  return result;
}

interface Choice {
  readonly result: ForgetResult;
  /** What is removed: also a damaged snapshot that was named by its whole id. */
  readonly ids: readonly ObjectId[];
}

function choose(
  { snapshots, damaged }: LoadedSnapshots,
  which: RetentionPolicy | readonly string[],
): Choice {
  if (!isList(which)) {
    const { keep, forget } = applyRetention(snapshots, which);
    return { result: { kept: keep, forgotten: forget }, ids: forget.map(({ id }) => id) };
  }
  const broken = damaged.filter((id) => which.includes(id));
  const named = which.filter((id) => !broken.some((other) => other === id));
  const chosen = new Set(named.map((id) => chooseSnapshot(snapshots, id)));
  const forgotten = snapshots.filter((snapshot) => chosen.has(snapshot));
  const kept = snapshots.filter((snapshot) => !chosen.has(snapshot));
  return { result: { kept, forgotten }, ids: [...broken, ...forgotten.map(({ id }) => id)] };
}

const isList = (which: RetentionPolicy | readonly string[]): which is readonly string[] =>
  Array.isArray(which);
