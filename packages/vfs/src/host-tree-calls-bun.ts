/**
 * What is done with folders and names of this machine; as `host-calls-bun.ts`.
 * @module
 */
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  type Dirent,
  type Stats,
} from "node:fs";
import type { DiskStat, FileType } from "./disk.ts";
import { ioError } from "./errors.ts";
import { type Buffers, statsOf, traceOf } from "./host-calls-bun.ts";
import { codeOf } from "./host-errors-bun.ts";
import {
  descriptorPath,
  followed,
  hostOf,
  lstatOrNothing,
  refuseLinks,
  withEntry,
  type Place,
} from "./host-place-bun.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

const NEW_DIRECTORY_MODE = 0o700;

function stat(_: Buffers, place: Place): DiskStat {
  const stats = statsOf(place);
  return { type: typeOf(stats), size: stats.size };
}

/** Entries as they travel: parsing very many objects takes long. */
export interface Listed {
  readonly names: readonly string[];
  /** The first letter of each one's type. */
  readonly types: string;
}

function list(_: Buffers, place: Place): Listed {
  const fd = openFolder(place);
  try {
    const entries = readdirSync(descriptorPath(fd) ?? hostOf(place), { withFileTypes: true });
    return {
      names: entries.map(({ name }) => name),
      types: entries.map((entry) => typeOf(entry)[0]).join(""),
    };
  } finally {
    closeSync(fd);
  }
}

/** A link in the place of a drive is the person's. */
function openFolder(place: Place): number {
  const flags = O_DIRECTORY | O_NONBLOCK;
  if (place.rest === "") return openSync(place.home, flags);
  return followed(place, (entry) => openSync(entry, flags | O_NOFOLLOW));
}

function makeDirectory(_: Buffers, place: Place): null {
  makeFolder(place);
  return null;
}

function makeDirectories(_: Buffers, { home, rest }: Place): null {
  mkdirSync(home, { recursive: true, mode: NEW_DIRECTORY_MODE });
  if (rest === "" || isFolder({ home, rest })) return null;
  const names = rest.split("/");
  for (let count = 1; count <= names.length; count++) {
    provideFolder({ home, rest: names.slice(0, count).join("/") }, count === names.length);
  }
  return null;
}

function provideFolder(place: Place, isLast: boolean): void {
  try {
    makeFolder(place);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    if (!isFolder(place)) throw isLast ? error : ioError("ENOTDIR", error);
  }
}

function makeFolder(place: Place): void {
  try {
    withEntry(place, (entry) => mkdirSync(entry, { mode: NEW_DIRECTORY_MODE }));
  } catch (error) {
    // Whether a link that leads out is in the way is told as everywhere.
    if (codeOf(error) === "EEXIST") refuseLinks(place, true);
    throw error;
  }
}

function isFolder(place: Place): boolean {
  try {
    return statsOf(place).isDirectory();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return false;
    throw error;
  }
}

/** The bytes that the file had. */
function removeFile(_: Buffers, place: Place): number {
  return withEntry(place, (entry) => {
    const bytes = entryBytes(entry);
    unlinkSync(entry);
    return bytes;
  });
}

function removeDirectory(_: Buffers, place: Place): null {
  withEntry(place, (entry) => rmdirSync(entry));
  return null;
}

/** The bytes of a file that was replaced. */
function rename(_: Buffers, from: Place, to: Place): number {
  return withEntry(from, (source) =>
    withEntry(to, (target) => {
      // NOTE: a drive may be a link, which is the person's choice and not a process's.
      if (to.rest === "" && lstatSync(source).isSymbolicLink()) throw ioError("EACCES");
      const bytes = entryBytes(target);
      renameSync(source, target);
      return bytes;
    }),
  );
}

/**
 * Moves a tree to where nobody can change it any more: what it has can be counted, and others see it whole or not at all.
 * Where it cannot be moved (a disk of its own), it stays in its place.
 * @param hidden - a host path where nothing is
 * @returns where it is now
 */
function hideTree(_: Buffers, place: Place, hidden: string): string {
  return withEntry(place, (entry) => {
    if (!lstatSync(entry).isDirectory()) throw ioError("ENOTDIR");
    try {
      renameSync(entry, hidden);
      return hidden;
    } catch (error) {
      if (["EXDEV", "EBUSY"].includes(codeOf(error))) return hostOf(place);
      throw error;
    }
  });
}

/** For so long one call counts or removes, in milliseconds; then it says what is left, so that nobody takes it for stuck. */
const SLICE_MS = 200;

/** What a count has found so far. */
export interface Counted {
  readonly bytes: number;
  /** Folders that are still to be counted. */
  readonly rest: readonly string[];
}

/**
 * Lengths of all files below folders, links not followed; what cannot be read or vanishes counts nothing.
 * @param folders - host paths
 */
function countBytes(_: Buffers, folders: readonly string[]): Counted {
  const endMs = performance.now() + SLICE_MS;
  const rest = [...folders];
  let bytes = 0;
  do {
    const at = rest.pop();
    if (at === undefined) break;
    for (const entry of entriesOf(at)) {
      const path = `${at}/${entry.name}`;
      if (entry.isDirectory()) rest.push(path);
      else if (entry.isFile()) bytes += orZero(() => entryBytes(path));
    }
  } while (performance.now() < endMs);
  return { bytes, rest };
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function orZero(count: () => number): number {
  try {
    return count();
  } catch {
    return 0;
  }
}

/** Removes a file, or a folder with what is in it, one entry after the other; whether that is done. @param host - its host path */
function removeSome(_: Buffers, host: string): boolean {
  const endMs = performance.now() + SLICE_MS;
  if (!lstatSync(host).isDirectory()) {
    unlinkSync(host);
    return true;
  }
  const fd = openSync(host, O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const folder = descriptorPath(fd) ?? host;
    for (const name of readdirSync(folder)) {
      rmSync(`${folder}/${name}`, { recursive: true, force: true });
      if (performance.now() >= endMs) return false;
    }
  } finally {
    closeSync(fd);
  }
  rmdirSync(host);
  return true;
}

/** The host path of a place that is looked at by other means: no link on the way leads out of the drive. */
function check(_: Buffers, place: Place, followLast: boolean): string {
  refuseLinks(place, followLast);
  return hostOf(place);
}

/** A folder to look at for changes. */
export interface LookedAt {
  /** A host path; of a file, the folder around it: editors put a new file in the place of the old one. */
  readonly host: string;
  readonly isFolder: boolean;
  /** At and below it, up to the number asked for; 1 when none was. */
  readonly folderCount: number;
}

/** @param most - folders to count */
function lookAt(_: Buffers, place: Place, most: number): LookedAt {
  refuseLinks(place, true);
  const host = hostOf(place);
  const isFolder = lstatOrNothing(host)?.isDirectory() === true;
  if (!isFolder) return { host: host.slice(0, host.lastIndexOf("/")), isFolder, folderCount: 1 };
  return { host, isFolder, folderCount: most <= 1 ? 1 : countFolders(host, most) };
}

function countFolders(root: string, most: number): number {
  let count = 0;
  const waiting = [root];
  for (let at = waiting.pop(); at !== undefined && count < most; at = waiting.pop()) {
    count++;
    for (const entry of entriesOf(at)) if (entry.isDirectory()) waiting.push(`${at}/${entry.name}`);
  }
  return count;
}

/** `null`: nothing is there that may be looked at. */
function trace(_: Buffers, place: Place): string | null {
  try {
    return withEntry(place, (entry) => traceOf(lstatSync(entry)));
  } catch {
    return null;
  }
}

/** Length of a file, links not followed; 0 for what is no file or not there. */
function entryBytes(entry: string): number {
  const stats = lstatSync(entry, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size : 0;
}

function typeOf(entry: Dirent | Stats): FileType {
  if (entry.isFile()) return "File";
  if (entry.isDirectory()) return "Directory";
  return entry.isSymbolicLink() ? "Symlink" : "Other";
}

/** The calls of this file by name. */
export const treeCalls = {
  stat,
  list,
  makeDirectory,
  makeDirectories,
  removeFile,
  removeDirectory,
  rename,
  hideTree,
  countBytes,
  removeSome,
  check,
  lookAt,
  trace,
};
