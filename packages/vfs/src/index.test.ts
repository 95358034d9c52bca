import { expect, test } from "bun:test";

test("public names of @kinode-ts/vfs and @kinode-ts/vfs/zip", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "DEFAULT_VFS_LIMITS",
    "DISK_LIMITS_SPACE",
    "MAX_DISK_LIMIT_BYTES",
    "PackageDisk",
    "VfsError",
    "createMemoryDisk",
    "createSha256",
    "createVfs",
    "errorJson",
    "folderBytes",
    "openDiskFolder",
    "openFolderDisk",
    "openFolderVfs",
    "parseVfsPath",
  ]);
  expect(Object.keys(await import("./zip-bun.ts")).sort()).toEqual([
    "DEFAULT_ZIP_LIMITS",
    "ZipError",
    "openZip",
    "readZip",
  ]);
});
