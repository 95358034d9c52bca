/**
 * Locks: who works in a repository. Many may read and add beside each other; removing needs the repository alone.
 * Source: restic's design document, "Locks".
 * @module
 */
import { assertSound } from "./errors.ts";
import { asCount, asRecord, type JsonRecord } from "./json.ts";
import { formatTime, msOfNs, nsOfMs, parseTime } from "./times.ts";

/**
 * Who writes to a repository.
 * NOTE: `hostname` must not be the host name of this machine: `restic` sends a hang-up signal to the `pid` of a lock that
 * has its own host name, to see whether it lives, and that ends a program which does not expect it. Use the node's name.
 */
export interface BackupIdentity {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
}

export interface LockInfo extends BackupIdentity {
  readonly timeMs: number;
  readonly isExclusive: boolean;
}

/** After this a lock that was not renewed counts for nothing. */
export const STALE_LOCK_MS = 30 * 60_000;
/** How often a holder renews its lock. */
export const RENEW_LOCK_MS = 5 * 60_000;

export function encodeLock({ timeMs, isExclusive, hostname, username, pid }: LockInfo): JsonRecord {
  const time = formatTime(nsOfMs(timeMs));
  return { time, exclusive: isExclusive, hostname, username, pid };
}

/** @throws {BackupError} `backup.damaged` */
export function decodeLock(value: unknown, what: string): LockInfo {
  const fields = asRecord(value, what);
  const text = (field: unknown): string => (typeof field === "string" ? field.slice(0, 256) : "");
  const isExclusive = fields["exclusive"] ?? false;
  assertSound(typeof isExclusive === "boolean", what, "it does not say whether it is exclusive");
  return {
    timeMs: msOfNs(parseTime(fields["time"], what)),
    isExclusive,
    hostname: text(fields["hostname"]),
    username: text(fields["username"]),
    pid: asCount(fields["pid"] ?? 0, what),
  };
}
