/**
 * A folder of the host as the disk of the VFS.
 *
 * Small operations use the host's synchronous calls, which cost a fraction of a trip through the thread pool; whatever
 * may take long (more than `BIG_BYTES`, large directories, trees) goes there and returns a promise.
 * @module
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fsync,
  fstatSync,
  ftruncate,
  lstatSync,
  mkdirSync,
  openSync,
  promises,
  read,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  write,
  writeFileSync,
  writeSync,
  type Dirent,
  type Stats,
} from "node:fs";
import type { Awaitable } from "@kinode-ts/types";
import type { DiskEntry, DiskFile, DiskFolder, DiskListener, DiskStat, FileType } from "./disk.ts";
import { ioError, ioErrorText, VfsError } from "./errors.ts";
import { lookAtFolder } from "./look-folder-bun.ts";
import { folderBytes } from "./package-disk-bun.ts";
import { NOT_A_FILE } from "./memory-disk.ts";

/** Above this, reads and writes leave the thread: copying more takes longer than a trip to the pool. */
const BIG_BYTES = 512 * 1024;

/** Size of a directory's own file above which it is listed in the pool (some 2,000 entries on ext4). */
const BIG_DIRECTORY_BYTES = 64 * 1024;

/** Where trees go to be removed: no path of the VFS leads there. */
const REMOVED = ".removed";

const NEW_FILE_MODE = 0o600;
const NEW_DIRECTORY_MODE = 0o700;
const EMPTY = new Uint8Array(0);

/**
 * Uses `<root>` as the disk; creates it when missing.
 * @throws {VfsError} `vfs.io` when it cannot be created
 */
export function openDiskFolder(root: string): DiskFolder {
  return guarded(() => {
    mkdirSync(root, { recursive: true, mode: NEW_DIRECTORY_MODE });
    const folder = realpathSync(root);
    const removed = `${folder}/${REMOVED}`;
    mkdirSync(removed, { recursive: true, mode: NEW_DIRECTORY_MODE });
    // What was left when the program ended.
    for (const name of readdirSync(removed)) {
      promises.rm(`${removed}/${name}`, { recursive: true }).catch(() => {});
    }
    return new HostFolder(folder);
  });
}

class HostFolder implements DiskFolder {
  readonly #root: string;
  readonly #run = crypto.randomUUID();
  #removedCount = 0;

  constructor(root: string) {
    this.#root = root;
  }

  stat(path: string): DiskStat {
    return guarded(() => {
      const stats = statSync(this.#resolve(path, true));
      return { type: typeOf(stats), size: stats.size };
    });
  }

  list(path: string): Awaitable<readonly DiskEntry[]> {
    return guarded(() => {
      const host = this.#resolve(path, true);
      const options = { withFileTypes: true } as const;
      const show = (entries: readonly Dirent[]): readonly DiskEntry[] =>
        entries.filter(({ name }) => path !== "" || name !== REMOVED).map(toEntry);
      if (statSync(host).size <= BIG_DIRECTORY_BYTES) return show(readdirSync(host, options));
      return later(promises.readdir(host, options)).then(show);
    });
  }

  makeDirectory(path: string): void {
    guarded(() => mkdirSync(this.#resolve(path, true), { mode: NEW_DIRECTORY_MODE }));
  }

  makeDirectories(path: string): void {
    guarded(() =>
      mkdirSync(this.#resolve(path, true), { recursive: true, mode: NEW_DIRECTORY_MODE }),
    );
  }

  fileBytes(path: string, { followLast } = { followLast: true }): number {
    return guarded(() => {
      const { host, stats } = this.#locate(path, followLast);
      if (followLast) return lengthOf(host, stats);
      const entry = lstatSync(host, { throwIfNoEntry: false });
      return entry?.isFile() === true ? entry.size : 0;
    });
  }

  treeBytes(path: string): Awaitable<number> {
    return guarded(() => {
      const host = this.#resolve(path, false);
      const stats = lstatSync(host, { throwIfNoEntry: false });
      if (stats?.isDirectory() === true) return folderBytes(host);
      return stats?.isFile() === true ? stats.size : 0;
    });
  }

  read(path: string, maxBytes: number): Awaitable<Uint8Array> {
    return guarded(() => {
      const { host, stats } = this.#locate(path, true);
      const target = stats?.isFile() === true ? stats : statSync(host);
      // NOTE: anything else, a pipe for one, could block for ever.
      if (!target.isFile()) throw ioError(target.isDirectory() ? "EISDIR" : "EINVAL");
      const { size } = target;
      if (size > maxBytes) throw ioError("EFBIG");
      return size <= BIG_BYTES ? ownBytes(readFileSync(host)) : readBig(host, size);
    });
  }

  write(path: string, bytes: Uint8Array, admit?: (before: number) => void): Awaitable<void> {
    return guarded(() => {
      const { host, stats } = this.#locate(path, true);
      admit?.(lengthOf(host, stats));
      if (bytes.length > BIG_BYTES) return writeBig(host, bytes);
      writeFileSync(host, bytes, { mode: NEW_FILE_MODE });
    });
  }

  open(path: string, options: { create: boolean; truncate: boolean }): DiskFile {
    return guarded(() => {
      const flags =
        constants.O_RDWR |
        (options.create ? constants.O_CREAT : 0) |
        (options.truncate ? constants.O_TRUNC : 0);
      return new HostFile(openSync(this.#resolve(path, true), flags, NEW_FILE_MODE));
    });
  }

  removeFile(path: string): void {
    guarded(() => unlinkSync(this.#resolve(path, false)));
  }

  removeDirectory(path: string): void {
    guarded(() => rmdirSync(this.#resolve(path, false)));
  }

  removeTree(path: string): Awaitable<number> {
    return guarded(() => {
      const host = this.#resolve(path, false);
      if (!lstatSync(host).isDirectory()) throw ioError("ENOTDIR");
      return later(removeCounted(this.#hide(host)));
    });
  }

  /**
   * Moves a tree to where nobody can change it any more: what it has can be counted, and others see it whole or not at
   * all. Where it cannot be moved (a disk of its own), it stays in its place.
   */
  #hide(host: string): string {
    const hidden = `${this.#root}/${REMOVED}/${this.#run}-${this.#removedCount++}`;
    try {
      renameSync(host, hidden);
      return hidden;
    } catch (error) {
      if (["EXDEV", "EBUSY"].includes(codeOf(error))) return host;
      throw error;
    }
  }

  rename(from: string, to: string): void {
    guarded(() => renameSync(this.#resolve(from, false), this.#resolve(to, false)));
  }

  copy(from: string, to: string): Awaitable<void> {
    return guarded(() => {
      const source = this.#resolve(from, true);
      const stats = statSync(source);
      if (!stats.isFile()) throw ioErrorText(NOT_A_FILE);
      const target = this.#resolve(to, true);
      if (stats.size > BIG_BYTES) return later(promises.copyFile(source, target));
      copyFileSync(source, target);
    });
  }

  trace(path: string): string | undefined {
    try {
      const stats = lstatSync(this.#resolve(path, false));
      return stats.isDirectory() ? "directory" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    } catch {
      return undefined;
    }
  }

  look(path: string, recursive: boolean, listener: DiskListener): Disposable {
    return lookAtFolder({ host: this.#resolve(path, true), path, recursive, listener });
  }

  /**
   * The host path of a VFS path. Every link below the drive is looked at: one that leads out of the drive is refused.
   * @param followLast - whether the operation would follow a link in the last place
   */
  #resolve(path: string, followLast: boolean): string {
    return this.#locate(path, followLast).host;
  }

  /** The same, with what was seen in the last place. */
  #locate(
    path: string,
    followLast: boolean,
  ): { readonly host: string; readonly stats: Stats | undefined } {
    const host = path === "" ? this.#root : `${this.#root}/${toHostPath(path)}`;
    const segments = path.split("/");
    let stats: Stats | undefined;
    if (segments.length <= 2) return { host, stats };
    let at = `${this.#root}/${toHostPath(`${segments[0]}/${segments[1]}`)}`;
    const drive = at;
    for (let index = 2; index < segments.length; index++) {
      if (index === segments.length - 1 && !followLast) return { host, stats: undefined };
      at = `${at}/${segments[index]}`;
      stats = lstatSync(at, { throwIfNoEntry: false });
      // NOTE: below something missing there is nothing to follow; the operation itself reports it.
      if (stats === undefined) break;
      if (stats.isSymbolicLink()) this.#checkLink(at, drive);
    }
    return { host, stats };
  }

  /** Refuses a link that leads out of its drive, and one to nothing: creating through it would escape as well. */
  #checkLink(link: string, drive: string): void {
    let target: string;
    try {
      target = realpathSync(link);
    } catch (error) {
      throw codeOf(error) === "ELOOP" ? ioError("ELOOP", error) : ioError("EACCES", error);
    }
    const home = realpathSync(drive);
    if (target !== home && !target.startsWith(`${home}/`)) throw ioError("EACCES");
  }
}

/** Length of the file that `stats` describes, or of what a link there leads to; 0 for everything else. */
function lengthOf(host: string, stats: Stats | undefined): number {
  const target = stats?.isSymbolicLink() === true ? statSync(host) : stats;
  return target?.isFile() === true ? target.size : 0;
}

async function removeCounted(host: string): Promise<number> {
  const bytes = await folderBytes(host);
  await promises.rm(host, { recursive: true });
  return bytes;
}

class HostFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): number {
    return guarded(() => fstatSync(this.#fd).size);
  }

  read(position: number, length: number): Awaitable<Uint8Array> {
    return guarded(() =>
      length <= BIG_BYTES
        ? readNow(this.#fd, position, length)
        : readLater(this.#fd, position, length),
    );
  }

  write(position: number, bytes: Uint8Array): Awaitable<void> {
    return guarded(() =>
      bytes.length <= BIG_BYTES
        ? writeNow(this.#fd, position, bytes)
        : writeLater(this.#fd, position, bytes),
    );
  }

  resize(size: number): Promise<void> {
    return called((done) => ftruncate(this.#fd, size, done));
  }

  sync(): Promise<void> {
    return called((done) => fsync(this.#fd, done));
  }

  close(): void {
    guarded(() => closeSync(this.#fd));
  }
}

/** Bytes that nobody else sees: small reads may come from a shared block of memory. */
function ownBytes(buffer: Buffer): Uint8Array {
  return buffer.byteLength === buffer.buffer.byteLength
    ? new Uint8Array(buffer.buffer)
    : Uint8Array.from(buffer);
}

function readBig(host: string, size: number): Promise<Uint8Array> {
  const fd = openSync(host, "r");
  return readLater(fd, 0, size).finally(() => closeSync(fd));
}

/**
 * NOTE: no truncation before writing. Some file systems write an emptied file to the disk when it is closed, which takes a
 * hundred times as long.
 */
async function writeBig(host: string, bytes: Uint8Array): Promise<void> {
  const fd = openSync(host, constants.O_WRONLY | constants.O_CREAT, NEW_FILE_MODE);
  try {
    await writeLater(fd, 0, bytes);
    if (fstatSync(fd).size > bytes.length) {
      await called((done) => ftruncate(fd, bytes.length, done));
    }
  } catch (error) {
    throw toVfsError(error);
  } finally {
    closeSync(fd);
  }
}

function readNow(fd: number, position: number, length: number): Uint8Array {
  if (length === 0) return EMPTY;
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) return bytes.slice(0, done);
    done += count;
  }
  return bytes;
}

async function readLater(fd: number, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const from = done;
    const count = await calledWith<number>((settle) =>
      read(fd, bytes, from, length - from, position + from, settle),
    );
    if (count === 0) return bytes.slice(0, done);
    done += count;
  }
  return bytes;
}

function writeNow(fd: number, position: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

async function writeLater(fd: number, position: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const from = done;
    done += await calledWith<number>((settle) =>
      write(fd, bytes, from, bytes.length - from, position + from, settle),
    );
  }
}

type Settle<T> = (error: Error | null, value: T) => void;

function calledWith<T>(start: (settle: Settle<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(toVfsError(error))));
  });
}

function called(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return calledWith<undefined>((settle) => start((error) => settle(error, undefined)));
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toVfsError(error);
  }
}

function later<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw toVfsError(error);
  });
}

function toVfsError(error: unknown): VfsError {
  return error instanceof VfsError ? error : ioError(codeOf(error), error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EIO";
}

function toEntry(entry: Dirent): DiskEntry {
  return { name: entry.name, type: typeOf(entry) };
}

function typeOf(entry: Dirent | Stats): FileType {
  if (entry.isFile()) return "File";
  if (entry.isDirectory()) return "Directory";
  return entry.isSymbolicLink() ? "Symlink" : "Other";
}

/** On Windows a colon cannot stand in a file name, and a backslash would separate (§2.1). */
function toHostPath(path: string): string {
  if (process.platform !== "win32") return path;
  if (path.includes("\\")) throw ioError("EINVAL");
  return path.replaceAll(":", "_");
}
