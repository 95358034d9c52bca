/**
 * Drives, paths and permissions: the vfs runtime module.
 * @module
 */
export { openDiskFolder } from "./disk-bun.ts";
export type { DiskEntry, DiskFile, DiskFolder, DiskStat, FileType, Sha256 } from "./disk.ts";
export { errorJson, VfsError, type VfsFault } from "./errors.ts";
export type { OpenedFile, VfsFiles, VfsListing } from "./host-files.ts";
export { DEFAULT_VFS_LIMITS, type VfsLimits } from "./limits.ts";
export { createMemoryDisk } from "./memory-disk.ts";
export { folderBytes } from "./folder-bytes-bun.ts";
export { openFolderDisk, type FolderDiskOptions } from "./package-disk-bun.ts";
export {
  DISK_LIMITS_SPACE,
  MAX_DISK_LIMIT_BYTES,
  PackageDisk,
  type PackageDiskOptions,
  type PackageUsage,
} from "./package-disk.ts";
export { parseVfsPath, type VfsPath } from "./paths.ts";
export { createSha256, openFolderVfs, type FolderVfsOptions } from "./vfs-bun.ts";
export { createVfs, type Vfs, type VfsOptions } from "./vfs.ts";
