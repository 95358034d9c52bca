/**
 * The VFS on a folder of this machine: what a node composes.
 * @module
 */
import { openDiskFolder } from "./disk-bun.ts";
import type { DiskAccounts } from "@kinode-ts/types";
import type { Sha256 } from "./disk.ts";
import type { VfsLimits } from "./limits.ts";
import { createVfs, type Vfs } from "./vfs.ts";
import { openZip } from "./zip-bun.ts";

export interface FolderVfsOptions {
  /** `<home>/vfs`; created when missing. */
  readonly folder: string;
  readonly limits?: Partial<VfsLimits>;
  /** Default: everything fits. */
  readonly accounts?: DiskAccounts;
}

/** @throws {VfsError} `vfs.io` when the folder cannot be used */
export function openFolderVfs(options: FolderVfsOptions): Vfs {
  return createVfs({
    disk: openDiskFolder(options.folder),
    openZip,
    createSha256,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.accounts === undefined ? {} : { accounts: options.accounts }),
  });
}

/** SHA-256 by the host. */
export function createSha256(): Sha256 {
  const hasher = new Bun.CryptoHasher("sha256");
  return {
    update: (bytes) => void hasher.update(bytes),
    digest: () => Uint8Array.from(hasher.digest()),
  };
}
