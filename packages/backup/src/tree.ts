/**
 * Trees: the entries of one folder, as JSON that is the same byte for byte when restic writes it again.
 * Source: restic's design document, "Trees and Data".
 * @module
 */
import { concatBytes } from "./bytes.ts";
import { assertSound } from "./errors.ts";
import { compareNames, quoteName, unquoteName } from "./file-name.ts";
import { asCount, asList, asRecord, jsonText, type JsonRecord, parseJson } from "./json.ts";
import { assertObjectId, type ObjectId } from "./object-id.ts";
import { formatTime, parseTime } from "./times.ts";

/** What all entries have. */
export interface EntryDetails {
  /** Permission bits, 0 to 0o777. */
  readonly permissions: number;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  /** When content or details last changed, as far as the source knows. */
  readonly changedNs: bigint;
  readonly uid: number;
  readonly gid: number;
  /** 0: not known. */
  readonly inode: number;
}

export interface FileEntry extends EntryDetails {
  readonly kind: "file";
  readonly name: string;
  readonly sizeBytes: number;
  /** The blobs whose contents, one behind the other, are the file. */
  readonly content: readonly ObjectId[];
}

export interface FolderEntry extends EntryDetails {
  readonly kind: "folder";
  readonly name: string;
  readonly tree: ObjectId;
}

export interface LinkEntry extends EntryDetails {
  readonly kind: "link";
  readonly name: string;
  readonly target: string;
}

/** What this package does not write and does not restore: devices, pipes, sockets, names that are no UTF-8. */
export interface OtherEntry extends EntryDetails {
  readonly kind: "other";
  readonly name: string;
  /** As the repository calls it, or why it is here. */
  readonly what: string;
}

/** What this package writes. */
export type StoredEntry = FileEntry | FolderEntry | LinkEntry;

export type TreeEntry = FileEntry | FolderEntry | LinkEntry | OtherEntry;

/** Bits of Go's file mode. */
const MODE_FOLDER = 2 ** 31;
const MODE_LINK = 2 ** 27;
const PERMISSIONS = 0o777;
const PART_COUNT = 1_000;

const NO_TIME = "0001-01-01T00:00:00Z";

/** The bytes of a tree. @param entries - names are unique */
export function encodeTree(entries: readonly StoredEntry[]): Uint8Array {
  return concatBytes([...encodeTreeParts(entries)]);
}

/** As `encodeTree`, a thousand entries at a time, so that a large folder need not hold the thread. */
export function* encodeTreeParts(entries: readonly StoredEntry[]): Generator<Uint8Array> {
  const sorted = entries.toSorted((a, b) => compareNames(a.name, b.name));
  const encoder = new TextEncoder();
  yield encoder.encode('{"nodes":[');
  for (let at = 0; at < sorted.length; at += PART_COUNT) {
    const nodes = sorted.slice(at, at + PART_COUNT).map(encodeEntry);
    yield encoder.encode((at === 0 ? "" : ",") + jsonText(nodes).slice(1, -1));
  }
  yield encoder.encode("]}\n");
}

/** The order of the fields is part of the form. */
function encodeEntry(entry: StoredEntry): JsonRecord {
  const mtime = formatTime(entry.modifiedNs);
  const head = (type: string, mode: number): JsonRecord => ({
    name: quoteName(entry.name),
    type,
    ...(mode === 0 ? {} : { mode }),
    mtime,
    atime: mtime,
    ctime: formatTime(entry.changedNs),
    uid: entry.uid,
    gid: entry.gid,
    ...(entry.inode === 0 ? {} : { inode: entry.inode }),
  });
  switch (entry.kind) {
    case "file": {
      const size = entry.sizeBytes === 0 ? {} : { size: entry.sizeBytes };
      return { ...head("file", entry.permissions), ...size, links: 1, content: entry.content };
    }
    case "folder":
      return {
        ...head("dir", MODE_FOLDER + entry.permissions),
        content: null,
        subtree: entry.tree,
      };
    case "link": {
      const target = entry.target.toWellFormed();
      const linktarget = target === "" ? {} : { linktarget: target };
      const mode = MODE_LINK + entry.permissions;
      return { ...head("symlink", mode), links: 1, ...linktarget, content: null };
    }
  }
}

/**
 * Reads a tree without trusting it: names are unique and in order, but not yet safe (`whyUnsafe`).
 * @throws {BackupError} `backup.damaged`
 */
export function decodeTree(bytes: Uint8Array, id: ObjectId): TreeEntry[] {
  const what = `tree ${id.slice(0, 8)}`;
  const nodes = asList(asRecord(parseJson(bytes, what), what)["nodes"], what);
  const entries = nodes.map((node) => decodeEntry(asRecord(node, what), what));
  // NOTE: the order is that of the bytes; a name that is no UTF-8 has lost its own.
  const names = entries.filter((entry) => entry.kind !== "other").map(({ name }) => name);
  const isOrdered = names.every((name, i) => i === 0 || compareNames(names[i - 1]!, name) < 0);
  assertSound(isOrdered, what, "its names are not in order, or one is there twice");
  return entries;
}

function decodeEntry(node: JsonRecord, what: string): TreeEntry {
  const { name: quoted, type } = node;
  assertSound(typeof quoted === "string" && typeof type === "string", what, "an entry has no name");
  const unquoted = unquoteName(quoted);
  const name = unquoted ?? quoted;
  const details = decodeDetails(node, what);
  if (unquoted === undefined) {
    return { kind: "other", name, what: "an entry whose name is no UTF-8", ...details };
  }
  switch (type) {
    case "file": {
      const ids = asList(node["content"], what);
      const content = ids.map((id) => assertObjectId(id, what));
      const sizeBytes = asCount(node["size"] ?? 0, what);
      return { kind: "file", name, sizeBytes, content, ...details };
    }
    case "dir":
      return { kind: "folder", name, tree: assertObjectId(node["subtree"], what), ...details };
    case "symlink": {
      const target = node["linktarget"] ?? "";
      assertSound(typeof target === "string", what, "a link has no target");
      return { kind: "link", name, target, ...details };
    }
    default:
      return { kind: "other", name, what: type.slice(0, 64), ...details };
  }
}

function decodeDetails(node: JsonRecord, what: string): EntryDetails {
  const modifiedNs = parseTime(node["mtime"] ?? NO_TIME, what);
  return {
    permissions: asCount(node["mode"] ?? 0, what) & PERMISSIONS,
    modifiedNs,
    changedNs: node["ctime"] === undefined ? modifiedNs : parseTime(node["ctime"], what),
    uid: asCount(node["uid"] ?? 0, what),
    gid: asCount(node["gid"] ?? 0, what),
    // NOTE: above 2^53 a number is not exact here; then it is not known.
    inode: Number.isSafeInteger(node["inode"]) ? Number(node["inode"]) : 0,
  };
}
