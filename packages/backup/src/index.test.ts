import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/backup", () => {
  expect(Object.keys(all).sort()).toEqual([
    "BackupError",
    "DEFAULT_BACKUP_LIMITS",
    "createRecoveryKey",
    "parseRecoveryKey",
  ]);
});
