/**
 * A folder of the host as the disk of the VFS.
 *
 * Everything that may have to wait for the disk goes to other threads: a slow disk must not hold the thread that carries
 * everybody's messages. Calls go to disk threads of our own (`disk-threads-bun.ts`), one trip each; what takes long, and bytes
 * that do not fit into a call, to the host's pool, with files that a disk thread has opened.
 * @module
 */
import { close, fsync, mkdirSync, promises, read, readdirSync, realpathSync, write } from "node:fs";
import type { Awaitable } from "@kinode-ts/types";
import type { HostCalls } from "./disk-thread-bun.ts";
import { CALL_DATA_BYTES } from "./disk-slot.ts";
import {
  type DiskAnswer,
  type DiskCall,
  type DiskThreads,
  diskThreads,
  isUnknownEnd,
} from "./disk-threads-bun.ts";
import type {
  Change,
  DiskEntry,
  DiskFile,
  DiskFolder,
  DiskListener,
  DiskStat,
  OpenedState,
  ReadBounds,
  WriteBounds,
} from "./disk.ts";
import { ioError, ioErrorText } from "./errors.ts";
import type { Changed, CopyStarted, Opened, ReadResult } from "./host-calls-bun.ts";
import { toVfsError } from "./host-errors-bun.ts";
import type { Place } from "./host-place-bun.ts";
import { lookAtFolder } from "./look-folder-bun.ts";
import { folderBytes } from "./package-disk-bun.ts";

/** Where trees go to be removed: no path of the VFS leads there. */
const REMOVED = ".removed";

/** How long after a move the system may still tell of it. */
const MOVE_MS = 1_000;
const MAX_MOVES = 1_024;

const NEW_DIRECTORY_MODE = 0o700;
const EMPTY = new Uint8Array(0);

/** Segments that name a drive: the package and the drive's own. */
const DRIVE_SEGMENTS = 2;

/** Longest path that common systems take. */
const MAX_PATH_CHARACTERS = 4_096;

/** Bytes of a copy in one call; then it is others' turn. */
const COPY_PART_BYTES = 4 * 1024 * 1024;

export interface DiskFolderOptions {
  /** Default: those of the program, shared by all disks. */
  readonly threads?: DiskThreads;
}

/**
 * Uses `<root>` as the disk; creates it when missing.
 * @throws {VfsError} `vfs.io` when it cannot be created
 */
export function openDiskFolder(root: string, options: DiskFolderOptions = {}): DiskFolder {
  try {
    mkdirSync(root, { recursive: true, mode: NEW_DIRECTORY_MODE });
    const folder = realpathSync(root);
    const removed = `${folder}/${REMOVED}`;
    mkdirSync(removed, { recursive: true, mode: NEW_DIRECTORY_MODE });
    // What was left when the program ended.
    for (const name of readdirSync(removed)) {
      promises.rm(`${removed}/${name}`, { recursive: true }).catch(() => {});
    }
    return new HostFolder(folder, options.threads ?? diskThreads());
  } catch (error) {
    throw toVfsError(error);
  }
}

/** A path of the VFS on this machine. */
interface Target {
  readonly place: Place;
  /** Whose turn it is, and who waits when the disk is slow. */
  readonly drive: string;
}

class HostFolder implements DiskFolder {
  readonly #root: string;
  readonly #threads: DiskThreads;
  readonly #run = crypto.randomUUID();
  #removedCount = 0;
  /** Where folders were moved to of late, and when. */
  readonly #moves = new Map<string, number>();

  constructor(root: string, threads: DiskThreads) {
    this.#root = root;
    this.#threads = threads;
  }

  async stat(path: string): Promise<DiskStat> {
    const { place, drive } = this.#target(path);
    return await this.#value({ name: "stat", args: [place], drive });
  }

  async list(path: string): Promise<readonly DiskEntry[]> {
    const { place, drive } = this.#target(path);
    const entries = await this.#value({ name: "list", args: [place], drive });
    return path === "" ? entries.filter(({ name }) => name !== REMOVED) : entries;
  }

  async makeDirectory(path: string): Promise<void> {
    const { place, drive } = this.#target(path);
    await this.#value({ name: "makeDirectory", args: [place], drive });
  }

  async makeDirectories(path: string): Promise<void> {
    const { place, drive } = this.#target(path);
    await this.#value({ name: "makeDirectories", args: [place], drive });
  }

  async fileBytes(path: string, { followLast } = { followLast: true }): Promise<number> {
    const { place, drive } = this.#target(path);
    return await this.#value({ name: "fileBytes", args: [place, followLast], drive });
  }

  async treeBytes(path: string): Promise<number> {
    const { place, drive } = this.#target(path);
    const [file, host] = await Promise.all([
      this.#value({ name: "fileBytes", args: [place, false], drive }),
      this.#value({ name: "check", args: [place, false], drive }),
    ]);
    return file > 0 ? file : await folderBytes(host);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    const { place, drive } = this.#target(path);
    const args = [place, maxBytes] as const;
    const late = ({ fd }: ReadResult): void => void (fd !== undefined && closeLater(fd));
    const { value, bytes } = await this.#threads.run({ name: "readWhole", args, drive, late });
    if (value.fd === undefined) return bytes;
    try {
      return await readLater(value.fd, 0, value.count);
    } finally {
      closeLater(value.fd);
    }
  }

  async write(path: string, bytes: Uint8Array, room: number, open?: DiskFile): Promise<Change> {
    const { place, drive } = this.#target(path);
    const file = open instanceof HostFile ? open : undefined;
    const args = [place, bytes.length, room, file?.fd ?? null] as const;
    const late = ({ fd }: Changed): void => {
      if (fd !== undefined && fd !== file?.fd) closeLater(fd);
    };
    const more = { input: small(bytes), late };
    const written = (): Promise<Change> =>
      toChange(bytes.length, async () => {
        const { value } = await (file?.run("writeWhole", args, more) ??
          this.#threads.run({ ...more, name: "writeWhole", args, drive }));
        return value.fd === undefined
          ? value
          : await this.#writeRest({ ...value, fd: value.fd }, bytes, drive, value.fd === file?.fd);
      });
    return await (file?.use(written) ?? written());
  }

  /** Writes what did not fit into the call, to the file that is open for it. */
  async #writeRest(
    value: Changed & { readonly fd: number },
    bytes: Uint8Array,
    drive: string,
    keepsOpen: boolean,
  ): Promise<Changed> {
    const { fd, before } = value;
    try {
      await writeLater(fd, 0, bytes);
      if (before <= bytes.length) return value;
      const args = [fd, bytes.length, 0] as const;
      return { ...(await this.#value({ name: "resize", args, drive })), before };
    } catch (error) {
      return await this.#failed(fd, drive, value, error);
    } finally {
      if (!keepsOpen) closeLater(fd);
    }
  }

  async open(path: string, options: { create: boolean }): Promise<DiskFile> {
    return (await this.#open(path, options.create, false)).file;
  }

  async create(path: string): Promise<{ file: DiskFile; before: number }> {
    return await this.#open(path, true, true);
  }

  async #open(path: string, create: boolean, empty: boolean) {
    const { place, drive } = this.#target(path);
    const args = [place, create, empty] as const;
    const late = (opened: Opened): void => closeLater(opened.fd);
    const { fd, before, trace } = await this.#value({ name: "open", args, drive, late });
    const opened = { size: empty ? 0 : before, trace };
    const wasEmptied = empty && before > 0;
    return { file: new HostFile(fd, opened, drive, this.#threads, wasEmptied), before };
  }

  async removeFile(path: string): Promise<number> {
    const { place, drive } = this.#target(path);
    return await this.#value({ name: "removeFile", args: [place], drive });
  }

  async removeDirectory(path: string): Promise<void> {
    const { place, drive } = this.#target(path);
    await this.#value({ name: "removeDirectory", args: [place], drive });
  }

  async removeTree(path: string): Promise<number> {
    const { place, drive } = this.#target(path);
    const hidden = `${this.#root}/${REMOVED}/${this.#run}-${this.#removedCount++}`;
    const host = await this.#value({ name: "hideTree", args: [place, hidden], drive });
    try {
      const bytes = await folderBytes(host);
      await promises.rm(host, { recursive: true });
      return bytes;
    } catch (error) {
      throw toVfsError(error);
    }
  }

  async rename(from: string, to: string): Promise<number> {
    const [source, target] = [this.#target(from), this.#target(to)];
    this.#noteMove(to);
    const args = [source.place, target.place] as const;
    const bytes = await this.#value({ name: "rename", args, drive: target.drive });
    this.#noteMove(to);
    return bytes;
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

  async copy(from: string, to: string, room: number): Promise<Change> {
    const [{ place: source }, { place: target, drive }] = [this.#target(from), this.#target(to)];
    return await toChange(0, async () => {
      const args = [source, target, room] as const;
      const late = (copy: CopyStarted): void => closeCopy(copy);
      const started = await this.#value({ name: "startCopy", args, drive, late });
      if (!started.changed.hasRoom) return started.changed;
      try {
        return await this.#copyParts(started, drive);
      } catch (error) {
        return await this.#failed(started.target, drive, started.changed, error);
      } finally {
        closeCopy(started);
      }
    });
  }

  /** The target has as many bytes as the source had at the start, whatever is done to it by hand. */
  async #copyParts(started: CopyStarted, drive: string): Promise<Changed> {
    const { source, target, changed } = started;
    for (let done = 0; done < changed.after; done += COPY_PART_BYTES) {
      const length = Math.min(COPY_PART_BYTES, changed.after - done);
      const args = [source, target, done, length] as const;
      // oxlint-disable-next-line no-await-in-loop -- one part after the other
      await this.#value({ name: "copyPart", args, drive });
    }
    const args = [target, changed.after, Infinity] as const;
    return { ...(await this.#value({ name: "resize", args, drive })), before: changed.before };
  }

  /** What is there after a failure in the middle. */
  async #failed(fd: number, drive: string, changed: Changed, error: unknown): Promise<Changed> {
    // NOTE: the call could still be at work with this file number.
    if (isUnknownEnd(error)) throw error;
    const after = await this.#value({ name: "size", args: [fd], drive });
    return { ...changed, after, error: toVfsError(error).message };
  }

  async trace(path: string): Promise<string | undefined> {
    const { place, drive } = this.#target(path);
    return (await this.#value({ name: "trace", args: [place], drive })) ?? undefined;
  }

  async look(path: string, recursive: boolean, listener: DiskListener): Promise<Disposable> {
    const { place, drive } = this.#target(path);
    const host = await this.#value({ name: "check", args: [place, true], drive });
    const changed: DiskListener["changed"] = (at, isName) => {
      if (!isName || !this.#isMoved(at)) listener.changed(at, isName);
    };
    const lost = (): void => listener.lost();
    return lookAtFolder({ host, path, recursive, listener: { changed, lost } });
  }

  async #value<N extends keyof HostCalls>(call: DiskCall<N>): Promise<ReturnType<HostCalls[N]>> {
    return (await this.#threads.run(call)).value;
  }

  #pathOf(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${toHostPath(path)}`;
  }

  #target(path: string): Target {
    const host = this.#pathOf(path);
    // Before anything is done for each of its segments.
    if (host.length > MAX_PATH_CHARACTERS) throw ioError("ENAMETOOLONG");
    const segments = path.split("/");
    if (segments.length <= DRIVE_SEGMENTS) return { place: { home: host, rest: "" }, drive: path };
    const drive = `${segments[0]}/${segments[1]}`;
    const home = this.#pathOf(drive);
    return { place: { home, rest: host.slice(home.length + 1) }, drive };
  }
}

/** One open file. */
class HostFile implements DiskFile {
  readonly fd: number;
  readonly opened: OpenedState;
  readonly #drive: string;
  readonly #threads: DiskThreads;
  readonly #wasEmptied: boolean;
  #useCount = 0;
  #isClosed = false;

  constructor(
    fd: number,
    opened: OpenedState,
    drive: string,
    threads: DiskThreads,
    wasEmptied: boolean,
  ) {
    this.#wasEmptied = wasEmptied;
    this.fd = fd;
    this.opened = opened;
    this.#drive = drive;
    this.#threads = threads;
  }

  async size(): Promise<number> {
    return await this.use(async () => (await this.run("size", [this.fd])).value);
  }

  read(position: number, length: number, bounds: ReadBounds = {}): Awaitable<Uint8Array> {
    return length === 0 ? EMPTY : this.use(() => this.#read(position, length, bounds));
  }

  async #read(position: number, length: number, bounds: ReadBounds): Promise<Uint8Array> {
    const { maxBytes = Infinity, isExact = false } = bounds;
    const args = [this.fd, position, length, maxBytes, isExact] as const;
    const { value, bytes } = await this.run("read", args);
    return value.fd === undefined ? bytes : await readLater(this.fd, position, value.count);
  }

  async write(
    position: number | "end",
    bytes: Uint8Array,
    { room, maxBytes }: WriteBounds,
  ): Promise<Change> {
    const start = position === "end" ? null : position;
    const args = [this.fd, start, bytes.length, room, maxBytes] as const;
    const write = async (): Promise<Changed> => {
      const { value } = await this.run("write", args, { input: small(bytes) });
      if (value.fd === undefined) return value;
      try {
        await writeLater(this.fd, start ?? value.before, bytes);
        return value;
      } catch (error) {
        return { ...value, after: await this.size(), error: toVfsError(error).message };
      }
    };
    return await this.use(() => toChange(bytes.length, write));
  }

  async resize(size: number, room: number): Promise<Change> {
    const resize = async () => (await this.run("resize", [this.fd, size, room])).value;
    return await this.use(() => toChange(0, resize));
  }

  async sync(): Promise<void> {
    await this.use(() => called((done) => fsync(this.fd, done)));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeWhenUnused();
  }

  /** The file stays open until the work is done: its number could be another file's by then. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw ioError("EIO");
    this.#useCount++;
    try {
      return await work();
    } finally {
      this.#unused();
    }
  }

  /** A call with this file; a use until the thread has left it, also when it was given up. */
  run<N extends keyof HostCalls>(
    name: N,
    args: DiskCall<N>["args"],
    more: Pick<DiskCall<N>, "input" | "late"> = {},
  ): Promise<DiskAnswer<ReturnType<HostCalls[N]>>> {
    this.#useCount++;
    const left = (): void => this.#unused();
    return this.#threads.run({ ...more, name, args, drive: this.#drive, left });
  }

  #unused(): void {
    this.#useCount--;
    if (this.#isClosed) this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (this.#useCount > 0) return;
    // Some file systems write it out then.
    if (this.#wasEmptied) closeLater(this.fd);
    else this.#threads.closeSoon(this.fd);
  }
}

/** Bytes that go along with a call; too many go another way. */
function small(bytes: Uint8Array): Uint8Array {
  return bytes.length > CALL_DATA_BYTES ? EMPTY : bytes;
}

/** @param growth - bytes that may have come when it is not known what became of the work */
async function toChange(growth: number, work: () => Promise<Changed>): Promise<Change> {
  try {
    const { before, after, hasRoom, error } = await work();
    if (error !== undefined) return { kind: "failed", before, after, error: ioErrorText(error) };
    return { kind: hasRoom ? "done" : "no-room", before, after };
  } catch (error) {
    if (!isUnknownEnd(error)) throw error;
    return { kind: "failed", before: 0, after: growth, error };
  }
}

async function readLater(fd: number, position: number, length: number): Promise<Uint8Array> {
  // Not zeroed: everything that is handed on has been read.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
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

/** Nobody waits for it; a failure says nothing that a write has not said. */
function closeLater(fd: number): void {
  close(fd, () => {});
}

function closeCopy({ source, target, changed }: CopyStarted): void {
  if (!changed.hasRoom) return;
  closeLater(source);
  closeLater(target);
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

/** On Windows a colon cannot stand in a file name, and a backslash would separate (§2.1). */
function toHostPath(path: string): string {
  if (process.platform !== "win32") return path;
  if (path.includes("\\")) throw ioError("EINVAL");
  return path.replaceAll(":", "_");
}
