/**
 * Every limit the VFS sets against processes and archives.
 * Source: spec/runtime-modules.md §1.6, §2.6, §2.9 rows 7 and 8.
 * @module
 */

export interface ZipLimits {
  /** Entries of one archive. Bounds the number of files one request makes. */
  readonly maxEntryCount: number;
  /** Inflated bytes of all entries together. Bounds disk use and memory of one request. */
  readonly maxTotalBytes: number;
  /** Inflated bytes per compressed byte of one entry; deflate itself cannot exceed 1,032. */
  readonly maxRatio: number;
  /** Entries up to this size may have any ratio: small files of zeros are not bombs. */
  readonly ratioFreeBytes: number;
}

export const DEFAULT_ZIP_LIMITS: ZipLimits = {
  maxEntryCount: 65_536,
  maxTotalBytes: 1024 * 1024 * 1024,
  maxRatio: 200,
  ratioFreeBytes: 1024 * 1024,
};

export interface WatchLimits {
  /** Watches of one process. Bounds what waits for it. */
  readonly maxPerProcess: number;
  /** Of all processes of one package. */
  readonly maxPerPackage: number;
  /** Of all processes together. Bounds notices of the system. */
  readonly maxTotal: number;
  /** Changes kept for a process that has not answered the event before; more are one `Overflow`. */
  readonly maxPendingCount: number;
  /** Seconds for an answer to an event; then the next one is sent in any case. */
  readonly answerSeconds: number;
}

export const DEFAULT_WATCH_LIMITS: WatchLimits = {
  maxPerProcess: 32,
  maxPerPackage: 128,
  maxTotal: 1_024,
  maxPendingCount: 128,
  answerSeconds: 30,
};

export interface VfsLimits {
  /** Bytes one answer carries (Read, ReadToEnd, ReadExact, ReadToString). Bounds memory per request. */
  readonly maxReadBytes: number;
  /** Size one file can reach through the VFS. Bounds SetLen and writes behind a far cursor. */
  readonly maxFileBytes: number;
  /** Requests waiting per source process; more are refused with EAGAIN. */
  readonly maxQueuedCount: number;
  /** Open files until fd-manager says otherwise (§1.6). */
  readonly initialHandleCount: number;
  /** Remembered cursors of files closed by eviction; the oldest are forgotten beyond. */
  readonly maxRememberedCursorCount: number;
  readonly zip: ZipLimits;
  readonly watch: WatchLimits;
}

export const DEFAULT_VFS_LIMITS: VfsLimits = {
  maxReadBytes: 256 * 1024 * 1024,
  maxFileBytes: 64 * 1024 * 1024 * 1024,
  maxQueuedCount: 1_000,
  initialHandleCount: 10,
  maxRememberedCursorCount: 65_536,
  zip: DEFAULT_ZIP_LIMITS,
  watch: DEFAULT_WATCH_LIMITS,
};
