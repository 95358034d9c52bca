/**
 * Where a snapshot is restored to. A folder of this machine is one (`./folder`).
 * @module
 */
import type { EntryDetails } from "./tree.ts";

/**
 * Paths have their parts separated by "/", none at the start; no part is empty, "." or "..". Their content comes from a
 * repository: a target must not leave its place, also not through links.
 * It throws `BackupError` `backup.refused-path` for a path that it will not use; any other error ends the restore.
 */
export interface RestoreTarget {
  /** Called for each folder before what is inside. A folder that is there already is used. */
  makeFolder(path: string): Promise<void>;
  /** Makes an empty file. @param sizeBytes - what it will have */
  createFile(path: string, sizeBytes: number): Promise<void>;
  /** Writes a part of a file; parts come in any order, each once, several at once. */
  write(path: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** All content is there; the file is not touched any more. */
  finishFile(path: string, details: EntryDetails): Promise<void>;
  /** Removes a file that was made and whose content is damaged. */
  removeFile(path: string): Promise<void>;
  /** Called after all files are there. */
  makeLink(path: string, target: string, details: EntryDetails): Promise<void>;
  /** Called last for the folders that were made, the innermost first. */
  finishFolder(path: string, details: EntryDetails): Promise<void>;
  /** Called once at the end, also after a failure. */
  close?(): Promise<void>;
}
