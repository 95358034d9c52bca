/**
 * What the VFS needs of a disk: one folder, addressed by normalised paths.
 *
 * What may have to wait returns a promise; nothing holds the thread. All paths are `VfsPath.full` texts: no leading slash, no dot segments. The first two segments are the
 * drive; a symbolic link below it that leads out of it is refused with EACCES.
 * Every function throws, or rejects with, a `VfsError` `vfs.io`.
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

/** An open file. Positions and lengths are bytes; callers serialise uses of one file. */
export interface DiskFile {
  size(): number;
  /** Up to `length` bytes; fewer at the end of the file. */
  read(position: number, length: number): Awaitable<Uint8Array>;
  /** Writes everything; a gap before `position` reads as zeros. */
  write(position: number, bytes: Uint8Array): Awaitable<void>;
  resize(size: number): Awaitable<void>;
  /** Replaces the whole content. */
  replace(bytes: Uint8Array): Awaitable<void>;
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
   * @param admit - told the length there was before anything is changed; what it throws ends the operation
   */
  write(path: string, bytes: Uint8Array, admit?: (before: number) => void): Awaitable<void>;
  /** Opens for reading and writing. */
  open(path: string, options: { readonly create: boolean }): Awaitable<DiskFile>;
  /** Whether an open file is still what the path names: by hand, another may have taken its place. */
  isAt(path: string, file: DiskFile): Awaitable<boolean>;
  removeFile(path: string): Awaitable<void>;
  removeDirectory(path: string): Awaitable<void>;
  /** Takes the tree out of sight at once, then removes it; settles with the bytes its files had. */
  removeTree(path: string): Awaitable<number>;
  /** Moves; an existing file at `to` is replaced. */
  rename(from: string, to: string): Awaitable<void>;
  copy(from: string, to: string): Awaitable<void>;
  /** A text that is another one when the file there has changed; undefined when nothing is there that may be looked at. Links not followed. */
  trace?(path: string): string | undefined;
  /** Looks for changes at a path that did not go through this object, until it is disposed. */
  look?(path: string, recursive: boolean, listener: DiskListener): Awaitable<Disposable>;
}

/** Told about changes seen on the disk: its own ones are among them. */
export interface DiskListener {
  /** `isName`: it has come or gone, not only its content has changed. */
  changed(path: string, isName: boolean): void;
  /** Nothing more will be seen. */
  lost(): void;
}

/** Incremental SHA-256. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** 32 bytes. */
  digest(): Uint8Array;
}
