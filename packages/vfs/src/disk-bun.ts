/**
 * A folder of the host as the disk of the VFS.
 *
 * Everything that may have to wait for the disk goes through the host's thread pool, some 12 µs each: a slow disk must not
 * hold the thread that carries everybody's messages.
 * @module
 */
import {
  close,
  constants,
  fstatSync,
  fsync,
  ftruncate,
  lstatSync,
  mkdirSync,
  open,
  promises,
  read,
  readdirSync,
  realpathSync,
  write,
  type Dirent,
  type Stats,
} from "node:fs";
import type { Awaitable } from "@kinode-ts/types";
import type { DiskEntry, DiskFile, DiskFolder, DiskListener, DiskStat, FileType } from "./disk.ts";
import { ioError, ioErrorText, VfsError } from "./errors.ts";
import { lookAtFolder } from "./look-folder-bun.ts";
import { folderBytes } from "./package-disk-bun.ts";
import { NOT_A_FILE } from "./memory-disk.ts";

/** Above this, writing without truncation is worth its further trips to the pool. */
const BIG_BYTES = 512 * 1024;

/** Where trees go to be removed: no path of the VFS leads there. */
const REMOVED = ".removed";

/** How long after a move the system may still tell of it. */
const MOVE_MS = 1_000;
const MAX_MOVES = 1_024;

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
  /** Where folders were moved to of late, and when. */
  readonly #moves = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  stat(path: string): Promise<DiskStat> {
    return settled(async () => {
      const stats = await promises.stat(await this.#resolve(path, true));
      return { type: typeOf(stats), size: stats.size };
    });
  }

  list(path: string): Promise<readonly DiskEntry[]> {
    return settled(async () => {
      const host = await this.#resolve(path, true);
      const entries = await promises.readdir(host, { withFileTypes: true });
      return entries.filter(({ name }) => path !== "" || name !== REMOVED).map(toEntry);
    });
  }

  makeDirectory(path: string): Promise<void> {
    return settled(async () =>
      promises.mkdir(await this.#resolve(path, true), { mode: NEW_DIRECTORY_MODE }),
    );
  }

  makeDirectories(path: string): Promise<void> {
    const options = { recursive: true, mode: NEW_DIRECTORY_MODE } as const;
    return settled(async () => {
      await promises.mkdir(await this.#resolve(path, true), options);
    });
  }

  fileBytes(path: string, { followLast } = { followLast: true }): Promise<number> {
    return settled(async () => {
      const { host, stats } = await this.#locate(path, followLast);
      if (followLast) return await lengthOf(host, stats);
      const entry = await lstatOrNothing(host);
      return entry?.isFile() === true ? entry.size : 0;
    });
  }

  treeBytes(path: string): Promise<number> {
    return settled(async () => {
      const host = await this.#resolve(path, false);
      const stats = await lstatOrNothing(host);
      if (stats?.isDirectory() === true) return await folderBytes(host);
      return stats?.isFile() === true ? stats.size : 0;
    });
  }

  read(path: string, maxBytes: number): Promise<Uint8Array> {
    return settled(async () => {
      const { host, stats } = await this.#locate(path, true);
      const target = stats?.isFile() === true ? stats : await promises.stat(host);
      // NOTE: anything else, a pipe for one, could block for ever.
      if (!target.isFile()) throw ioError(target.isDirectory() ? "EISDIR" : "EINVAL");
      if (target.size > maxBytes) throw ioError("EFBIG");
      return ownBytes(await promises.readFile(host));
    });
  }

  write(path: string, bytes: Uint8Array, admit?: (before: number) => void): Promise<void> {
    return settled(async () => {
      const { host, stats } = await this.#locate(path, true);
      admit?.(stats?.isFile() === true ? stats.size : await lengthOf(host, stats));
      if (bytes.length > BIG_BYTES) await writeBig(host, bytes);
      else await promises.writeFile(host, bytes, { mode: NEW_FILE_MODE });
    });
  }

  open(path: string, options: { create: boolean }): Promise<DiskFile> {
    const flags = constants.O_RDWR | (options.create ? constants.O_CREAT : 0);
    return settled(async () => {
      const host = await this.#resolve(path, false);
      try {
        // One trip instead of two where the last place is no link, as nearly always.
        return openedFile(await openHost(host, flags | constants.O_NOFOLLOW));
      } catch (error) {
        if (codeOf(error) !== "ELOOP") throw error;
      }
      return openedFile(await openHost(await this.#resolve(path, true), flags));
    });
  }

  isAt(path: string, file: DiskFile): Promise<boolean> {
    return settled(async () => {
      const { host, stats } = await this.#locate(path, true);
      const there = stats?.isSymbolicLink() === true ? await promises.stat(host) : stats;
      return there !== undefined && file instanceof HostFile && file.isFile(there);
    });
  }

  removeFile(path: string): Promise<void> {
    return settled(async () => promises.unlink(await this.#resolve(path, false)));
  }

  removeDirectory(path: string): Promise<void> {
    return settled(async () => promises.rmdir(await this.#resolve(path, false)));
  }

  removeTree(path: string): Promise<number> {
    return settled(async () => {
      const host = await this.#resolve(path, false);
      if (!(await promises.lstat(host)).isDirectory()) throw ioError("ENOTDIR");
      const hidden = await this.#hide(host);
      const bytes = await folderBytes(hidden);
      await promises.rm(hidden, { recursive: true });
      return bytes;
    });
  }

  /**
   * Moves a tree to where nobody can change it any more: what it has can be counted, and others see it whole or not at
   * all. Where it cannot be moved (a disk of its own), it stays in its place.
   */
  async #hide(host: string): Promise<string> {
    const hidden = `${this.#root}/${REMOVED}/${this.#run}-${this.#removedCount++}`;
    try {
      await promises.rename(host, hidden);
      return hidden;
    } catch (error) {
      if (["EXDEV", "EBUSY"].includes(codeOf(error))) return host;
      throw error;
    }
  }

  rename(from: string, to: string): Promise<void> {
    return settled(async () => {
      const [source, target] = [await this.#resolve(from, false), await this.#resolve(to, false)];
      this.#noteMove(to);
      await promises.rename(source, target);
      this.#noteMove(to);
    });
  }

  #noteMove(to: string): void {
    if (this.#moves.size >= MAX_MOVES) this.#moves.clear();
    this.#moves.set(to, performance.now());
  }

  /** The system tells of everything in a folder that was moved as if it were new. */
  #isMoved(path: string): boolean {
    const now = performance.now();
    for (const [to, at] of this.#moves) {
      if (now - at > MOVE_MS) this.#moves.delete(to);
      else if (path.startsWith(`${to}/`)) return true;
    }
    return false;
  }

  copy(from: string, to: string): Promise<void> {
    return settled(async () => {
      const source = await this.#resolve(from, true);
      if (!(await promises.stat(source)).isFile()) throw ioErrorText(NOT_A_FILE);
      await promises.copyFile(source, await this.#resolve(to, true));
    });
  }

  trace(path: string): string | undefined {
    try {
      const host = this.#pathOf(path);
      const [owner, drive] = path.split("/");
      const above = realpathSync(host.slice(0, host.lastIndexOf("/")));
      const home = realpathSync(this.#pathOf(`${owner}/${drive}`));
      if (host !== home && above !== home && !above.startsWith(`${home}/`)) return undefined;
      const stats = lstatSync(host);
      return stats.isDirectory() ? "directory" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    } catch {
      return undefined;
    }
  }

  async look(path: string, recursive: boolean, listener: DiskListener): Promise<Disposable> {
    const host = await this.#resolve(path, true);
    const changed: DiskListener["changed"] = (at, isName) => {
      if (!isName || !this.#isMoved(at)) listener.changed(at, isName);
    };
    const lost = (): void => listener.lost();
    return lookAtFolder({ host, path, recursive, listener: { changed, lost } });
  }

  #pathOf(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${toHostPath(path)}`;
  }

  /**
   * The host path of a VFS path. Every link below the drive is looked at: one that leads out of the drive is refused.
   * @param followLast - whether the operation would follow a link in the last place
   */
  async #resolve(path: string, followLast: boolean): Promise<string> {
    return (await this.#locate(path, followLast)).host;
  }

  /** The same, with what was seen in the last place. */
  async #locate(path: string, followLast: boolean): Promise<Place> {
    const host = this.#pathOf(path);
    // Before anything is done for each of its segments.
    if (host.length > MAX_PATH_CHARACTERS) throw ioError("ENAMETOOLONG");
    const segments = path.split("/");
    if (segments.length <= DRIVE_SEGMENTS) return { host, stats: undefined };
    const drive = this.#pathOf(`${segments[0]}/${segments[1]}`);
    const places: string[] = [];
    let at = drive;
    for (const segment of segments.slice(DRIVE_SEGMENTS)) places.push((at = `${at}/${segment}`));
    if (!followLast) places.pop();
    const seen =
      places.length <= MAX_AT_ONCE
        ? await Promise.all(places.map(lstatOrNothing))
        : await lstatInTurn(places);
    for (const [index, stats] of seen.entries()) {
      // NOTE: below something missing there is nothing to follow; the operation itself reports it.
      if (stats === undefined) return { host, stats };
      if (stats.isSymbolicLink()) await checkLink(places[index]!, drive);
    }
    return { host, stats: followLast ? seen.at(-1) : undefined };
  }
}

/** Segments that name a drive: the package and the drive's own. */
const DRIVE_SEGMENTS = 2;

/** Longest path that common systems take. */
const MAX_PATH_CHARACTERS = 4_096;

/** Places that are looked at together; deeper paths take their turns, not all threads of the pool. */
const MAX_AT_ONCE = 8;

/** Up to the first that is missing. */
async function lstatInTurn(places: readonly string[]): Promise<readonly (Stats | undefined)[]> {
  const seen: (Stats | undefined)[] = [];
  for (const place of places) {
    const stats = await lstatOrNothing(place);
    seen.push(stats);
    if (stats === undefined) break;
  }
  return seen;
}

interface Place {
  readonly host: string;
  /** Of the last place itself, links not followed. */
  readonly stats: Stats | undefined;
}

/** Refuses a link that leads out of its drive, and one to nothing: creating through it would escape as well. */
async function checkLink(link: string, drive: string): Promise<void> {
  let target: string;
  try {
    target = await promises.realpath(link);
  } catch (error) {
    throw codeOf(error) === "ELOOP" ? ioError("ELOOP", error) : ioError("EACCES", error);
  }
  const home = await promises.realpath(drive);
  if (target !== home && !target.startsWith(`${home}/`)) throw ioError("EACCES");
}

async function lstatOrNothing(host: string): Promise<Stats | undefined> {
  try {
    return await promises.lstat(host);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Length of the file that `stats` describes, or of what a link there leads to; 0 for everything else. */
async function lengthOf(host: string, stats: Stats | undefined): Promise<number> {
  const target = stats?.isSymbolicLink() === true ? await promises.stat(host) : stats;
  return target?.isFile() === true ? target.size : 0;
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
    return length === 0 ? EMPTY : readLater(this.#fd, position, length);
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    return writeLater(this.#fd, position, bytes);
  }

  resize(size: number): Promise<void> {
    return called((done) => ftruncate(this.#fd, size, done));
  }

  async replace(bytes: Uint8Array): Promise<void> {
    await writeLater(this.#fd, 0, bytes);
    if (this.size() > bytes.length) await this.resize(bytes.length);
  }

  isFile({ ino, dev }: Stats): boolean {
    const own = fstatSync(this.#fd);
    return own.ino === ino && own.dev === dev;
  }

  sync(): Promise<void> {
    return called((done) => fsync(this.#fd, done));
  }

  close(): void {
    // Nobody waits for it; a failure says nothing that a write has not said.
    close(this.#fd, () => {});
  }
}

/** Bytes that nobody else sees: small reads may come from a shared block of memory. */
function ownBytes(buffer: Buffer): Uint8Array {
  return buffer.byteLength === buffer.buffer.byteLength
    ? new Uint8Array(buffer.buffer)
    : Uint8Array.from(buffer);
}

/**
 * NOTE: no truncation before writing. Some file systems write an emptied file to the disk when it is closed, which takes a
 * hundred times as long.
 */
async function writeBig(host: string, bytes: Uint8Array): Promise<void> {
  const fd = await openLater(host, constants.O_WRONLY | constants.O_CREAT);
  try {
    await writeLater(fd, 0, bytes);
    if (fstatSync(fd).size > bytes.length) {
      await called((done) => ftruncate(fd, bytes.length, done));
    }
  } catch (error) {
    throw toVfsError(error);
  } finally {
    close(fd, () => {});
  }
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

async function writeLater(fd: number, position: number, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const from = done;
    done += await calledWith<number>((settle) =>
      write(fd, bytes, from, bytes.length - from, position + from, settle),
    );
  }
}

function openLater(host: string, flags: number): Promise<number> {
  return settled(() => openHost(host, flags));
}

/** @throws {VfsError} EINVAL: reading a pipe, for one, could wait for ever */
function openedFile(fd: number): DiskFile {
  if (fstatSync(fd).isFile()) return new HostFile(fd);
  close(fd, () => {});
  throw ioError("EINVAL");
}

/** Fails with the system's own error. */
function openHost(host: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    open(host, flags, NEW_FILE_MODE, (error, fd) => (error === null ? resolve(fd) : reject(error)));
  });
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

/** Every failure as a `VfsError`. */
async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toVfsError(error);
  }
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
