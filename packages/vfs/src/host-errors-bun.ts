/**
 * Failures of this machine as the VFS tells them.
 * @module
 */
import { ioError, VfsError } from "./errors.ts";

/** The system's code of a failure; EIO for everything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "EIO";
}

/** Every failure as a `VfsError`. */
export function toVfsError(error: unknown): VfsError {
  return error instanceof VfsError ? error : ioError(codeOf(error), error);
}
