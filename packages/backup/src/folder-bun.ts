/**
 * Folders of this machine: as a place for backups, as what is backed up, and as where it is restored.
 * @module
 */
export { createFolderRemote, type FolderRemoteOptions } from "./folder-remote-bun.ts";
export { createFolderSource, type FolderSourceOptions } from "./folder-source-bun.ts";
export { createFolderTarget, type FolderTargetOptions } from "./folder-target-bun.ts";
