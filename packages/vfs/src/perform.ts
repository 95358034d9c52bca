/**
 * One request on its way: path rules, permission, then the action.
 * Source: spec/runtime-modules.md §2.2 and §2.4 (order of the checks).
 * @module
 */
import {
  andThen,
  type Awaitable,
  type Capability,
  type LazyLoadBlob,
  packageOf,
  type ProcessId,
} from "@kinode-ts/types";
import type { VfsAction, VfsRequest } from "./actions.ts";
import { addZip, type AddZipContext } from "./add-zip.ts";
import { VfsError, type VfsFault } from "./errors.ts";
import * as files from "./file-actions.ts";
import { lockBoth, type FileLocks } from "./file-locks.ts";
import { parsePackageFolder, parseVfsPath, type VfsPath } from "./paths.ts";
import {
  driveCapability,
  holdsRoot,
  mayCreateDrive,
  mayMove,
  mayUse,
  type PermissionView,
  type Right,
} from "./permissions.ts";
import { OK_REPLY, replyJson, type VfsReply } from "./replies.ts";
import type { Space } from "./space.ts";
import * as trees from "./tree-actions.ts";
import type { Watches } from "./watches.ts";

export interface PerformContext {
  readonly files: files.FileContext;
  readonly zips: AddZipContext;
  readonly locks: FileLocks;
  readonly watches: Watches;
  readonly view: PermissionView;
  /** Gives capabilities to a process; false when it is unknown. */
  grant(process: ProcessId, capabilities: readonly Capability[]): Promise<boolean>;
}

/** One request of one process. */
export interface Call {
  readonly source: ProcessId;
  readonly request: VfsRequest;
  readonly blob: LazyLoadBlob | undefined;
}

const READS: ReadonlySet<VfsAction["kind"]> = new Set([
  "Read",
  "ReadToEnd",
  "ReadExact",
  "ReadToString",
  "Seek",
  "ReadDir",
  "Metadata",
  "Len",
  "Hash",
  "Watch",
]);

/** What changes how much is on the disk: needs the account of the package. */
const SIZED: ReadonlySet<VfsAction["kind"]> = new Set([
  "Write",
  "WriteAll",
  "Append",
  "SetLen",
  "CreateFile",
  "RemoveFile",
  "RemoveDirAll",
  "AddZip",
]);

/** @throws {VfsError} what the answer then says */
export function perform(ctx: PerformContext, call: Call): Awaitable<VfsReply> {
  const { action, path: text } = call.request;
  if (action.kind === "ReadDir" && text === "/") return readRoot(ctx, call.source);
  if (action.kind === "Usage") return usage(ctx, call.source, text);
  const path = parseVfsPath(text);
  if (path === undefined) {
    const folder = action.kind === "ReadDir" ? parsePackageFolder(text) : undefined;
    if (folder === undefined || !holdsRoot(ctx.view, call.source)) {
      throw refused("vfs.malformed-request");
    }
    return trees.readDirectory(ctx.files, folder);
  }
  switch (action.kind) {
    case "CreateDrive":
      return createDrive(ctx, call.source, path);
    case "Unwatch":
      // Needs no right: it may have been lost meanwhile.
      ctx.watches.remove(call.source, action.id);
      return OK_REPLY;
    case "Rename":
    case "CopyFile":
      return move(ctx, call.source, action.kind, path, action.newPath);
    default:
      return onOnePath(ctx, call, action, path);
  }
}

/** The root itself is for holders of root (§2.4). */
function readRoot(ctx: PerformContext, source: ProcessId): Awaitable<VfsReply> {
  if (!holdsRoot(ctx.view, source)) throw refused("vfs.no-read-cap");
  return trees.readDirectory(ctx.files, "");
}

/** The capabilities come first, so that nobody meets a drive without them (§2.2). */
async function createDrive(
  ctx: PerformContext,
  source: ProcessId,
  path: VfsPath,
): Promise<VfsReply> {
  if (!mayCreateDrive(ctx.view, source, path)) throw refused("vfs.no-write-cap");
  const capabilities = (["read", "write"] as const).map((right) =>
    driveCapability(ctx.view.address, right, path.drive),
  );
  const granted = await ctx.grant(source, capabilities).catch(() => false);
  if (!granted) throw refused("vfs.add-cap-failed");
  await ctx.files.disk.makeDirectories(path.drive.slice(1));
  return OK_REPLY;
}

function move(
  ctx: PerformContext,
  source: ProcessId,
  kind: "Rename" | "CopyFile",
  from: VfsPath,
  newPath: string,
): Awaitable<VfsReply> {
  const to = parseVfsPath(newPath);
  if (to === undefined) throw refused("vfs.malformed-request");
  if (!mayMove(ctx.view, source, from, to)) throw refused("vfs.no-write-cap");
  const { spaces } = ctx.files;
  return andThen(spaces.of(from.packageId), (source) =>
    andThen(spaces.of(to.packageId), (target) =>
      lockBoth(ctx.locks, from.full, to.full, () =>
        kind === "Rename"
          ? trees.rename(ctx.files, { from: source, to: target }, from, to)
          : trees.copyFile(ctx.files, target, from, to),
      ),
    ),
  );
}

/** An extension: what the own package has on the disk; of any package for holders of root. */
function usage(ctx: PerformContext, source: ProcessId, text: string): Awaitable<VfsReply> {
  const owner = parseVfsPath(text)?.packageId ?? parsePackageFolder(text);
  if (owner === undefined) throw refused("vfs.malformed-request");
  if (packageOf(source) !== owner && !holdsRoot(ctx.view, source)) throw refused("vfs.no-read-cap");
  return andThen(ctx.files.spaces.of(owner), ({ account }) =>
    replyJson({
      Usage: {
        used_bytes: account.usedBytes,
        limit_bytes: Number.isFinite(account.limitBytes) ? account.limitBytes : null,
      },
    }),
  );
}

const ok = (): VfsReply => OK_REPLY;

type OnePathAction = Exclude<VfsAction, { kind: "Rename" | "CopyFile" | "Usage" | "Unwatch" }>;

function onOnePath(
  ctx: PerformContext,
  call: Call,
  action: OnePathAction,
  path: VfsPath,
): Awaitable<VfsReply> {
  const right: Right = READS.has(action.kind) ? "read" : "write";
  if (!mayUse(ctx.view, call.source, right, path)) {
    throw refused(right === "read" ? "vfs.no-read-cap" : "vfs.no-write-cap");
  }
  if (action.kind === "Watch") {
    return andThen(ctx.files.disk.stat(path.full), () =>
      andThen(ctx.watches.add(call.source, action.id, path, action.recursive), ok),
    );
  }
  if (!SIZED.has(action.kind)) {
    return ctx.locks.run(path.full, () => act(ctx, action, path.full));
  }
  return andThen(ctx.files.spaces.of(path.packageId), (space) =>
    action.kind === "AddZip"
      ? addZip(ctx.zips, space, path, blobOf(call))
      : ctx.locks.run(path.full, () => resize(ctx, call, action, path.full, space)),
  );
}

/** The actions of `SIZED`. */
function resize(
  ctx: PerformContext,
  call: Call,
  action: OnePathAction,
  path: string,
  space: Space,
): Awaitable<VfsReply> {
  switch (action.kind) {
    case "Write":
      return files.writeWhole(ctx.files, space, path, blobOf(call));
    case "Append":
      return files.append(ctx.files, space, path, blobOf(call));
    case "WriteAll":
      return files.writeAtCursor(ctx.files, space, path, blobOf(call));
    case "SetLen":
      return files.setLength(ctx.files, space, path, action.length);
    case "CreateFile":
      return files.create(ctx.files, space, path);
    case "RemoveFile":
      return trees.removeFile(ctx.files, space, path);
    case "RemoveDirAll":
      return trees.removeTree(ctx.files, space, path);
    default:
      throw new TypeError(`"${action.kind}" changes no sizes`);
  }
}

function act(ctx: PerformContext, action: OnePathAction, path: string): Awaitable<VfsReply> {
  const { disk, handles } = ctx.files;
  switch (action.kind) {
    case "Read":
      return files.readWhole(ctx.files, path);
    case "ReadToEnd":
      return files.readToEnd(ctx.files, path);
    case "ReadExact":
      return files.readExact(ctx.files, path, action.length);
    case "ReadToString":
      return files.readToString(ctx.files, path);
    case "Seek":
      return files.seek(ctx.files, path, action.seek, action.old);
    case "Len":
      return files.length(ctx.files, path);
    case "SyncAll":
      return files.sync(ctx.files, path);
    case "Hash":
      return files.hash(ctx.files, path);
    case "ReadDir":
      return trees.readDirectory(ctx.files, path);
    case "Metadata":
      return trees.metadata(ctx.files, path);
    case "OpenFile":
      return andThen(handles.open(path, action.create), ok);
    case "CloseFile":
      handles.forget(path);
      return OK_REPLY;
    case "CreateDir":
      return andThen(disk.makeDirectory(path), ok);
    case "CreateDirAll":
      return andThen(disk.makeDirectories(path), ok);
    case "RemoveDir":
      return andThen(disk.removeDirectory(path), ok);
    default:
      throw new TypeError(`"${action.kind}" is done elsewhere`);
  }
}

function blobOf(call: Call): Uint8Array {
  if (call.blob === undefined) throw refused("vfs.no-blob");
  return call.blob.bytes;
}

type PlainCode = Exclude<VfsFault["code"], "vfs.io" | "vfs.parse">;

function refused(code: PlainCode): VfsError {
  return new VfsError({ code });
}
