/**
 * Taking, renewing and giving back the lock of one operation.
 * @module
 */
import { type Clock, errorText, type TimerHandle } from "@kinode-ts/types";
import { BackupError } from "./errors.ts";
import {
  type BackupIdentity,
  decodeLock,
  encodeLock,
  type LockInfo,
  RENEW_LOCK_MS,
  STALE_LOCK_MS,
} from "./lock-file.ts";
import type { ObjectId } from "./object-id.ts";
import type { RepositoryFiles } from "./repository-files.ts";

export interface LockOptions {
  readonly identity: BackupIdentity;
  readonly clock: Clock;
  /** How long to wait for others that lock at the same time, in milliseconds. */
  readonly settleMs: number;
}

/** A lock that was found. */
export interface FoundLock {
  readonly id: ObjectId;
  /** `undefined` when it cannot be read. */
  readonly info: LockInfo | undefined;
  readonly isStale: boolean;
}

export interface HeldLock extends AsyncDisposable {
  /** Aborted when the lock could not be renewed and counts for nothing any more. */
  readonly signal: AbortSignal;
}

/** A holder that could not renew must have stopped before others stop counting its lock. */
const LOST_AFTER_MS = STALE_LOCK_MS - RENEW_LOCK_MS;

/** Reads all locks. */
export async function findLocks(files: RepositoryFiles, clock: Clock): Promise<FoundLock[]> {
  const locks: FoundLock[] = [];
  for (const { id } of await files.list("locks")) {
    const lock = await readLock(files, clock, id);
    if (lock !== undefined) locks.push(lock);
  }
  return locks;
}

/** `undefined` when it is gone by now. */
async function readLock(
  files: RepositoryFiles,
  clock: Clock,
  id: ObjectId,
): Promise<FoundLock | undefined> {
  try {
    const value = await files.find("locks", id);
    if (value === undefined) return undefined;
    const info = decodeLock(value, `lock ${id.slice(0, 8)}`);
    return { id, info, isStale: clock.nowMs() - info.timeMs > STALE_LOCK_MS };
  } catch (error) {
    if (error instanceof BackupError && error.code === "backup.damaged") {
      return { id, info: undefined, isStale: false };
    }
    throw error;
  }
}

/**
 * Takes a lock for one operation.
 * @throws {BackupError} `backup.locked`; `backup.damaged` a lock cannot be read, so nobody knows what it forbids
 */
export async function takeLock(
  files: RepositoryFiles,
  { identity, clock, settleMs }: LockOptions,
  isExclusive: boolean,
): Promise<HeldLock> {
  const put = (): Promise<ObjectId> =>
    files.put("locks", encodeLock({ ...identity, isExclusive, timeMs: clock.nowMs() }));
  await assertFree(files, clock, isExclusive);
  let own = await put();
  try {
    await wait(clock, settleMs);
    await assertFree(files, clock, isExclusive, own);
  } catch (error) {
    await files.delete("locks", own).catch(() => {});
    throw error;
  }

  const control = new AbortController();
  let renewedMs = clock.monotonicMs();
  let timer: TimerHandle | undefined;
  let renewing: Promise<void> = Promise.resolve();
  const lose = (why: string): void =>
    control.abort(new BackupError({ code: "backup.lock-lost", remote: files.remote.label, why }));
  const renew = async (): Promise<void> => {
    const startedMs = clock.monotonicMs();
    const next = await put();
    // Somebody who thought that we are gone has removed it; what we do now may be in the way.
    if (isExclusive && (await files.find("locks", own)) === undefined) {
      lose("somebody removed it");
    }
    await files.delete("locks", own).catch(() => {});
    own = next;
    renewedMs = startedMs;
  };
  const arm = (): void => {
    timer = clock.after(RENEW_LOCK_MS, () => {
      renewing = renew()
        .catch((error: unknown) => {
          if (clock.monotonicMs() - renewedMs >= LOST_AFTER_MS) lose(errorText(error));
        })
        .finally(() => {
          if (!isReleased && !control.signal.aborted) arm();
        });
    });
  };
  // NOTE: a renewal that hangs says nothing at all.
  const watchdog = (): TimerHandle =>
    clock.after(LOST_AFTER_MS, () => {
      if (clock.monotonicMs() - renewedMs >= LOST_AFTER_MS) lose("the remote does not answer");
      else if (!isReleased) watch = watchdog();
    });
  let isReleased = false;
  let watch = watchdog();
  arm();
  return {
    signal: control.signal,
    async [Symbol.asyncDispose]() {
      isReleased = true;
      timer?.cancel();
      watch.cancel();
      // What cannot be removed becomes stale by itself; a remote that does not answer is not waited for.
      const remove = async (): Promise<void> => {
        await renewing;
        await files.delete("locks", own).catch(() => {});
      };
      const removed = remove();
      if (!control.signal.aborted) await removed;
    },
  };
}

async function assertFree(
  files: RepositoryFiles,
  clock: Clock,
  isExclusive: boolean,
  own?: ObjectId,
): Promise<void> {
  for (const { id, info, isStale } of await findLocks(files, clock)) {
    if (id === own || isStale) continue;
    if (info === undefined) {
      throw new BackupError(
        {
          code: "backup.damaged",
          what: `lock ${id.slice(0, 8)}`,
          why: "nobody knows what it forbids",
        },
        { hint: "If nobody works in the repository, remove it with unlock({ all: true })" },
      );
    }
    if (!isExclusive && !info.isExclusive) continue;
    const holder = `${info.username}@${info.hostname} (process ${info.pid})`;
    const { label: remote } = files.remote;
    throw new BackupError({ code: "backup.locked", remote, holder, sinceMs: info.timeMs });
  }
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
