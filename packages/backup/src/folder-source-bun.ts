/**
 * A folder of this machine as the source of a snapshot.
 * @module
 */
import type { BigIntStats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hostCode } from "./host-errors-bun.ts";
import type { SnapshotSource, SourceEntry } from "./source.ts";
import type { EntryDetails } from "./tree.ts";

const PIECE_BYTES = 1 << 20;

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
  for (const raw of await readdir(folder, { encoding: "buffer" })) {
    const name = decodeName(raw);
    if (name === undefined) {
      const shown = raw.toString("latin1");
      yield { kind: "problem", name: shown, why: "its name is no UTF-8" };
      continue;
    }
    const path = inside === "" ? name : `${inside}/${name}`;
    if (!exclude(path)) yield* readEntry(join(folder, name), name, path, exclude);
  }
}

function decodeName(raw: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return undefined;
  }
}

async function* readEntry(
  path: string,
  name: string,
  inside: string,
  exclude: (path: string) => boolean,
): AsyncGenerator<SourceEntry> {
  try {
    const stats = await lstat(path, { bigint: true });
    const details = { name, ...detailsOf(stats) };
    if (stats.isFile()) {
      const sizeBytes = Number(stats.size);
      yield { kind: "file", sizeBytes, ...details, read: () => readPieces(path, sizeBytes) };
    } else if (stats.isDirectory()) {
      yield { kind: "folder", ...details, entries: () => readFolder(path, inside, exclude) };
    } else if (stats.isSymbolicLink()) {
      yield { kind: "link", ...details, target: await readlink(path) };
    } else {
      yield { kind: "problem", name, why: "it is a device, a pipe or a socket" };
    }
  } catch (error) {
    // Gone since it was listed: as if it had not been there.
    if (hostCode(error) === "ENOENT") return;
    yield { kind: "problem", name, why: hostCode(error) || "it cannot be looked at" };
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
