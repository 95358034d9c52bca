/**
 * What is done with files of this machine, each a sequence of waiting calls for a thread of its own: one trip there and back
 * for one action of a process. Arguments and values can be written as JSON; bytes go through `Buffers`.
 * @module
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  readSync,
  statSync,
  writeSync,
  type Stats,
} from "node:fs";
import { ioError, ioErrorText } from "./errors.ts";
import { codeOf, toVfsError } from "./host-errors-bun.ts";
import { followed, lstatOrNothing, openPlace, withEntry, type Place } from "./host-place-bun.ts";
import { NOT_A_FILE } from "./memory-disk.ts";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT } = constants;

const NEW_FILE_MODE = 0o600;

/** Bytes of a copy read at a time. */
const COPY_PIECE_BYTES = 256 * 1024;

/** Bytes that come with a call or go with its value. */
export interface Buffers {
  /** Of the caller. */
  readonly input: Uint8Array;
  /** For the caller, filled from the start. */
  readonly output: Uint8Array;
}

/** `Change` as it travels: `error` as its text; `fd`: the bytes did not fit into `Buffers` and are still to be written. */
export interface Changed {
  readonly before: number;
  readonly after: number;
  readonly hasRoom: boolean;
  readonly error?: string;
  readonly fd?: number;
}

/** A file that was opened for the caller, who closes it. */
export interface Opened {
  readonly fd: number;
  /** Bytes it had before. */
  readonly before: number;
  /** `traceOf` it then. */
  readonly trace: string;
}

/** Bytes in `Buffers.output`; or `fd`: they do not fit there and are still to be read. */
export interface ReadResult {
  readonly count: number;
  readonly fd?: number;
}

/** Two files that were opened for the caller, who closes them; without room, none. */
export interface CopyStarted {
  readonly source: number;
  readonly target: number;
  readonly changed: Changed;
}

function open(_: Buffers, place: Place, create: boolean, empty: boolean): Opened {
  const fd = openPlace(place, O_RDWR | (create ? O_CREAT : 0), NEW_FILE_MODE);
  return closedOnError(fd, () => {
    const stats = fileStats(fd);
    if (empty && stats.size > 0) ftruncateSync(fd, 0);
    return { fd, before: stats.size, trace: traceOf(stats) };
  });
}

/** Closes files that come with it. */
function nothing(_: Buffers): null {
  return null;
}

function sync(_: Buffers, fd: number): null {
  fsyncSync(fd);
  return null;
}

function size(_: Buffers, fd: number): number {
  return fstatSync(fd).size;
}

function read(
  { output }: Buffers,
  fd: number,
  position: number,
  length: number,
  maxBytes: number | null,
  isExact: boolean,
): ReadResult {
  const rest = Math.max(0, fstatSync(fd).size - position);
  if (isExact && length > rest) throw ioErrorText("early eof");
  const count = Math.min(length, rest);
  if (count > (maxBytes ?? Infinity)) throw ioError("EFBIG");
  if (count > output.length) return { count, fd };
  return { count: readAll(fd, output.subarray(0, count), position) };
}

function readWhole({ output }: Buffers, place: Place, maxBytes: number | null): ReadResult {
  const fd = openPlace(place, O_RDONLY);
  return closedOnError(fd, () => {
    const { size: count } = fileStats(fd);
    if (count > (maxBytes ?? Infinity)) throw ioError("EFBIG");
    if (count > output.length) return { count, fd };
    const read = readAll(fd, output.subarray(0, count), 0);
    closeSync(fd);
    return { count: read };
  });
}

/** @param position - `null`: the end of the file */
function write(
  { input }: Buffers,
  fd: number,
  position: number | null,
  length: number,
  room: number | null,
  maxBytes: number | null,
): Changed {
  const before = fstatSync(fd).size;
  const start = position ?? before;
  const end = start + length;
  if (end > (maxBytes ?? Infinity)) throw ioError("EFBIG");
  const after = length === 0 ? before : Math.max(before, end);
  if (after - before > (room ?? Infinity)) return { before, after, hasRoom: false };
  if (length > input.length) return { before, after, hasRoom: true, fd };
  return changed(fd, before, after, () => writeAll(fd, input, start));
}

/** Writes all of `input`, which has its room already. */
function writePart({ input }: Buffers, fd: number, position: number): null {
  writeAll(fd, input, position);
  return null;
}

function resize(_: Buffers, fd: number, after: number, room: number | null): Changed {
  const before = fstatSync(fd).size;
  if (after - before > (room ?? Infinity)) return { before, after, hasRoom: false };
  return changed(fd, before, after, () => ftruncateSync(fd, after));
}

/**
 * Replaces a file in place.
 *
 * NOTE: no truncation before writing. Some file systems write an emptied file to the disk when it is closed, which takes a
 * hundred times as long.
 * @param openFd - an open file of this place: used when it still is what is there
 */
function writeWhole(
  { input }: Buffers,
  place: Place,
  length: number,
  room: number | null,
  openFd: number | null,
): Changed {
  const isOpen = openFd !== null && isAt(place, openFd);
  const fd = isOpen ? openFd : openToWrite(place, length <= (room ?? Infinity));
  if (fd === undefined) return { before: 0, after: length, hasRoom: false };
  return closedOnError(isOpen ? undefined : fd, () => {
    const before = fileStats(fd).size;
    const hasRoom = length - before <= (room ?? Infinity);
    if (hasRoom && length > input.length) return { before, after: length, hasRoom, fd };
    const result = hasRoom
      ? changed(fd, before, length, () => replace(fd, before, input))
      : { before, after: length, hasRoom };
    if (!isOpen) closeSync(fd);
    return result;
  });
}

/** `undefined`: nothing is there, and nothing may be made. */
function openToWrite(place: Place, mayCreate: boolean): number | undefined {
  try {
    return openPlace(place, O_WRONLY | (mayCreate ? O_CREAT : 0), NEW_FILE_MODE);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" && !mayCreate && withEntry(place, lstatOrNothing) === undefined) {
      return undefined;
    }
    // A pipe that nobody reads.
    throw code === "ENXIO" ? ioError("EINVAL") : error;
  }
}

function isAt(place: Place, fd: number): boolean {
  const named = orNothing(() => statsOf(place));
  const opened = fstatSync(fd);
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev;
}

/** Whether the two are one file under two names is looked at before anything is emptied. */
function startCopy(_: Buffers, from: Place, to: Place, room: number | null): CopyStarted {
  const source = openPlace(from, O_RDONLY);
  return closedOnError(source, () => {
    const { ino, dev, size: after } = copiedStats(source);
    const target = openToWrite(to, after <= (room ?? Infinity));
    if (target === undefined) {
      closeSync(source);
      return { source, target: source, changed: { before: 0, after, hasRoom: false } };
    }
    return closedOnError(target, () => {
      const there = fileStats(target);
      if (there.ino === ino && there.dev === dev) throw ioError("EINVAL");
      const before = there.size;
      const hasRoom = after - before <= (room ?? Infinity);
      if (hasRoom) ftruncateSync(target, 0);
      else {
        closeSync(source);
        closeSync(target);
      }
      return { source, target, changed: { before, after, hasRoom } };
    });
  });
}

/** Copies up to `length` bytes at `position`; stretches of zeros become holes. The end is for `resize`. */
function copyPart(
  _: Buffers,
  source: number,
  target: number,
  position: number,
  length: number,
): null {
  const piece = new Uint8Array(Math.min(length, COPY_PIECE_BYTES));
  for (let done = 0; done < length; done += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, length - done));
    const count = readAll(source, part, position + done);
    const bytes = part.subarray(0, count);
    if (!isZeros(bytes)) writeAll(target, bytes, position + done);
    if (count < part.length) break;
  }
  return null;
}

function isZeros(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0;
}

const ZEROS = new Uint8Array(COPY_PIECE_BYTES);

/** Another text when what is there has changed. */
export function traceOf(stats: Stats): string {
  return stats.isDirectory() ? "directory" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

/** Links followed; throws as the system does when nothing is there. */
export function statsOf(place: Place): Stats {
  if (place.rest === "") return statSync(place.home);
  return followed(place, (entry) => {
    const stats = lstatSync(entry);
    if (stats.isSymbolicLink()) throw Object.assign(new Error("A link"), { code: "ELOOP" });
    return stats;
  });
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Length of a file; 0 for what is no file or not there. */
function fileBytes(_: Buffers, place: Place, followLast: boolean): number {
  const stats = orNothing(() => (followLast ? statsOf(place) : withEntry(place, lstatOrNothing)));
  return stats?.isFile() === true ? stats.size : 0;
}

/** @throws {VfsError} it is none: reading a pipe, for one, could wait for ever */
function fileStats(fd: number): Stats {
  const stats = fstatSync(fd);
  if (stats.isFile()) return stats;
  throw ioError(stats.isDirectory() ? "EISDIR" : "EINVAL");
}

function copiedStats(fd: number): Stats {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw ioErrorText(NOT_A_FILE);
  return stats;
}

function changed(fd: number, before: number, after: number, work: () => void): Changed {
  try {
    work();
    return { before, after, hasRoom: true };
  } catch (error) {
    const { message } = toVfsError(error);
    return { before, after: fstatSync(fd).size, hasRoom: true, error: message };
  }
}

function replace(fd: number, before: number, bytes: Uint8Array): void {
  writeAll(fd, bytes, 0);
  if (before > bytes.length) ftruncateSync(fd, bytes.length);
}

/** Fewer bytes at the end of the file. */
function readAll(fd: number, bytes: Uint8Array, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function closedOnError<T>(fd: number | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error;
  }
}

/** The calls of this file by name. */
export const fileCalls = {
  nothing,
  open,
  sync,
  size,
  read,
  readWhole,
  write,
  writePart,
  writeWhole,
  resize,
  startCopy,
  copyPart,
  fileBytes,
};
