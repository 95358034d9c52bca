/**
 * Actions on one file.
 * Source: spec/runtime-modules.md §2.2.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import type { SeekFrom } from "./actions.ts";
import { andThen } from "./awaitable.ts";
import type { DiskFile, DiskFolder, Sha256 } from "./disk.ts";
import { ioError, ioErrorText } from "./errors.ts";
import type { Handle, HandleCache } from "./handle-cache.ts";
import type { VfsLimits } from "./limits.ts";
import type { Space, Spaces } from "./space.ts";
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

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const ok = (): VfsReply => OK_REPLY;

/** `Write`: independent of the handle and its cursor. */
export function writeWhole(
  ctx: FileContext,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  const open = ctx.handles.peek(path)?.file;
  if (open === undefined) return andThen(writeFile(ctx.disk, space, path, bytes), ok);
  // Through the open file: opening and closing it once more would make some file systems write it out at once.
  return andThen(ctx.disk.isAt(path, open), (isSame) => {
    if (!isSame) return andThen(writeFile(ctx.disk, space, path, bytes), ok);
    const size = (): number => open.size();
    return andThen(
      space.change(size(), bytes.length, () => open.replace(bytes), size),
      ok,
    );
  });
}

/** Replaces a whole file where there is room for it. */
export function writeFile(
  disk: DiskFolder,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<void> {
  const after = bytes.length;
  let before = -1;
  const admit = (length: number): void => {
    space.begin(length, after);
    before = length;
  };
  const failed = (error: unknown): Awaitable<never> => {
    if (before < 0) throw error;
    return space.fail(before, after, () => disk.fileBytes(path), error);
  };
  try {
    const written = disk.write(path, bytes, admit);
    if (written instanceof Promise) return written.then(() => space.end(before, after), failed);
    space.end(before, after);
  } catch (error) {
    return failed(error);
  }
}

/** `CreateFile`. */
export function create(ctx: FileContext, space: Space, path: string): Awaitable<VfsReply> {
  return andThen(ctx.handles.create(path), ({ file }) => {
    const size = (): number => file.size();
    const before = size();
    if (before === 0) return OK_REPLY;
    return andThen(
      space.change(before, 0, () => file.resize(0), size),
      ok,
    );
  });
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
    writeAt(ctx, space, handle, handle.cursor, handle.file.size(), bytes),
  );
}

/** `Append`. */
export function append(
  ctx: FileContext,
  space: Space,
  path: string,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) => {
    const size = handle.file.size();
    return writeAt(ctx, space, handle, size, size, bytes);
  });
}

function writeAt(
  ctx: FileContext,
  space: Space,
  handle: Handle,
  position: number,
  size: number,
  bytes: Uint8Array,
): Awaitable<VfsReply> {
  const { file } = handle;
  const end = position + bytes.length;
  if (end > ctx.limits.maxFileBytes) throw ioError("EFBIG");
  const after = bytes.length === 0 ? size : Math.max(size, end);
  const written = space.change(
    size,
    after,
    () => file.write(position, bytes),
    () => file.size(),
  );
  return andThen(written, () => {
    handle.cursor = end;
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
  const rest = andThen(ctx.handles.use(path), (handle) => takeRest(ctx, handle));
  return andThen(rest, (bytes) => {
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      throw ioErrorText("stream did not contain valid UTF-8");
    }
    return replyJson({ ReadToString: text });
  });
}

/** `ReadExact`: the length is compared with the file before anything is allocated. */
export function readExact(ctx: FileContext, path: string, length: number): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), (handle) => {
    if (length > handle.file.size() - handle.cursor && length > 0) throw ioErrorText("early eof");
    if (length > ctx.limits.maxReadBytes) throw ioError("EFBIG");
    return andThen(take(handle, length), readReply);
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
    const offset = startOf(handle, to.from) + to.offset;
    if (offset < 0 || offset > Number.MAX_SAFE_INTEGER) throw ioError("EINVAL");
    handle.cursor = offset;
    return replyJson({ SeekFrom: old ? offset : { new_offset: offset } });
  });
}

/** `Len`. */
export function length(ctx: FileContext, path: string): Awaitable<VfsReply> {
  return andThen(ctx.handles.use(path), ({ file }) => replyJson({ Len: file.size() }));
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
    const resized = space.change(
      file.size(),
      size,
      () => file.resize(size),
      () => file.size(),
    );
    return andThen(resized, ok);
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
    const piece = await file.read(position, Math.min(HASH_PIECE_BYTES, file.size() - position));
    if (piece.length === 0) return position;
    sha256.update(piece);
    position += piece.length;
  }
}

function takeRest(ctx: FileContext, handle: Handle): Awaitable<Uint8Array> {
  const rest = Math.max(0, handle.file.size() - handle.cursor);
  if (rest > ctx.limits.maxReadBytes) throw ioError("EFBIG");
  return take(handle, rest);
}

function take(handle: Handle, length: number): Awaitable<Uint8Array> {
  return andThen(handle.file.read(handle.cursor, length), (bytes) => {
    handle.cursor += bytes.length;
    return bytes;
  });
}

function startOf(handle: Handle, from: SeekFrom["from"]): number {
  switch (from) {
    case "Start":
      return 0;
    case "Current":
      return handle.cursor;
    case "End":
      return handle.file.size();
  }
}
