/**
 * Faults of this package.
 * @module
 */
import { type BackupObjectKind, KinodeError } from "@kinode-ts/types";

export type BackupFault =
  /** The remote has no room. Implementations of `BackupRemote` throw it. */
  | { code: "backup.remote-full"; remote: string; why: string }
  /** The remote will not do it, now and later: wrong credentials, no right to write. */
  | { code: "backup.remote-refused"; remote: string; why: string }
  /** Tried several times. */
  | { code: "backup.remote-unreachable"; remote: string; operation: string; why: string }
  | { code: "backup.no-repository"; remote: string }
  | { code: "backup.repository-exists"; remote: string }
  | { code: "backup.unsupported"; what: string }
  | { code: "backup.wrong-key"; remote: string; keyCount: number }
  | { code: "backup.bad-recovery-key"; why: string }
  | { code: "backup.last-key"; key: string }
  | { code: "backup.key-in-use"; key: string }
  | { code: "backup.missing"; kind: BackupObjectKind; name: string }
  /** What came back is not what was written, or was written by nobody who holds the key. */
  | { code: "backup.damaged"; what: string; why: string }
  /** Larger or deeper than an honest repository; the bound is one of `BackupLimits`. */
  | { code: "backup.too-large"; what: string; value: number; limit: number; option: string }
  | { code: "backup.locked"; remote: string; holder: string; sinceMs: number }
  | { code: "backup.lock-lost"; remote: string; why: string }
  | { code: "backup.unknown-snapshot"; id: string; matches: number }
  | { code: "backup.unknown-path"; path: string }
  | { code: "backup.bad-argument"; what: string; why: string }
  /** The source cannot even be listed; a snapshot without anything would hide that. */
  | { code: "backup.unreadable-source"; source: string; why: string }
  | { code: "backup.refused-path"; path: string; why: string }
  | { code: "backup.cancelled"; operation: string };

/** No message of this class contains a key or content. */
export class BackupError extends KinodeError<BackupFault> {
  override name = "BackupError";
  constructor(fault: BackupFault, options: { hint?: string; cause?: unknown } = {}) {
    const hint = options.hint ?? hintOf(fault);
    super(fault, text(fault), {
      ...(hint === undefined ? {} : { hint }),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
  }
}

/** Throws unless `ok`, blaming the repository. @throws {BackupError} `backup.damaged` */
export function assertSound(ok: boolean, what: string, why: string): asserts ok {
  if (!ok) throw new BackupError({ code: "backup.damaged", what, why });
}

/** Whether the repository is to blame: something in it is not what was written, or more than the limits. */
export function isDamage(error: unknown): error is BackupError {
  return (
    error instanceof BackupError &&
    ["backup.damaged", "backup.missing", "backup.too-large"].includes(error.code)
  );
}

/** @throws {BackupError} `backup.too-large` */
export function assertWithin(what: string, value: number, limit: number, option: string): void {
  if (value > limit)
    throw new BackupError({ code: "backup.too-large", what, value, limit, option });
}

/** @throws {BackupError} `backup.cancelled` when the signal was aborted without a reason of ours */
export function assertNotCancelled(signal: AbortSignal | undefined, operation: string): void {
  if (signal?.aborted !== true) return;
  throw signal.reason instanceof KinodeError
    ? signal.reason
    : new BackupError({ code: "backup.cancelled", operation });
}

function text(fault: BackupFault): string {
  switch (fault.code) {
    case "backup.remote-full":
      return `"${fault.remote}" has no room left: ${fault.why}`;
    case "backup.remote-refused":
      return `"${fault.remote}" refuses: ${fault.why}`;
    case "backup.remote-unreachable":
      return `"${fault.remote}" does not answer to ${fault.operation}: ${fault.why}`;
    case "backup.no-repository":
      return `There is no repository at "${fault.remote}"`;
    case "backup.repository-exists":
      return `There is a repository at "${fault.remote}" already`;
    case "backup.unsupported":
      return `The repository uses ${fault.what}, which this version does not know`;
    case "backup.wrong-key":
      return `None of the ${fault.keyCount} keys of "${fault.remote}" opens with this password`;
    case "backup.bad-recovery-key":
      return `This is no recovery key: ${fault.why}`;
    case "backup.last-key":
      return `Cannot remove key ${fault.key.slice(0, 8)}: it is the last one, and nothing would open the repository`;
    case "backup.key-in-use":
      return `Cannot remove key ${fault.key.slice(0, 8)}: the repository was opened with it`;
    case "backup.missing":
      return `${fault.kind}/${fault.name} is not in the repository`;
    case "backup.damaged":
      return `${fault.what} is damaged: ${fault.why}`;
    case "backup.too-large":
      return `${fault.what} is ${fault.value}, above ${fault.limit}`;
    case "backup.locked":
      return `The repository at "${fault.remote}" is in use by ${fault.holder} since ${new Date(fault.sinceMs).toISOString()}`;
    case "backup.lock-lost":
      return `The lock on "${fault.remote}" could not be renewed in time: ${fault.why}`;
    case "backup.unknown-snapshot":
      return fault.matches === 0
        ? `There is no snapshot "${fault.id}"`
        : `"${fault.id}" is the beginning of ${fault.matches} snapshots`;
    case "backup.unknown-path":
      return `"${fault.path}" is not in the snapshot`;
    case "backup.bad-argument":
      return `${fault.what} ${fault.why}`;
    case "backup.unreadable-source":
      return `Cannot read "${fault.source}": ${fault.why}`;
    case "backup.refused-path":
      return `Will not restore "${fault.path}": ${fault.why}`;
    case "backup.cancelled":
      return `The ${fault.operation} was cancelled`;
  }
}

function hintOf(fault: BackupFault): string | undefined {
  switch (fault.code) {
    case "backup.no-repository":
      return "Check the address, or make one with initRepository";
    case "backup.repository-exists":
      return "Open it with openRepository, or choose an empty place";
    case "backup.too-large":
      return `If you trust the repository, raise the limit ${fault.option}`;
    case "backup.locked":
      return "Wait for it to end; if that program is gone, remove its lock with unlock";
    case "backup.lock-lost":
      return "What was finished is safe; start again when the remote answers";
    case "backup.damaged":
      return "verify lists what is affected; repairIndex finds what an index has lost";
    default:
      return undefined;
  }
}
