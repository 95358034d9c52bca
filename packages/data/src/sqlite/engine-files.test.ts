/** What the host does beside the thread with the files of a SQL database, when their engine ends meanwhile. */
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PackageId } from "@kinode-ts/types";
import { TestAccount } from "../../test/test-accounts.ts";
import { DiskUse } from "../disk-use.ts";
import { FILE } from "./engine.ts";
import { openEngineFiles } from "./engine-files-bun.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const LARGE = new Uint8Array(12 * 1024 * 1024);

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), "engine-files-"));
  folders.push(folder);
  const account = new TestAccount();
  const files = openEngineFiles(folder, "d", new DiskUse("p:x.os" as PackageId, account, 0));
  expect(files.write(FILE.log, 0, LARGE)).toBe(true);
  expect(account.usedBytes).toBe(LARGE.length);
  return { files, account, log: join(folder, "d.db-wal") };
}

test("files are let go of when what is under way with them is done, not before", async () => {
  for (const what of ["truncate", "delete"] as const) {
    const { files, account, log } = setUp();
    const order: string[] = [];
    const done = what === "truncate" ? files.truncate(FILE.log, 4_096) : files.delete(FILE.log);
    expect(done).toBeInstanceOf(Promise);
    const told = (async () => order.push(`${what} ${await done}`))();
    await Promise.all([told, (async () => (await files.close(), order.push("closed")))()]);
    expect(order).toEqual([`${what} true`, "closed"]);
    expect(account.usedBytes).toBe(what === "truncate" ? 4_096 : 0);
    if (what === "truncate") expect(statSync(log).size).toBe(4_096);
    else expect(existsSync(log)).toBe(false);
  }
});

test("a file that is cut off beside the thread has its new size at once afterwards", async () => {
  const { files, log } = setUp();
  expect(await files.truncate(FILE.log, 0)).toBe(true);
  expect(files.size(FILE.log)).toBe(0);
  expect(files.write(FILE.log, 0, new Uint8Array(100))).toBe(true);
  expect(statSync(log).size).toBe(100);
  expect(files.truncate(FILE.log, 10)).toBe(true);
  await files.close();
});
