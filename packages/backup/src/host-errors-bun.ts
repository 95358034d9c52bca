/**
 * The host's errors of files.
 * @module
 */

/** The code of a system call, as "ENOENT"; "" for other errors. */
export function hostCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Nothing is there. */
export const isMissing = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes(hostCode(error));
