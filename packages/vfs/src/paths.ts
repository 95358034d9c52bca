/**
 * Paths of the VFS: what a text names, without looking at a disk.
 * Source: spec/runtime-modules.md §2.1.
 * @module
 */
import type { PackageId } from "@kinode-ts/types";

export interface VfsPath {
  /** Owner of the drive: the first segment. */
  readonly packageId: PackageId;
  /** `/<package>:<publisher>/<drive>`: the exact text that capability params use. */
  readonly drive: string;
  /** The whole path, normalised, without a leading slash: `p:x.os/data/a/b.txt`. */
  readonly full: string;
  /** Whether the path is the drive itself. */
  readonly isDrive: boolean;
}

const LEADING = /^\/*\\*/;

/** Whether no segment needs work: nothing empty, no dots-only segment, no NUL. */
const PLAIN = /^(?!\.{1,2}(?:\/|$))[^/\0]+(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/;

/** The expression takes long for many segments; a disk takes no longer path anyway. */
const MAX_PLAIN_CHARACTERS = 4_096;

/** Longer texts are no paths: even to look at them would hold up others. */
const MAX_TEXT_CHARACTERS = 65_536;

/**
 * Reads a path of a request.
 * @returns `undefined` when the text breaks a rule: it climbs above the root at any moment, names no drive, does
 * not start with a package id, has more than 65,536 characters, or contains NUL or half a surrogate pair
 */
export function parseVfsPath(text: string): VfsPath | undefined {
  if (text.length > MAX_TEXT_CHARACTERS) return undefined;
  const start = LEADING.exec(text)?.[0].length ?? 0;
  const relative = start === 0 ? text : text.slice(start);
  const isShort = relative.length <= MAX_PLAIN_CHARACTERS;
  const full = isShort && PLAIN.test(relative) ? relative : normalise(relative);
  if (full === undefined || !full.isWellFormed()) return undefined;
  const first = full.indexOf("/");
  if (first === -1) return undefined;
  const packageId = full.slice(0, first);
  if (!isPackageId(packageId)) return undefined;
  const second = full.indexOf("/", first + 1);
  const drive = second === -1 ? full : full.slice(0, second);
  return { packageId, drive: `/${drive}`, full, isDrive: second === -1 };
}

/** `p:x.os` when the text names a package folder and no more, as `ReadDir` of root holders may (§2.5). */
export function parsePackageFolder(text: string): PackageId | undefined {
  if (text.length > MAX_TEXT_CHARACTERS) return undefined;
  const full = normalise(text.replace(LEADING, ""));
  return full !== undefined && !full.includes("/") && isPackageId(full) ? full : undefined;
}

function normalise(relative: string): string | undefined {
  if (relative.includes("\0")) return undefined;
  const segments: string[] = [];
  for (const segment of relative.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join("/");
}

/** Structure only, as the reference: exactly one `:` between two non-empty parts. */
function isPackageId(text: string): text is PackageId {
  const colon = text.indexOf(":");
  return colon > 0 && colon < text.length - 1 && !text.includes(":", colon + 1);
}
