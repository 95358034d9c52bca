/**
 * Actions on one file.
 * Source: spec/runtime-modules.md §2.2.
 * @module
 */
import { andThen, type Awaitable } from "@kinode-ts/types";
import type { SeekFrom } from "./actions.ts";
import type { Change, DiskFile, DiskFolder, ReadBounds, Sha256 } from "./disk.ts";
import { ioError } from "./errors.ts";
import type { Handle, HandleCache } from "./handle-cache.ts";
import type { VfsLimits } from "./limits.ts";
import type { Space, Spaces } from "./space.ts";
import { readLongText, TEXT_PIECE_BYTES, textReply } from "./read-text.ts";
import { OK_REPLY, readReply, replyJson, type VfsReply } from "./replies.ts";

/** What file actions work with. */
export interface FileContext {
  readonly disk: DiskFolder;
  readonly handles: HandleCache;
  readonly limits: VfsLimits;
  readonly spaces: Spaces;
  readonly createSha256: () => Sha256;
}

/** Bytes hashed at a time: each piece is read in the host's pool when it is big. */
const HASH_PIECE_BYTES = 1024 * 1024;

const ok = (): VfsReply => OK_REPLY;

/**
 * `Write`: independent of the handle and its cursor. Through the file where it is open: opening and closing it once more would
 * make some file systems write it out at once.
 */
export function writeWhole(
  ctx: FileContext,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  return andThen(writeFile(ctx.disk, space, path, bytes, ctx.handles.peek(path)?.file), ok);
}

/** Replaces a whole file where there is room for it. */
export function writeFile(
  disk: DiskFolder,
  space: Space,
  path: string,
  bytes: Uint8Array,
  open?: DiskFile,
): Awaitable<Change> {
  return space.change(bytes.length, (room) => disk.write(path, bytes, room, open));
}

/** `CreateFile`. */
export function create(ctx: FileContext, space: Space, path: string): Awaitable<VfsReply> {
  const emptied = space.change(0, () =>
    andThen(ctx.handles.create(path), ({ before }) => ({ kind: "done", before, after: 0 })),
  );
  return andThen(emptied, ok);
}

/** `Read`: independent of the handle and its cursor. */
export function readWhole(ctx: FileContext, path: string): Awaitable<VfsReply> {
  return andThen(ctx.disk.read(path, ctx.limits.maxReadBytes), readReply);
}

/** `WriteAll`. */
export function writeAtCursor(
  ctx: FileContext,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) =>
    writeAt(ctx, space, handle, handle.cursor, bytes),
  );
}

/** `Append`. */
export function append(
  ctx: FileContext,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) => writeAt(ctx, space, handle, "end", bytes));
}

function writeAt(
  ctx: FileContext,
  space: Space,
  handle: Handle,
  position: number | "end",
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  const { maxFileBytes: maxBytes } = ctx.limits;
  const written = space.change(bytes.length, (room) =>
    handle.file.write(position, bytes, { room, maxBytes }),
  );
  return andThen(written, ({ before }) => {
    handle.cursor = (position === "end" ? before : position) + bytes.length;
    return OK_REPLY;
  });
}

/** `ReadToEnd`. */
export function readToEnd(ctx: FileContext, path: string): Awaitable<VfsReply> {
  const rest = andThen(ctx.handles.use(path), (handle) => takeRest(ctx, handle));
  return andThen(rest, readReply);
}

/** `ReadToString`. */
export function readToString(ctx: FileContext, path: string): Awaitable<VfsReply> {
  const { maxReadBytes: maxBytes } = ctx.limits;
  return andThen(ctx.handles.use(path), (handle) =>
    andThen(handle.file.read(handle.cursor, TEXT_PIECE_BYTES, { maxBytes }), (first) => {
      if (first.length === TEXT_PIECE_BYTES) return readLongText(handle, first, maxBytes);
      handle.cursor += first.length;
      return textReply(first);
    }),
  );
}

/** `ReadExact`: the length is compared with the file before anything is allocated. */
export function readExact(ctx: FileContext, path: string, length: number): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) => {
    const bounds = { isExact: true, maxBytes: ctx.limits.maxReadBytes };
    return andThen(take(handle, length, bounds), readReply);
  });
}

/** `Seek`. */
export function seek(
  ctx: FileContext,
  path: string,
  to: SeekFrom,
  old: boolean,
): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) => {
    return andThen(startOf(handle, to.from), (start) => {
      const offset = start + to.offset;
      if (offset < 0 || offset > Number.MAX_SAFE_INTEGER) throw ioError("EINVAL");
      handle.cursor = offset;
      return replyJson({ SeekFrom: old ? offset : { new_offset: offset } });
    });
  });
}

/** `Len`. */
export function length(ctx: FileContext, path: string): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), ({ file }) =>
    andThen(file.size(), (Len) => replyJson({ Len })),
  );
}

/** `SetLen`. */
export function setLength(
  ctx: FileContext,
  space: Space,
  path: string,
  size: number,
): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), ({ file }) => {
    if (size > ctx.limits.maxFileBytes) throw ioError("EFBIG");
    return andThen(
      space.change(0, (room) => file.resize(size, room)),
      ok,
    );
  });
}

/** `SyncAll`. */
export function sync(ctx: FileContext, path: string): Awaitable<VfsReply> {
  const synced = andThen(ctx.handles.use(path), ({ file }) => file.sync());
  return andThen(synced, ok);
}

/** `Hash`: of the whole file; the cursor ends at its end. */
export async function hash(ctx: FileContext, path: string): Promise<VfsReply> {
  const handle = await ctx.handles.use(path);
  const sha256 = ctx.createSha256();
  handle.cursor = await hashFile(handle.file, sha256);
  return replyJson({ Hash: [...sha256.digest()] });
}

async function hashFile(file: DiskFile, sha256: Sha256): Promise<number> {
  let position = 0;
  for (;;) {
    const piece = await file.read(position, HASH_PIECE_BYTES);
    if (piece.length === 0) return position;
    sha256.update(piece);
    position += piece.length;
  }
}

function takeRest(ctx: FileContext, handle: Handle): Awaitable<Uint8Array> {
  return take(handle, Number.MAX_SAFE_INTEGER, { maxBytes: ctx.limits.maxReadBytes });
}

function take(handle: Handle, length: number, bounds: ReadBounds): Awaitable<Uint8Array> {
  return andThen(handle.file.read(handle.cursor, length, bounds), (bytes) => {
    handle.cursor += bytes.length;
    return bytes;
  });
}

function startOf(handle: Handle, from: SeekFrom["from"]): Awaitable<number> {
  switch (from) {
    case "Start":
      return 0;
    case "Current":
      return handle.cursor;
    case "End":
      return handle.file.size();
  }
}
