/**
 * `AddZip`: unpacks an archive below a path.
 * Source: spec/runtime-modules.md §2.6.
 * @module
 */
import type { DiskFolder } from "./disk.ts";
import { VfsError } from "./errors.ts";
import { writeFile } from "./file-actions.ts";
import type { ZipLimits } from "./limits.ts";
import type { VfsPath } from "./paths.ts";
import type { Space } from "./space.ts";
import { OK_REPLY, type VfsReply } from "./replies.ts";
import { ZipError, type OpenZip, type ZipEntry } from "./zip.ts";

export interface AddZipContext {
  readonly disk: DiskFolder;
  readonly openZip: OpenZip;
  readonly limits: ZipLimits;
}

/**
 * Walks the entries in archive order; the first failure ends it and leaves the earlier ones in place.
 * Parents of files are created even when the archive has no entries for them.
 */
export async function addZip(
  ctx: AddZipContext,
  space: Space,
  target: VfsPath,
  bytes: Uint8Array,
): Promise<VfsReply> {
  try {
    let empty = true;
    for await (const entry of ctx.openZip(bytes, ctx.limits)) {
      if (empty) await ctx.disk.makeDirectories(target.full);
      empty = false;
      await unpack(ctx, space, target, entry);
    }
    if (empty) await ctx.disk.makeDirectories(target.full);
  } catch (error) {
    throw error instanceof ZipError ? toVfsError(error, target) : error;
  }
  return OK_REPLY;
}

async function unpack(
  ctx: AddZipContext,
  space: Space,
  target: VfsPath,
  entry: ZipEntry,
): Promise<void> {
  const path = `${target.full}/${entry.path}`;
  if (entry.kind === "directory") {
    await ctx.disk.makeDirectories(path);
    return;
  }
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (parent !== target.full) await ctx.disk.makeDirectories(parent);
  await writeFile(ctx.disk, space, path, entry.bytes);
}

function toVfsError(error: ZipError, target: VfsPath): VfsError {
  return error.fault.code === "zip.not-a-zip"
    ? new VfsError({ code: "vfs.parse", text: "invalid Zip archive", path: `/${target.full}` })
    : new VfsError({ code: "vfs.unzip" }, { cause: error });
}
