/**
 * The bounds against a repository that lies, and those that keep memory small.
 * @module
 */

export interface BackupLimits {
  /** Key file in bytes. Honest ones have about 500. */
  readonly maxKeyFileBytes: number;
  /** Keys tried for one password: each costs a third of a second. */
  readonly maxKeyCount: number;
  /** Memory one password may cost: 128 · N · r bytes of scrypt. restic takes 32 MiB. */
  readonly maxKeyMemoryBytes: number;
  /** N · r · p of scrypt: bounds the time of one password. restic calibrates to half a second. */
  readonly maxKeyWork: number;
  /** Index, snapshot, lock and config as stored. restic starts a new index at about 8 MiB. */
  readonly maxFileBytes: number;
  /** The same, unpacked: bounds a zstd bomb. */
  readonly maxFilePlainBytes: number;
  /** One pack; restic can be told to make them up to 128 MiB. */
  readonly maxPackBytes: number;
  /** Header of one pack, at most this many blobs. */
  readonly maxPackBlobCount: number;
  /** Content of one blob: 8 MiB for files, more for folders with many entries. */
  readonly maxBlobBytes: number;
  /** Blobs in all indexes: bounds memory, about 200 bytes each. */
  readonly maxIndexBlobCount: number;
  /** Objects of one kind that are listed. */
  readonly maxObjectCount: number;
  /** Folders inside each other. */
  readonly maxDepth: number;
  /** Files and folders of one snapshot that are walked. */
  readonly maxEntryCount: number;
  /** Content of one snapshot that is restored. Bounds what a small repository can fill a disk with. */
  readonly maxRestoreBytes: number;
}

const MIB = 1 << 20;

export const DEFAULT_BACKUP_LIMITS: BackupLimits = {
  maxKeyFileBytes: 65_536,
  maxKeyCount: 20,
  maxKeyMemoryBytes: 256 * MIB,
  maxKeyWork: 2 ** 24,
  maxFileBytes: 64 * MIB,
  maxFilePlainBytes: 256 * MIB,
  maxPackBytes: 256 * MIB,
  maxPackBlobCount: 1_000_000,
  maxBlobBytes: 64 * MIB,
  maxIndexBlobCount: 20_000_000,
  maxObjectCount: 5_000_000,
  maxDepth: 512,
  maxEntryCount: 20_000_000,
  maxRestoreBytes: 2 ** 42,
};

/** How much is in flight, and how large what is written gets. */
export interface BackupSizes {
  /** A pack is sent when it has reached this many bytes. */
  readonly packBytes: number;
  /** Packs on their way at once: with `packBytes` the memory of a slow remote. */
  readonly uploadCount: number;
  /** Files read at once. */
  readonly fileCount: number;
  /** An index is written after this many packs, so that an interrupted snapshot goes on from there. */
  readonly packsPerIndex: number;
  /** Blobs in one index file at most: 8,000 hold the thread for some 20 ms while it is written. */
  readonly blobsPerIndex: number;
  /** Bytes asked for at once while restoring. */
  readonly fetchBytes: number;
}

export const DEFAULT_BACKUP_SIZES: BackupSizes = {
  packBytes: 16 * MIB,
  uploadCount: 3,
  fileCount: 4,
  packsPerIndex: 16,
  blobsPerIndex: 8_000,
  fetchBytes: 16 * MIB,
};
