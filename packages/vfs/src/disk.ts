/**
 * What the VFS needs of a disk: one folder, addressed by normalised paths.
 *
 * What may have to wait returns a promise; nothing holds the thread. Each function is one trip to the disk. All paths are `VfsPath.full` texts: no leading slash, no dot segments. The first two segments are the
 * drive; a symbolic link below it that leads out of it is refused with EACCES.
 * Every function throws, or rejects with, a `VfsError` `vfs.io`; then nothing was changed, or as `Change` says.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";

export type FileType = "File" | "Directory" | "Symlink" | "Other";

export interface DiskStat {
  readonly type: FileType;
  /** Size in bytes, as the host reports it. */
  readonly size: number;
}

export interface DiskEntry {
  readonly name: string;
  /** Of the entry itself: links are not followed. */
  readonly type: FileType;
}

/**
 * What became of the length of one file, in bytes.
 * `no-room`: it would have grown by more than it may; nothing was done, and `after` is what it would have been.
 * `failed`: in the middle; `after` is what is really there.
 */
export type Change =
  | { readonly kind: "done" | "no-room"; readonly before: number; readonly after: number }
  | {
      readonly kind: "failed";
      readonly before: number;
      readonly after: number;
      readonly error: unknown;
    };

/** Bounds of reading a part of a file. */
export interface ReadBounds {
  /** EFBIG for more than this. Default: no bound. */
  readonly maxBytes?: number;
  /** `early eof` when the file has fewer bytes from there. Default: what there is. */
  readonly isExact?: boolean;
}

/** Bounds of writing to a file. */
export interface WriteBounds {
  /** Bytes by which the file may grow; `no-room` beyond. */
  readonly room: number;
  /** Bytes the file may have then; EFBIG beyond. */
  readonly maxBytes: number;
}

/** A file as it was when it was opened. */
export interface OpenedState {
  readonly size: number;
  /** `DiskFolder.trace` of the file itself. */
  readonly trace: string | undefined;
}

/** An open file. Positions and lengths are bytes; callers serialise uses of one file. */
export interface DiskFile {
  readonly opened: OpenedState;
  size(): Awaitable<number>;
  /** Up to `length` bytes; fewer at the end of the file. */
  read(position: number, length: number, bounds?: ReadBounds): Awaitable<Uint8Array>;
  /** Writes everything; a gap before `position` reads as zeros. `end`: what is there stays before it. */
  write(position: number | "end", bytes: Uint8Array, bounds: WriteBounds): Awaitable<Change>;
  /** @param room - as in `WriteBounds` */
  resize(size: number, room: number): Awaitable<Change>;
  /** Settles when the contents survive a power cut. */
  sync(): Awaitable<void>;
  close(): void;
}

export interface DiskFolder {
  /** Follows links. */
  stat(path: string): Awaitable<DiskStat>;
  /** Children in no particular order; `""` lists the root. */
  list(path: string): Awaitable<readonly DiskEntry[]>;
  makeDirectory(path: string): Awaitable<void>;
  makeDirectories(path: string): Awaitable<void>;
  /** Length of a file; 0 for what is no file or not there. Links are followed by default. */
  fileBytes(path: string, options?: { readonly followLast: boolean }): Awaitable<number>;
  /** Lengths of all files at and below `path`, links not followed; what vanishes meanwhile counts nothing. */
  treeBytes(path: string): Awaitable<number>;
  /** The whole file; EFBIG above `maxBytes`. */
  read(path: string, maxBytes: number): Awaitable<Uint8Array>;
  /**
   * Replaces the content in place, so that open files see it; creates when missing.
   * @param room - as in `WriteBounds`
   * @param open - an open file of this path: used when it still is what the path names
   */
  write(path: string, bytes: Uint8Array, room: number, open?: DiskFile): Awaitable<Change>;
  /** Opens for reading and writing. */
  open(path: string, options: { readonly create: boolean }): Awaitable<DiskFile>;
  /** The same, and empties it; `before`: the bytes it had. */
  create(path: string): Awaitable<{ readonly file: DiskFile; readonly before: number }>;
  /** The bytes that the file had; 0 for what is no file. */
  removeFile(path: string): Awaitable<number>;
  removeDirectory(path: string): Awaitable<void>;
  /** Takes the tree out of sight at once, then removes it; settles with the bytes its files had. */
  removeTree(path: string): Awaitable<number>;
  /** Moves; an existing file at `to` is replaced: the bytes it had, 0 for anything else. */
  rename(from: string, to: string): Awaitable<number>;
  /** Copies a file with its holes. @param room - as in `WriteBounds`, for the file at `to` */
  copy(from: string, to: string, room: number): Awaitable<Change>;
  /** A text that is another one when the file there has changed; undefined when nothing is there that may be looked at. Links not followed. */
  trace?(path: string): Awaitable<string | undefined>;
  /** Looks for changes at a path that did not go through this object, until it is disposed. */
  look?(path: string, recursive: boolean, listener: DiskListener): Awaitable<Disposable>;
}

/** Told about changes seen on the disk: its own ones are among them. */
export interface DiskListener {
  /**
   * Settles when it was dealt with; the next changes come then.
   * @param isName - it has come or gone, not only its content has changed
   */
  changed(path: string, isName: boolean): Awaitable<void>;
  /** More has changed than was told, or will be. */
  lost(): void;
}

/** Incremental SHA-256. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 32 bytes. */
  digest(): Uint8Array;
}
