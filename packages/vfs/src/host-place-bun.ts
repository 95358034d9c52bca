/**
 * Places in a drive on this machine, reached so that no link leads out of it: not one that is there, nor one that somebody
 * puts there meanwhile.
 *
 * The folder of a place is opened first, without touching anything in it; where it really is, is asked of the system; then
 * the entry is used through the open folder, and never followed. Runs off the thread that carries messages: all calls wait.
 * @module
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { ioError } from "./errors.ts";
import { codeOf } from "./host-errors-bun.ts";

/** A host path in two parts. Can be sent to another thread. */
export interface Place {
  /** Host path of the drive; it may be a link itself: the person has put it there. */
  readonly home: string;
  /** Path below it, "" for the drive itself. */
  readonly rest: string;
}

/** `O_PATH` of Linux: a descriptor that names a folder and can do nothing else. */
const O_PATH = 0o10000000;
const OPEN_FOLDER = O_PATH | constants.O_DIRECTORY;

const DESCRIPTORS = "/proc/self/fd";

/** Whether the system says where an open folder is. Otherwise links are looked at before and after. */
const canAnchor = process.platform === "linux" && isAnchored();

/** A host path that leads to what is open; `undefined` where the system has none. */
export function descriptorPath(fd: number): string | undefined {
  return canAnchor ? `${DESCRIPTORS}/${fd}` : undefined;
}

export function hostOf({ home, rest }: Place): string {
  return rest === "" ? home : `${home}/${rest}`;
}

/**
 * Works with the entry itself; a link in the last place must not be followed by `work`.
 * @param work - gets a host path that is good until it returns
 * @throws {VfsError} EACCES: a link on the way leads out of the drive
 */
export function withEntry<T>(place: Place, work: (entry: string) => T): T {
  const slash = place.rest.lastIndexOf("/");
  // Where the drive is, is the person's choice.
  if (slash < 0) return work(hostOf(place));
  if (!canAnchor) {
    refuseLinks(place, false);
    return work(hostOf(place));
  }
  const folder = openFolder({ home: place.home, rest: place.rest.slice(0, slash) });
  try {
    return work(`${DESCRIPTORS}/${folder}/${place.rest.slice(slash + 1)}`);
  } finally {
    closeSync(folder);
  }
}

/**
 * Opens what a place leads to; a link in the last place is followed inside of the drive.
 * @throws {VfsError} EACCES: a link leads out of the drive, or to nothing: creating through it would escape as well
 */
export function openPlace(place: Place, flags: number, mode = 0): number {
  // NOTE: opening a pipe would wait for its other end.
  const all = flags | constants.O_NONBLOCK;
  // The drive itself may be a link.
  if (place.rest === "") return openSync(place.home, all);
  const fd = followed(place, (entry) => openSync(entry, all | constants.O_NOFOLLOW, mode));
  if (!canAnchor) refuseMoved(fd, place);
  return fd;
}

/**
 * Works with what a place leads to.
 * @param work - throws ELOOP for a link, without following it
 */
export function followed<T>(place: Place, work: (entry: string) => T): T {
  try {
    return withEntry(place, work);
  } catch (error) {
    const code = codeOf(error);
    // NOTE: systems say ENOTDIR for a link where a folder was to be opened.
    if (code !== "ELOOP" && code !== "ENOTDIR") throw error;
    const target = withEntry(place, (entry) => targetOf(entry, place));
    if (target === undefined) throw error;
    return withEntry(target, work);
  }
}

/** Where a link leads to, in the same drive; `undefined` when the entry is no link. */
function targetOf(entry: string, { home }: Place): Place | undefined {
  if (lstatOrNothing(entry)?.isSymbolicLink() !== true) return undefined;
  const { target, home: realHome } = insideOf(entry, home);
  return { home: realHome, rest: target.slice(realHome.length + 1) };
}

/** @throws {VfsError} EACCES: outside, or nothing there */
function insideOf(link: string, drive: string): { target: string; home: string } {
  let target: string;
  try {
    target = realpathSync(link);
  } catch (error) {
    throw ioError(codeOf(error) === "ELOOP" ? "ELOOP" : "EACCES", error);
  }
  const home = realpathSync(drive);
  if (!isInside(target, home)) throw ioError("EACCES");
  return { target, home };
}

/** A folder of a drive, for nothing but to reach what is in it. */
function openFolder(place: Place): number {
  const host = hostOf(place);
  let fd: number;
  try {
    fd = openSync(host, OPEN_FOLDER);
  } catch (error) {
    // What a foreign folder has, or has not, is not told.
    refuseLinks(place, true);
    throw error;
  }
  try {
    const where = readlinkSync(`${DESCRIPTORS}/${fd}`);
    if (where !== host && !isInside(where, realpathSync(place.home))) throw ioError("EACCES");
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Looks at every place on the way.
 * @throws {VfsError} EACCES: a link leads out of the drive, or to nothing
 */
export function refuseLinks({ home, rest }: Place, alsoLast: boolean): void {
  if (rest === "") return;
  const names = rest.split("/");
  if (!alsoLast) names.pop();
  let at = home;
  for (const name of names) {
    at = `${at}/${name}`;
    const stats = lstatOrNothing(at);
    // NOTE: below something missing there is nothing to follow; the operation itself reports it.
    if (stats === undefined) return;
    if (stats.isSymbolicLink()) insideOf(at, home);
  }
}

/** Where the system does not say where a file is: that it is the one that the path names, still without links outside. */
function refuseMoved(fd: number, place: Place): void {
  try {
    refuseLinks(place, true);
    const [opened, named] = [fstatSync(fd), statSync(hostOf(place))];
    if (opened.ino !== named.ino || opened.dev !== named.dev) throw ioError("EACCES");
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function lstatOrNothing(host: string) {
  try {
    return lstatSync(host);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

function isInside(path: string, home: string): boolean {
  return path === home || path.startsWith(`${home}/`);
}

function isAnchored(): boolean {
  try {
    const fd = openSync("/", OPEN_FOLDER);
    try {
      return readlinkSync(`${DESCRIPTORS}/${fd}`) === "/";
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
