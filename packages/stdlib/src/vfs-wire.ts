/**
 * One request to the VFS and its answer.
 * Source: spec/runtime-modules.md §2.2, §2.3.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { KinodeError, VFS_PROCESS } from "@kinode-ts/types";
import type { BlobLike } from "./blob.ts";
import type { Duration } from "./duration.ts";
import type { Fail, Is, ModuleAnswer } from "./module-answer.ts";
import {
  askModule,
  blobOf,
  hasForm,
  isListOf,
  isRecord,
  isText,
  isU64,
  payloadOf,
  shownAnswer,
  unlessError,
} from "./module-answer.ts";
import type { AbortSignalLike } from "./send.ts";

/** What is at a path. */
export type FileType = "File" | "Directory" | "Symlink" | "Other";

/** One child of a directory. */
export interface DirEntry {
  /** Relative to the root of the VFS, without leading slash: `chess:sys/pkg/ui/index.html`. */
  readonly path: string;
  readonly file_type: FileType;
}

/** Kind and length in bytes. */
export interface FileMetadata {
  readonly file_type: FileType;
  readonly len: U64;
}

/** Actions of the VFS, as they are on the wire. Source: spec/runtime-modules.md §2.2. */
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

/** Where the cursor goes, in bytes: from the start, the end, or where it is. */
export type SeekFrom =
  | { readonly Start: U64 }
  | { readonly End: number | bigint }
  | { readonly Current: number | bigint };

const WIRE_CODES = [
  "NoWriteCap",
  "NoReadCap",
  "AddCapFailed",
  "MalformedRequest",
  "NoBlob",
  "ParseError",
  "IOError",
  "UnzipError",
  "SendError",
] as const;

/**
 * Names of the wire, and `UnexpectedAnswer`: what came is none of the answers of the VFS. `SendError` also stands for a VFS
 * that does not answer in time, or that this process may not message.
 */
export type VfsErrorCode = (typeof WIRE_CODES)[number] | "UnexpectedAnswer";

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

/** How long the VFS may take. */
export interface VfsOptions {
  /** Default 5 s. */
  readonly timeout?: Duration | undefined;
  /** Stops waiting with its reason; what was asked for may still be done. */
  readonly signal?: AbortSignalLike | undefined;
}

const VFS = `our@${VFS_PROCESS}`;

/** A decoded answer, and the message for its blob. */
export type VfsAnswer = ModuleAnswer;

/** Answers that are not `"Ok"`, by action: a text, or the name of the case whose payload is asked for. */
const ANSWERS: Readonly<Record<string, string>> = {
  Read: '"Read"',
  ReadToEnd: '"Read"',
  ReadExact: '"Read"',
  ReadToString: "ReadToString",
  ReadDir: "ReadDir",
  Seek: "SeekFrom",
  Metadata: "Metadata",
  Len: "Len",
  Hash: "Hash",
  Usage: "Usage",
};

/** Whether this is the kind of answer that belongs to an action; its payload is for `payload` to look at. */
function belongs(action: VfsAction, value: unknown): boolean {
  const name = typeof action === "string" ? action : Object.keys(action)[0]!;
  const expected = ANSWERS[name] ?? '"Ok"';
  if (expected.startsWith('"')) return value === expected.slice(1, -1);
  return isRecord(value) && Object.hasOwn(value, expected);
}

/** Sends one action. Rejects with a `VfsError`, also when the answer is none to this action. */
export async function vfsRequest(
  path: string,
  action: VfsAction,
  options: VfsOptions & { readonly blob?: BlobLike | undefined } = {},
): Promise<VfsAnswer> {
  const { blob, timeout, signal } = options;
  const fail = failAt(path);
  const answer = await askModule(
    VFS,
    { path, action },
    { blob, timeout, signal },
    WIRE_CODES,
    fail,
  );
  if (belongs(action, answer.value)) return answer;
  throw fail("UnexpectedAnswer", shownAnswer(answer.value));
}

function failAt(path: string): Fail<VfsErrorCode> {
  return (code, detail, cause) => new VfsError(code, path, detail, cause);
}

/** The answer unless it is an error. @throws {VfsError} */
export function parseResponse(path: string, value: unknown): unknown {
  return unlessError(value, WIRE_CODES, failAt(path));
}

/** The payload of an answer of the given case and form. @throws {VfsError} it is another one */
export function payload<T>(path: string, answer: VfsAnswer, name: string, isPayload: Is<T>): T {
  return payloadOf(answer.value, name, isPayload, failAt(path));
}

const FILE_TYPES: readonly unknown[] = ["File", "Directory", "Symlink", "Other"];
const isFileType: Is<FileType> = (value): value is FileType => FILE_TYPES.includes(value);
const isNumber = (value: unknown): value is number => typeof value === "number";

export const isFileMetadata: Is<FileMetadata> = hasForm<FileMetadata>({
  file_type: isFileType,
  len: isU64,
});
export const isDirEntries: Is<DirEntry[]> = isListOf(
  hasForm<DirEntry>({ path: isText, file_type: isFileType }),
);
/** 32 bytes as numbers. */
export const isHash: Is<number[]> = (value): value is number[] =>
  isListOf(isNumber)(value) && value.length === 32;
/** Bytes used, and bytes at most. */
export const isUsage: Is<{ used_bytes: U64; limit_bytes: U64 | null }> = hasForm({
  used_bytes: isU64,
  limit_bytes: (value): value is U64 | null => value === null || isU64(value),
});

/** The bytes of a `"Read"` answer. @throws {VfsError} it came without */
export function readBytes(path: string, answer: VfsAnswer): Uint8Array {
  return blobOf(answer, failAt(path));
}
