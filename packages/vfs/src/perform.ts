/**
 * One request on its way: path rules, permission, then the action.
 * Source: spec/runtime-modules.md §2.2 and §2.4 (order of the checks).
 * @module
 */
import type { Awaitable, Capability, LazyLoadBlob, ProcessId } from "@kinode-ts/types";
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
import { OK_REPLY, type VfsReply } from "./replies.ts";
import * as trees from "./tree-actions.ts";

export interface PerformContext {
  readonly files: files.FileContext;
  readonly zips: AddZipContext;
  readonly locks: FileLocks;
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
]);

/** @throws {VfsError} what the answer then says */
export function perform(ctx: PerformContext, call: Call): Awaitable<VfsReply> {
  const { action, path: text } = call.request;
  if (action.kind === "ReadDir" && text === "/") return readRoot(ctx, call.source);
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
  ctx.files.disk.makeDirectories(path.drive.slice(1));
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
  return lockBoth(ctx.locks, from.full, to.full, () =>
    kind === "Rename" ? trees.rename(ctx.files, from, to) : trees.copyFile(ctx.files, from, to),
  );
}

type OnePathAction = Exclude<VfsAction, { kind: "Rename" | "CopyFile" }>;

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
  if (action.kind === "AddZip") return addZip(ctx.zips, path, blobOf(call));
  return ctx.locks.run(path.full, () => act(ctx, call, action, path.full));
}

function act(
  ctx: PerformContext,
  call: Call,
  action: OnePathAction,
  path: string,
): Awaitable<VfsReply> {
  const { disk, handles } = ctx.files;
  switch (action.kind) {
    case "Read":
      return files.readWhole(ctx.files, path);
    case "Write":
      return files.writeWhole(ctx.files, path, blobOf(call));
    case "Append":
      return files.append(ctx.files, path, blobOf(call));
    case "WriteAll":
      return files.writeAtCursor(ctx.files, path, blobOf(call));
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
    case "SetLen":
      return files.setLength(ctx.files, path, action.length);
    case "SyncAll":
      return files.sync(ctx.files, path);
    case "Hash":
      return files.hash(ctx.files, path);
    case "ReadDir":
      return trees.readDirectory(ctx.files, path);
    case "Metadata":
      return trees.metadata(ctx.files, path);
    case "RemoveFile":
      return trees.removeFile(ctx.files, path);
    case "RemoveDirAll":
      return trees.removeTree(ctx.files, path);
    case "OpenFile":
      handles.open(path, action.create);
      return OK_REPLY;
    case "CreateFile":
      handles.create(path);
      return OK_REPLY;
    case "CloseFile":
      handles.forget(path);
      return OK_REPLY;
    case "CreateDir":
      disk.makeDirectory(path);
      return OK_REPLY;
    case "CreateDirAll":
      disk.makeDirectories(path);
      return OK_REPLY;
    case "RemoveDir":
      disk.removeDirectory(path);
      return OK_REPLY;
    case "CreateDrive":
    case "AddZip":
      throw new TypeError(`"${action.kind}" takes no lock`);
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
