/**
 * The contract of a place that keeps backups: named objects of a few kinds, written once and never changed.
 * Implementations: a folder, an S3-compatible bucket, memory; another node later (design.md §9).
 * @module
 */

/** `config` is one object, its name is "config"; the others are named by 64 small hexadecimal digits. */
export type BackupObjectKind = "config" | "keys" | "data" | "index" | "snapshots" | "locks";

export interface BackupObject {
  readonly name: string;
  readonly sizeBytes: number;
}

/** A part of an object. */
export interface BackupRange {
  readonly offset: number;
  readonly length: number;
}

export interface BackupCallOptions {
  /** The caller stopped waiting; the operation may or may not have happened. */
  readonly signal?: AbortSignal;
}

/**
 * A place for backups. It need not be trusted: whoever uses it encrypts, and checks what comes back.
 * Every call may fail at any time with any error; a fault that trying again cannot cure should be a `KinodeError` with
 * the code `backup.remote-full` or `backup.remote-refused`. Calls may overlap.
 */
export interface BackupRemote {
  /** Names the place for a person, without secrets. */
  readonly label: string;
  /** All objects of a kind, in no order, each once. What was put before the call is listed. */
  list(kind: BackupObjectKind, options?: BackupCallOptions): AsyncIterable<BackupObject>;
  /** `undefined` when there is no such object. */
  stat(
    kind: BackupObjectKind,
    name: string,
    options?: BackupCallOptions,
  ): Promise<BackupObject | undefined>;
  /**
   * The object or the asked part of it, owned by the caller; fewer bytes when it ends earlier.
   * `undefined` when there is no such object.
   */
  get(
    kind: BackupObjectKind,
    name: string,
    range?: BackupRange,
    options?: BackupCallOptions,
  ): Promise<Uint8Array | undefined>;
  /**
   * Keeps `bytes`, which must not change before the promise settles. When it resolves the object is durable; until then
   * nobody should see a part of it. Putting the same object again is allowed and changes nothing.
   */
  put(
    kind: BackupObjectKind,
    name: string,
    bytes: Uint8Array,
    options?: BackupCallOptions,
  ): Promise<void>;
  /** Does nothing when there is no such object. */
  delete(kind: BackupObjectKind, name: string, options?: BackupCallOptions): Promise<void>;
}
