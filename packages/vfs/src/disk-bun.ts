/**
 * A folder of the host as the disk of the VFS.
 *
 * Everything that may have to wait for the disk goes to other threads: a slow disk must not hold the thread that carries
 * everybody's messages. Calls go to disk threads of our own (`disk-threads-bun.ts`), one trip each; what takes long on a good
 * disk, too, to others of them. Nothing goes to the host's pool: it has few threads, and gives up nothing.
 * @module
 */
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { endedEarly, toChange } from "./disk-change-bun.ts";
import { HostFile } from "./disk-file-bun.ts";
import { carried, memoryFor, PART_BYTES, readParts, upTo, writeParts } from "./disk-parts-bun.ts";
import { CALL_DATA_BYTES } from "./disk-slot.ts";
import type { HostCalls } from "./disk-thread-bun.ts";
import {
  type DiskCall,
  type DiskThreads,
  diskThreads,
  longDiskThreads,
} from "./disk-threads-bun.ts";
import type {
  Change,
  DiskEntry,
  DiskFile,
  DiskFolder,
  DiskListener,
  DiskStat,
  FileType,
} from "./disk.ts";
import { ioError } from "./errors.ts";
import { countFolderBytes } from "./folder-bytes-bun.ts";
import { FolderMoves } from "./folder-moves-bun.ts";
import type { Changed, CopyStarted, Opened, ReadResult } from "./host-calls-bun.ts";
import { toVfsError } from "./host-errors-bun.ts";
import type { Place } from "./host-place-bun.ts";
import { type FolderLooks, folderLooks, ownerOf } from "./look-folder-bun.ts";

/** Where trees go to be removed: no path of the VFS leads there. */
const REMOVED = ".removed";

const MAX_LENGTHS = 256;

const NEW_DIRECTORY_MODE = 0o700;

/** Segments that name a drive: the package and the drive's own. */
const DRIVE_SEGMENTS = 2;

/** Longest path that common systems take. */
const MAX_PATH_CHARACTERS = 4_096;

/** By their first letters. */
const TYPES: Readonly<Record<string, FileType>> = {
  F: "File",
  D: "Directory",
  S: "Symlink",
  O: "Other",
};

export interface DiskFolderOptions {
  /** Default: those of the program, shared by all disks. */
  readonly threads?: DiskThreads;
  /** For what takes long; the same default. */
  readonly longThreads?: DiskThreads;
  /** Likewise. */
  readonly looks?: FolderLooks;
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
    const {
      threads = diskThreads(),
      longThreads = longDiskThreads(),
      looks = folderLooks(),
    } = options;
    const disk = new HostFolder(folder, { threads, longThreads, looks });
    // What was left when the program ended.
    for (const name of readdirSync(removed)) disk.removeLeft(`${removed}/${name}`);
    return disk;
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
  readonly #longThreads: DiskThreads;
  readonly #looks: FolderLooks;
  readonly #run = crypto.randomUUID();
  #removedCount = 0;
  /** Lengths of large files when they were read last. */
  readonly #lengths = new Map<string, number>();
  readonly #moves = new FolderMoves();

  constructor(root: string, options: Required<DiskFolderOptions>) {
    this.#root = root;
    this.#threads = options.threads;
    this.#longThreads = options.longThreads;
    this.#looks = options.looks;
  }

  async stat(path: string): Promise<DiskStat> {
    const { place, drive } = this.#target(path);
    return await this.#value({ name: "stat", args: [place], drive });
  }

  async list(path: string): Promise<readonly DiskEntry[]> {
    const { place, drive } = this.#target(path);
    const { names, types } = await this.#value({ name: "list", args: [place], drive });
    const entries: DiskEntry[] = [];
    for (const [index, name] of names.entries()) {
      if (path !== "" || name !== REMOVED) entries.push({ name, type: TYPES[types[index]!]! });
    }
    return entries;
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
    return file > 0 ? file : await countFolderBytes(this.#longThreads, host, drive);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    const { place, drive } = this.#target(path);
    const memory = memoryFor(this.#lengths.get(path));
    const late = ({ fd }: ReadResult): void => void (fd !== undefined && this.#close(fd, drive));
    const call = { name: "readWhole", args: [place, maxBytes], drive, late, memory } as const;
    const { value, bytes } = await this.#threads.run(call);
    this.#noteLength(path, value.count);
    if (value.fd === undefined) return memory === undefined ? bytes : upTo(memory, value.count);
    const { fd } = value;
    try {
      return await readParts(value.count, async (at, length, memory) => {
        const args = [fd, at, length, null, false] as const;
        return (await this.#threads.run({ name: "read", args, drive, memory })).value;
      });
    } finally {
      this.#close(fd, drive);
    }
  }

  /** So that the next reader of a large file has memory for it in time. */
  #noteLength(path: string, length: number): void {
    if (length <= CALL_DATA_BYTES) this.#lengths.delete(path);
    else {
      if (this.#lengths.size >= MAX_LENGTHS) this.#lengths.clear();
      this.#lengths.set(path, length);
    }
  }

  #close(fd: number, drive: string): void {
    this.#threads.closeSoon(fd, drive);
  }

  async write(path: string, bytes: Uint8Array, room: number, open?: DiskFile): Promise<Change> {
    const { place, drive } = this.#target(path);
    const file = open instanceof HostFile ? open : undefined;
    const args = [place, bytes.length, room, file?.fd ?? null] as const;
    const late = ({ fd }: Changed): void => {
      if (fd !== undefined && fd !== file?.fd) this.#close(fd, drive);
    };
    const more = { ...carried(bytes), late };
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
      await writeParts(bytes, async (memory, at) => {
        await this.#value({ name: "writePart", args: [fd, at], drive, memory });
      });
      if (before <= bytes.length) return value;
      const args = [fd, bytes.length, 0] as const;
      return { ...(await this.#value({ name: "resize", args, drive })), before };
    } catch (error) {
      return await endedEarly(value, error, () => this.#sizeOf(fd, drive));
    } finally {
      if (!keepsOpen) this.#close(fd, drive);
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
    const late = (opened: Opened): void => this.#close(opened.fd, drive);
    const { fd, before, trace } = await this.#value({ name: "open", args, drive, late });
    const opened = { size: empty ? 0 : before, trace };
    const [threads, longThreads] = [this.#threads, this.#longThreads];
    const wasEmptied = empty && before > 0;
    return { file: new HostFile({ fd, opened, drive, threads, longThreads, wasEmptied }), before };
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
    const bytes = await countFolderBytes(this.#longThreads, host, drive);
    await this.#remove(host, drive);
    return bytes;
  }

  /** Of an earlier run; it does not matter when, nor whether it can be. @param host - a path in the hidden folder */
  removeLeft(host: string): void {
    this.#remove(host, REMOVED).catch(() => {});
  }

  async #remove(host: string, drive: string): Promise<void> {
    for (let isDone = false; !isDone;) {
      const call = { name: "removeSome", args: [host], drive } as const;
      // oxlint-disable-next-line no-await-in-loop -- one part after the other
      isDone = (await this.#longThreads.run(call)).value;
    }
  }

  async rename(from: string, to: string): Promise<number> {
    const [source, target] = [this.#target(from), this.#target(to)];
    this.#moves.note(to);
    const args = [source.place, target.place] as const;
    const bytes = await this.#value({ name: "rename", args, drive: target.drive });
    this.#moves.note(to);
    return bytes;
  }

  async copy(from: string, to: string, room: number): Promise<Change> {
    const [{ place: source }, { place: target, drive }] = [this.#target(from), this.#target(to)];
    return await toChange(0, async () => {
      const args = [source, target, room] as const;
      const close = ({ source: from, target: to, changed }: CopyStarted): void => {
        if (!changed.hasRoom) return;
        this.#close(from, drive);
        this.#close(to, drive);
      };
      const started = await this.#value({ name: "startCopy", args, drive, late: close });
      if (!started.changed.hasRoom) return started.changed;
      try {
        return await this.#copyParts(started, drive);
      } catch (error) {
        const { target: to, changed } = started;
        return await endedEarly(changed, error, () => this.#sizeOf(to, drive));
      } finally {
        close(started);
      }
    });
  }

  /** The target has as many bytes as the source had at the start, whatever is done to it by hand. */
  async #copyParts(started: CopyStarted, drive: string): Promise<Changed> {
    const { source, target, changed } = started;
    for (let done = 0; done < changed.after; done += PART_BYTES) {
      const length = Math.min(PART_BYTES, changed.after - done);
      const args = [source, target, done, length] as const;
      // oxlint-disable-next-line no-await-in-loop -- one part after the other
      await this.#value({ name: "copyPart", args, drive });
    }
    const args = [target, changed.after, Infinity] as const;
    return { ...(await this.#value({ name: "resize", args, drive })), before: changed.before };
  }

  async #sizeOf(fd: number, drive: string): Promise<number> {
    return await this.#value({ name: "size", args: [fd], drive });
  }

  async trace(path: string): Promise<string | undefined> {
    const { place, drive } = this.#target(path);
    return (await this.#value({ name: "trace", args: [place], drive })) ?? undefined;
  }

  async look(path: string, recursive: boolean, listener: DiskListener): Promise<Disposable> {
    const { place, drive } = this.#target(path);
    const room = this.#looks.roomFor(ownerOf(path));
    const call = { name: "lookAt", args: [place, recursive ? room + 1 : 1], drive } as const;
    const { host, isFolder, folderCount } = (await this.#longThreads.run(call)).value;
    return await this.#looks.look({
      host,
      path: isFolder ? path : path.slice(0, path.lastIndexOf("/")),
      recursive: recursive && isFolder,
      folderCount,
      listener: {
        changed: (at, isName) => {
          if (!isName || !this.#moves.isIn(at)) return listener.changed(at, isName);
        },
        lost: () => listener.lost(),
      },
    });
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

/** On Windows a colon cannot stand in a file name, and a backslash would separate (§2.1). */
function toHostPath(path: string): string {
  if (process.platform !== "win32") return path;
  if (path.includes("\\")) throw ioError("EINVAL");
  return path.replaceAll(":", "_");
}
