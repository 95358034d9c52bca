/**
 * Actions on directories and between paths.
 * Source: spec/runtime-modules.md §2.2 and §2.5.
 * @module
 */
import { andThen, type Awaitable } from "@kinode-ts/types";
import type { DiskEntry, DiskFolder } from "./disk.ts";
import { ioError } from "./errors.ts";
import type { HandleCache } from "./handle-cache.ts";
import type { VfsPath } from "./paths.ts";
import type { Space } from "./space.ts";
import { OK_REPLY, replyJson, type VfsReply } from "./replies.ts";

/** What tree actions work with. */
export interface TreeContext {
  readonly disk: DiskFolder;
  readonly handles: HandleCache;
}

/** Entries that are made into JSON at once. */
const ENTRIES_AT_ONCE = 2_000;

/** `ReadDir`: `path` is relative to the root and without leading slash; "" lists the root. */
export function readDirectory(ctx: TreeContext, path: string): Awaitable<VfsReply> {
  const prefix = path === "" ? "" : `${path}/`;
  const shown = ({ name, type }: DiskEntry) => ({ path: prefix + name, file_type: type });
  return andThen(ctx.disk.list(path), (entries) =>
    entries.length <= ENTRIES_AT_ONCE
      ? replyJson({ ReadDir: entries.map(shown) })
      : manyEntries(ctx.disk, path, entries, shown),
  );
}

const encoder = new TextEncoder();

/** After each piece there is a trip to the disk, so that others have their turn. */
async function manyEntries(
  disk: DiskFolder,
  path: string,
  entries: readonly DiskEntry[],
  shown: (entry: DiskEntry) => unknown,
): Promise<VfsReply> {
  let json = "";
  for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
    const piece = JSON.stringify(entries.slice(at, at + ENTRIES_AT_ONCE).map(shown)).slice(1, -1);
    json += at === 0 ? piece : `,${piece}`;
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    await disk.fileBytes(path);
  }
  return { body: encoder.encode(`{"ReadDir":[${json}]}`), blob: undefined };
}

/** `Metadata`. */
export function metadata(ctx: TreeContext, path: string): Awaitable<VfsReply> {
  return andThen(ctx.disk.stat(path), ({ type, size }) =>
    replyJson({ Metadata: { file_type: type, len: size } }),
  );
}

/** `RemoveFile`. */
export function removeFile(ctx: TreeContext, space: Space, path: string): Awaitable<VfsReply> {
  return andThen(ctx.disk.removeFile(path), (bytes) => {
    space.free(bytes);
    ctx.handles.forget(path);
    return OK_REPLY;
  });
}

/** `RemoveDirAll`: the files below are closed, their cursors forgotten. */
export function removeTree(ctx: TreeContext, space: Space, path: string): Awaitable<VfsReply> {
  return andThen(ctx.disk.removeTree(path), (bytes) => {
    ctx.handles.forgetTree(path);
    space.free(bytes);
    return OK_REPLY;
  });
}

/** `Rename`: neither name keeps a handle or a cursor. Onto the same path it changes nothing. */
export function rename(
  ctx: TreeContext,
  spaces: { readonly from: Space; readonly to: Space },
  from: VfsPath,
  to: VfsPath,
): Awaitable<VfsReply> {
  const { stamp } = spaces.from;
  const isAway = spaces.from !== spaces.to;
  return andThen(isAway ? movedBytes(ctx, from, to) : undefined, (moved) => {
    if (moved !== undefined) {
      // NOTE: what was counted must be what is moved; within one package nothing needs counting.
      if (!spaces.from.isQuietSince(stamp)) throw ioError("EBUSY");
      spaces.to.need(moved.bytes - moved.replacedBytes);
    }
    return andThen(ctx.disk.rename(from.full, to.full), (replacedBytes) => {
      if (from.full !== to.full) spaces.to.free(replacedBytes);
      if (moved !== undefined) {
        spaces.to.free(-moved.bytes);
        spaces.from.free(moved.bytes);
      }
      ctx.handles.forgetTree(from.full);
      ctx.handles.forgetTree(to.full);
      return OK_REPLY;
    });
  });
}

interface MovedBytes {
  readonly bytes: number;
  /** Of a file in the way; a directory there is empty, or the move fails. */
  readonly replacedBytes: number;
}

function movedBytes(ctx: TreeContext, from: VfsPath, to: VfsPath): Awaitable<MovedBytes> {
  return andThen(ctx.disk.treeBytes(from.full), (bytes) =>
    andThen(ctx.disk.fileBytes(to.full, { followLast: false }), (replacedBytes) => ({
      bytes,
      replacedBytes,
    })),
  );
}

/** `CopyFile`: onto itself it would empty the file, so that is refused. */
export function copyFile(
  ctx: TreeContext,
  space: Space,
  from: VfsPath,
  to: VfsPath,
): Awaitable<VfsReply> {
  if (from.full === to.full) throw ioError("EINVAL");
  const copied = space.change(0, (room) => ctx.disk.copy(from.full, to.full, room));
  return andThen(copied, () => {
    ctx.handles.forget(to.full);
    return OK_REPLY;
  });
}
