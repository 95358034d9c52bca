/**
 * The drives as the node itself uses them: boot reads programs, the installer puts packages in place.
 * No capabilities are asked; paths follow the same rules and the same locks as requests do.
 * @module
 */
import { andThen, type Awaitable, type PackageId, type ProgramFiles } from "@kinode-ts/types";
import { lockBoth, type FileLocks } from "./file-locks.ts";
import { VfsError, type OsErrorCode, ioError } from "./errors.ts";
import type { FileContext } from "./file-actions.ts";
import type { DiskFile, FileType } from "./disk.ts";
import { removeFile, rename } from "./tree-actions.ts";
import { parseVfsPath, type VfsPath } from "./paths.ts";

export interface VfsListing {
  /** Of the entry, without its folder. */
  readonly name: string;
  readonly type: FileType;
}

/** A file that is open for reading, beside the handles of processes and their cursors. */
export interface OpenedFile {
  /** When it was opened. */
  readonly size: number;
  /** Another text when the file has changed; `undefined` when the disk cannot tell. */
  readonly trace: string | undefined;
  /** Fewer bytes at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** Every function throws or rejects with a `VfsError`. */
export interface VfsFiles extends ProgramFiles {
  /** Bytes of the file, or `undefined` when there is none; no size limit. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Opens a file to read parts of it; `undefined` when there is none. Close it. */
  open(path: string): Promise<OpenedFile | undefined>;
  /** Replaces a whole file; its folder must exist. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Creates a folder with its parents, drives and package folders included. */
  makeDirectories(path: string): Promise<void>;
  list(path: string): Promise<readonly VfsListing[]>;
  /** What is there, links followed, or `undefined`. */
  stat(path: string): Promise<{ readonly type: FileType; readonly size: number } | undefined>;
  /** Moves a file, folder or drive; a folder in the way must be empty. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with everything in it; nothing there is fine. */
  remove(path: string): Promise<void>;
  /** Names of all package folders. */
  packages(): Promise<readonly string[]>;
  /** Names of the drives of a package; none when the package has no folder. */
  drives(packageId: PackageId): Promise<readonly string[]>;
}

/** What these functions write is booked like everything else, and never refused: the person decides here. */
export function createHostFiles(ctx: FileContext, locks: FileLocks): VfsFiles {
  const { disk, handles, spaces } = ctx;
  const locked = async <T>(text: string, work: (path: string) => Awaitable<T>): Promise<T> => {
    const path = need(text).full;
    return await locks.run(path, () => work(path));
  };
  return {
    read: (path) => locked(path, (full) => absent(() => disk.read(full, Infinity))),
    open: (path) =>
      locked(path, async (full) => {
        const file = await absent(() => disk.open(full, { create: false }));
        return file && openedFile(file);
      }),
    async write(path, bytes) {
      const space = await spaces.of(need(path).packageId);
      await locked(path, (full) => {
        return andThen(disk.write(full, bytes, Infinity), (change) => {
          space.free(change.before - change.after);
          if (change.kind === "failed") throw change.error;
        });
      });
    },
    makeDirectories: (path) => locked(path, (full) => disk.makeDirectories(full)),
    list: (path) => locked(path, (full) => disk.list(full)),
    stat: (path) => locked(path, (full) => absent(() => disk.stat(full))),
    async rename(from, to) {
      const [source, target] = [need(from), need(to)];
      const moved = {
        from: await spaces.of(source.packageId),
        to: await spaces.of(target.packageId),
      };
      await lockBoth(locks, source.full, target.full, () => rename(ctx, moved, source, target));
    },
    async remove(path) {
      const space = await spaces.of(need(path).packageId);
      await locked(path, async (full) => {
        const stat = await absent(() => disk.stat(full));
        if (stat?.type === "Directory") space.free(await disk.removeTree(full));
        else await absent(() => removeFile(ctx, space, full));
        handles.forgetTree(full);
      });
    },
    async packages() {
      const entries = await disk.list("");
      return entries.filter(({ type }) => type === "Directory").map(({ name }) => name);
    },
    async drives(packageId) {
      const entries = await absent(() => disk.list(packageId));
      return (entries ?? []).map(({ name }) => name);
    },
  };
}

function openedFile(file: DiskFile): OpenedFile {
  return {
    ...file.opened,
    read: async (position, length) => await file.read(position, length),
    close: () => file.close(),
  };
}

function need(text: string): VfsPath {
  const path = parseVfsPath(text);
  if (path === undefined) throw new VfsError({ code: "vfs.malformed-request" });
  return path;
}

const NOTHING_THERE: readonly string[] = (["ENOENT", "ENOTDIR"] satisfies OsErrorCode[]).map(
  (code) => ioError(code).message,
);

/** Turns "there is no such file" into `undefined`. */
async function absent<T>(work: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VfsError && NOTHING_THERE.includes(error.message)) return undefined;
    throw error;
  }
}
