/**
 * Client of `vfs:distro:sys`. Every function rejects with a `VfsError`.
 * Source: spec/packages-and-tools.md §25.4, spec/runtime-modules.md §2.
 * @module
 */
import type { PackageId } from "./address.ts";
import { our } from "./send.ts";
import { File } from "./vfs-file.ts";
import type { DirEntry, FileMetadata, VfsOptions } from "./vfs-wire.ts";
import {
  isDirEntries,
  isFileMetadata,
  isUsage,
  payload,
  VfsError,
  vfsRequest,
} from "./vfs-wire.ts";

export { File } from "./vfs-file.ts";
export type {
  DirEntry,
  FileMetadata,
  FileType,
  SeekFrom,
  VfsAction,
  VfsAnswer,
  VfsErrorCode,
  VfsOptions,
} from "./vfs-wire.ts";
export { parseResponse, VfsError, vfsRequest } from "./vfs-wire.ts";
export { readVfsEvent, watch } from "./vfs-watch.ts";
export type { VfsEvent, VfsEventMessage, WatchOptions, Watching } from "./vfs-watch.ts";

/** An existing directory. */
export class Directory {
  readonly path: string;
  readonly #options: VfsOptions;

  constructor(path: string, options: VfsOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  /** Its direct children, in no order. */
  async entries(): Promise<DirEntry[]> {
    return payload(
      this.path,
      await vfsRequest(this.path, "ReadDir", this.#options),
      "ReadDir",
      isDirEntries,
    );
  }
}

/** Makes the drive `/<package>/<name>` and returns its path; we get the right to read and write it. */
export async function createDrive(
  name: string,
  options: VfsOptions & { readonly package?: PackageId | string } = {},
): Promise<string> {
  const owner = options.package ?? our().packageId();
  const path = `/${owner.toString()}/${name}`;
  await vfsRequest(path, "CreateDrive", options);
  return path;
}

/** Unpacks a zip archive into a folder, which is made where it is missing. */
export async function addZip(
  path: string,
  zip: Uint8Array,
  options: VfsOptions = {},
): Promise<void> {
  await vfsRequest(path, "AddZip", { ...options, blob: { bytes: zip } });
}

/** What a package has on the disk: its files and its databases. */
export interface Usage {
  readonly usedBytes: number;
  /** Undefined without a limit. A write beyond it fails with `IOError`. */
  readonly limitBytes: number | undefined;
}

/** The usage of our own package; of another one only with the root capability of the VFS. */
export async function usage(
  options: VfsOptions & { readonly package?: PackageId | string } = {},
): Promise<Usage> {
  const path = `/${(options.package ?? our().packageId()).toString()}`;
  const shown = payload(path, await vfsRequest(path, "Usage", options), "Usage", isUsage);
  const { used_bytes: used, limit_bytes: limit } = shown;
  return { usedBytes: Number(used), limitBytes: limit === null ? undefined : Number(limit) };
}

/** Opens a file with its cursor at the start. */
export async function open(
  path: string,
  options: VfsOptions & { readonly create?: boolean } = {},
): Promise<File> {
  await vfsRequest(path, { OpenFile: { create: options.create ?? false } }, options);
  return new File(path, options);
}

/** Makes a file, or empties it. */
export async function createFile(path: string, options: VfsOptions = {}): Promise<File> {
  await vfsRequest(path, "CreateFile", options);
  return new File(path, options);
}

/** A file by its path, without opening it: enough for `bytes`, `text`, `write`, `metadata`. */
export function file(path: string, options: VfsOptions = {}): File {
  return new File(path, options);
}

/** Deletes a file. Rejects with a `VfsError`, also when it is missing or a folder. */
export async function removeFile(path: string, options: VfsOptions = {}): Promise<void> {
  await vfsRequest(path, "RemoveFile", options);
}

/** Moves a file or folder, within what may be written. Rejects with a `VfsError`. */
export async function rename(
  path: string,
  newPath: string,
  options: VfsOptions = {},
): Promise<void> {
  await vfsRequest(path, { Rename: { new_path: newPath } }, options);
}

/** Opens a directory, which must exist unless `create`, then it is made with its parents. */
export async function openDir(
  path: string,
  options: VfsOptions & { readonly create?: boolean } = {},
): Promise<Directory> {
  if (options.create === true) {
    await vfsRequest(path, "CreateDirAll", options);
  } else if ((await metadata(path, options)).file_type !== "Directory") {
    throw new VfsError("IOError", path, "Not a directory (os error 20)");
  }
  return new Directory(path, options);
}

/** Removes an empty directory. */
export async function removeDir(path: string, options: VfsOptions = {}): Promise<void> {
  await vfsRequest(path, "RemoveDir", options);
}

/** Removes a file, or a directory with everything in it. */
export async function removePath(path: string, options: VfsOptions = {}): Promise<void> {
  const { file_type: type } = await metadata(path, options);
  await vfsRequest(path, type === "Directory" ? "RemoveDirAll" : "RemoveFile", options);
}

/** Kind and length in bytes of what is at a path. Rejects with a `VfsError`, also when nothing is there. */
export async function metadata(path: string, options: VfsOptions = {}): Promise<FileMetadata> {
  return payload(path, await vfsRequest(path, "Metadata", options), "Metadata", isFileMetadata);
}
