/**
 * Actions on directories and between paths.
 * Source: spec/runtime-modules.md §2.2 and §2.5.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { andThen } from "./awaitable.ts";
import type { DiskFolder } from "./disk.ts";
import { ioError } from "./errors.ts";
import type { HandleCache } from "./handle-cache.ts";
import type { VfsPath } from "./paths.ts";
import { OK_REPLY, replyJson, type VfsReply } from "./replies.ts";

/** What tree actions work with. */
export interface TreeContext {
  readonly disk: DiskFolder;
  readonly handles: HandleCache;
}

/** `ReadDir`: `path` is relative to the root and without leading slash; "" lists the root. */
export function readDirectory(ctx: TreeContext, path: string): Awaitable<VfsReply> {
  const prefix = path === "" ? "" : `${path}/`;
  return andThen(ctx.disk.list(path), (entries) =>
    replyJson({
      ReadDir: entries.map(({ name, type }) => ({ path: prefix + name, file_type: type })),
    }),
  );
}

/** `Metadata`. */
export function metadata(ctx: TreeContext, path: string): VfsReply {
  const { type, size } = ctx.disk.stat(path);
  return replyJson({ Metadata: { file_type: type, len: size } });
}

/** `RemoveFile`. */
export function removeFile(ctx: TreeContext, path: string): VfsReply {
  ctx.disk.removeFile(path);
  ctx.handles.forget(path);
  return OK_REPLY;
}

/** `RemoveDirAll`: files below are closed first, their cursors forgotten. */
export function removeTree(ctx: TreeContext, path: string): Awaitable<VfsReply> {
  return andThen(ctx.disk.removeTree(path), () => {
    ctx.handles.forgetTree(path);
    return OK_REPLY;
  });
}

/** `Rename`: neither name keeps a handle or a cursor. Onto the same path it changes nothing. */
export function rename(ctx: TreeContext, from: VfsPath, to: VfsPath): VfsReply {
  ctx.disk.rename(from.full, to.full);
  ctx.handles.forgetTree(from.full);
  ctx.handles.forgetTree(to.full);
  return OK_REPLY;
}

/** `CopyFile`: onto itself it would empty the file, so that is refused. */
export function copyFile(ctx: TreeContext, from: VfsPath, to: VfsPath): Awaitable<VfsReply> {
  if (from.full === to.full) throw ioError("EINVAL");
  return andThen(ctx.disk.copy(from.full, to.full), () => {
    ctx.handles.forget(to.full);
    return OK_REPLY;
  });
}
