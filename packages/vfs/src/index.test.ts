import { expect, test } from "bun:test";

test("public names of @kinode-ts/vfs and @kinode-ts/vfs/zip", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "DEFAULT_VFS_LIMITS",
    "VfsError",
    "createMemoryDisk",
    "createSha256",
    "createVfs",
    "errorJson",
    "openDiskFolder",
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
