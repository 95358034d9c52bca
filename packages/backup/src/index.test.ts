import { expect, test } from "bun:test";

test("public names of @kinode-ts/backup", async () => {
  const names = async (entry: string): Promise<string[]> =>
    Object.keys((await import(entry)) as Record<string, unknown>).sort();
  expect(await names("./index.ts")).toEqual([
    "BackupError",
    "DEFAULT_BACKUP_LIMITS",
    "DEFAULT_BACKUP_SIZES",
    "applyRetention",
    "createLocalEngine",
    "createMemoryRemote",
    "createRecoveryKey",
    "initRepository",
    "isObjectId",
    "openRepository",
    "parseRecoveryKey",
    "snapshotEverywhere",
    "withPatience",
  ]);
  expect(await names("./folder-bun.ts")).toEqual([
    "createFolderRemote",
    "createFolderSource",
    "createFolderTarget",
  ]);
  expect(await names("./s3-remote-bun.ts")).toEqual(["createS3Remote"]);
  expect(await names("./powers-bun.ts")).toEqual(["createHostPowers", "createThreadEngine"]);
});
