/**
 * A folder of this machine as the source of a snapshot.
 * @module
 */
import type { BigIntStats } from "node:fs";
import { lstat, open, readdir, readFile, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hostCode } from "./host-errors-bun.ts";
import type { SnapshotSource, SourceEntry } from "./source.ts";
import type { EntryDetails } from "./tree.ts";

const PIECE_BYTES = 1 << 20;
const LOOKS_AT_ONCE = 64;
/** Files of at most this size are read in one call. */
const SMALL_BYTES = 262_144;

export interface FolderSourceOptions {
  readonly path: string;
  /** What the snapshot is called; snapshots of the same name belong together. Default: the absolute path. */
  readonly label?: string;
  /** Leaves out what it says `true` to. @param path - from the folder, parts separated by "/" */
  readonly exclude?: (path: string) => boolean;
}

/** Links are kept as links. Devices, pipes and sockets, and names that are no UTF-8, are reported and left out. */
export function createFolderSource({
  path,
  label,
  exclude = () => false,
}: FolderSourceOptions): SnapshotSource {
  const root = resolve(path);
  return {
    paths: [label ?? root],
    entries: () => readFolder(root, "", exclude),
  };
}

async function* readFolder(
  folder: string,
  inside: string,
  exclude: (path: string) => boolean,
): AsyncGenerator<SourceEntry> {
  const names = await readdir(folder, { encoding: "buffer" });
  for (let at = 0; at < names.length; at += LOOKS_AT_ONCE) {
    const some = names.slice(at, at + LOOKS_AT_ONCE);
    const entries = await Promise.all(
      some.map(async (raw): Promise<SourceEntry | undefined> => {
        const name = decodeName(raw);
        if (name === undefined) {
          return { kind: "problem", name: raw.toString("latin1"), why: "its name is no UTF-8" };
        }
        const path = inside === "" ? name : `${inside}/${name}`;
        return exclude(path) ? undefined : readEntry(join(folder, name), name, path, exclude);
      }),
    );
    for (const entry of entries) if (entry !== undefined) yield entry;
  }
}

function decodeName(raw: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return undefined;
  }
}

/** `undefined`: gone since it was listed, as if it had not been there. */
async function readEntry(
  path: string,
  name: string,
  inside: string,
  exclude: (path: string) => boolean,
): Promise<SourceEntry | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    const details = { name, ...detailsOf(stats) };
    if (stats.isFile()) {
      const sizeBytes = Number(stats.size);
      return { kind: "file", sizeBytes, ...details, read: () => readPieces(path, sizeBytes) };
    }
    if (stats.isDirectory()) {
      return { kind: "folder", ...details, entries: () => readFolder(path, inside, exclude) };
    }
    if (stats.isSymbolicLink()) return { kind: "link", ...details, target: await readlink(path) };
    return { kind: "problem", name, why: "it is a device, a pipe or a socket" };
  } catch (error) {
    if (hostCode(error) === "ENOENT") return undefined;
    return { kind: "problem", name, why: hostCode(error) || "it cannot be looked at" };
  }
}

function detailsOf(stats: BigIntStats): EntryDetails {
  return {
    permissions: Number(stats.mode & 0o777n),
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    inode: stats.ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(stats.ino) : 0,
  };
}

/** @param sizeBytes - what is expected: small files get a small buffer */
async function* readPieces(path: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  if (sizeBytes <= SMALL_BYTES) {
    yield await readFile(path);
    return;
  }
  await using file = await open(path, "r");
  let expected = sizeBytes;
  for (;;) {
    // One byte more than expected tells whether there is more.
    const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(expected, 0) + 1));
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return;
    expected -= bytesRead;
    yield bytesRead === piece.length ? piece : piece.slice(0, bytesRead);
    if (expected <= 0 && bytesRead < piece.length) return;
  }
}
