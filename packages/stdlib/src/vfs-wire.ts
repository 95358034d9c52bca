/**
 * One request to the VFS and its answer.
 * Source: spec/runtime-modules.md §2.2, §2.3.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { KinodeError, VFS_PROCESS } from "@kinode-ts/types";
import type { BlobLike } from "./blob.ts";
import type { Duration } from "./duration.ts";
import { SendError } from "./errors.ts";
import type { IncomingResponse } from "./message.ts";
import { request } from "./send.ts";

export type FileType = "File" | "Directory" | "Symlink" | "Other";

export interface DirEntry {
  /** Relative to the root of the VFS, without leading slash: `chess:sys/pkg/ui/index.html`. */
  readonly path: string;
  readonly file_type: FileType;
}

export interface FileMetadata {
  readonly file_type: FileType;
  readonly len: U64;
}

export type VfsAction =
  | "CreateDrive"
  | "CreateDir"
  | "CreateDirAll"
  | "CreateFile"
  | { readonly OpenFile: { readonly create: boolean } }
  | "CloseFile"
  | "Write"
  | "WriteAll"
  | "Append"
  | "SyncAll"
  | "Read"
  | "ReadDir"
  | "ReadToEnd"
  | { readonly ReadExact: { readonly length: U64 } }
  | "ReadToString"
  | { readonly Seek: SeekFrom }
  | "RemoveFile"
  | "RemoveDir"
  | "RemoveDirAll"
  | { readonly Rename: { readonly new_path: string } }
  | { readonly CopyFile: { readonly new_path: string } }
  | "Metadata"
  | "AddZip"
  | "Len"
  | { readonly SetLen: U64 }
  | "Hash"
  | { readonly Watch: { readonly watch: number; readonly recursive: boolean } }
  | { readonly Unwatch: { readonly watch: number } }
  | "Usage";

export type SeekFrom =
  | { readonly Start: U64 }
  | { readonly End: number | bigint }
  | { readonly Current: number | bigint };

export type VfsErrorCode =
  | "NoWriteCap"
  | "NoReadCap"
  | "AddCapFailed"
  | "MalformedRequest"
  | "NoBlob"
  | "ParseError"
  | "IOError"
  | "UnzipError"
  | "SendError"
  | "UnexpectedAnswer";

type VfsFault = { readonly code: VfsErrorCode; readonly path: string; readonly detail: string };

/** The VFS refused, or could not be reached. */
export class VfsError extends KinodeError<VfsFault> {
  override name = "VfsError";
  constructor(code: VfsErrorCode, path: string, detail: string, cause?: unknown) {
    super({ code, path, detail }, `${code} at "${path}"${detail === "" ? "" : `: ${detail}`}`, {
      cause,
    });
  }
}

export interface VfsOptions {
  /** Default 5 s. */
  readonly timeout?: Duration | undefined;
}

const VFS = `our@${VFS_PROCESS}`;

/** A decoded answer, and the message for its blob. */
export interface VfsAnswer {
  readonly value: unknown;
  readonly message: IncomingResponse;
}

/** Sends one action. Rejects with a `VfsError`. */
export async function vfsRequest(
  path: string,
  action: VfsAction,
  options: VfsOptions & { readonly blob?: BlobLike | undefined } = {},
): Promise<VfsAnswer> {
  const { blob, timeout } = options;
  try {
    const message = await request(VFS, { path, action }, { blob, timeout });
    return { value: parseResponse(path, message.json()), message };
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    throw new VfsError("SendError", path, thrown.message, thrown);
  }
}

/** The answer unless it is an error. @throws {VfsError} */
export function parseResponse(path: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("Err" in value)) return value;
  const error: unknown = value.Err;
  if (typeof error === "string") throw new VfsError(error as VfsErrorCode, path, "");
  const [code = "UnexpectedAnswer", detail] = Object.entries(error as object)[0] ?? [];
  throw new VfsError(code as VfsErrorCode, path, detailText(detail));
}

function detailText(detail: unknown): string {
  if (typeof detail === "string") return detail;
  const inner = (detail as { error?: unknown } | undefined)?.error;
  return typeof inner === "string" ? inner : (JSON.stringify(detail) ?? "");
}

/** The payload of an answer of the given case. @throws {VfsError} it is another one */
export function payload(path: string, answer: unknown, name: string): unknown {
  if (typeof answer === "object" && answer !== null && name in answer) {
    return (answer as Record<string, unknown>)[name];
  }
  throw new VfsError("UnexpectedAnswer", path, JSON.stringify(answer) ?? "");
}

/** The bytes of a `"Read"` answer. */
export function readBytes(answer: VfsAnswer): Uint8Array {
  return answer.message.blob()?.bytes ?? new Uint8Array(0);
}
