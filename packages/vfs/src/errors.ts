/**
 * What the VFS refuses or fails with, and the documented JSON of it.
 * Source: spec/runtime-modules.md §2.3.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type VfsFault =
  | { readonly code: "vfs.no-write-cap" }
  | { readonly code: "vfs.no-read-cap" }
  | { readonly code: "vfs.add-cap-failed" }
  | { readonly code: "vfs.malformed-request" }
  | { readonly code: "vfs.no-blob" }
  | { readonly code: "vfs.unzip" }
  /** `path` is a VFS path, never one of the host. */
  | { readonly code: "vfs.parse"; readonly text: string; readonly path: string }
  /** `text` is the operating system's. */
  | { readonly code: "vfs.io"; readonly text: string };

const FACT = {
  "vfs.no-write-cap": "The process may not write here",
  "vfs.no-read-cap": "The process may not read here",
  "vfs.add-cap-failed": "The capabilities of the drive could not be stored",
  "vfs.malformed-request": "The request or its path is malformed",
  "vfs.no-blob": "The request needs a blob",
  "vfs.unzip": "The zip has an entry that cannot be unpacked here",
} as const;

export class VfsError extends KinodeError<VfsFault> {
  override name = "VfsError";
  constructor(fault: VfsFault, options: { cause?: unknown } = {}) {
    super(fault, messageOf(fault), options);
  }
}

function messageOf(fault: VfsFault): string {
  if (fault.code === "vfs.io") return fault.text;
  if (fault.code === "vfs.parse") return `${fault.text}: "${fault.path}"`;
  return FACT[fault.code];
}

/** The part of an answer below `Err`. */
export function errorJson(fault: VfsFault): unknown {
  switch (fault.code) {
    case "vfs.no-write-cap":
      return "NoWriteCap";
    case "vfs.no-read-cap":
      return "NoReadCap";
    case "vfs.add-cap-failed":
      return "AddCapFailed";
    case "vfs.malformed-request":
      return "MalformedRequest";
    case "vfs.no-blob":
      return "NoBlob";
    case "vfs.unzip":
      return "UnzipError";
    case "vfs.parse":
      return { ParseError: { error: fault.text, path: fault.path } };
    case "vfs.io":
      return { IOError: fault.text };
  }
}

const OS_ERRORS = {
  EPERM: "Operation not permitted (os error 1)",
  ENOENT: "No such file or directory (os error 2)",
  EIO: "Input/output error (os error 5)",
  EAGAIN: "Resource temporarily unavailable (os error 11)",
  EACCES: "Permission denied (os error 13)",
  EBUSY: "Device or resource busy (os error 16)",
  EEXIST: "File exists (os error 17)",
  EXDEV: "Invalid cross-device link (os error 18)",
  ENOTDIR: "Not a directory (os error 20)",
  EISDIR: "Is a directory (os error 21)",
  EINVAL: "Invalid argument (os error 22)",
  ENFILE: "Too many open files in system (os error 23)",
  EMFILE: "Too many open files (os error 24)",
  EFBIG: "File too large (os error 27)",
  ENOSPC: "No space left on device (os error 28)",
  EROFS: "Read-only file system (os error 30)",
  EMLINK: "Too many links (os error 31)",
  ENAMETOOLONG: "File name too long (os error 36)",
  ENOTEMPTY: "Directory not empty (os error 39)",
  ELOOP: "Too many levels of symbolic links (os error 40)",
  EDQUOT: "Disk quota exceeded (os error 122)",
} as const;

export type OsErrorCode = keyof typeof OS_ERRORS;

/** An `IOError` with the text the operating system has for `code`; unknown codes read as `EIO`. */
export function ioError(code: string, cause?: unknown): VfsError {
  const text = Object.hasOwn(OS_ERRORS, code) ? OS_ERRORS[code as OsErrorCode] : OS_ERRORS.EIO;
  return new VfsError({ code: "vfs.io", text }, { cause });
}

/** An `IOError` with a text of its own, such as `early eof`. */
export function ioErrorText(text: string): VfsError {
  return new VfsError({ code: "vfs.io", text });
}
