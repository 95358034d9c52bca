/** Accounts of disk space: counted once, booked exactly, limited by the person. */
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DISK_LIMITS_SPACE, PackageDisk } from "./package-disk.ts";
import { openFolderDisk } from "./package-disk-bun.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function counted(bytes: number): { disk: PackageDisk; counts: () => number } {
  let counts = 0;
  const disk = new PackageDisk({
    count: async () => {
      counts++;
      return bytes;
    },
    owners: async () => ["p:x.os"],
  });
  return { disk, counts: () => counts };
}

test("a package is counted once, whoever asks meanwhile, and known at once afterwards", async () => {
  const { disk, counts } = counted(100);
  const [first, second] = await Promise.all([disk.account("p:x.os"), disk.account("p:x.os")]);
  expect(first.usedBytes).toBe(100);
  expect(second).toBe(first);
  expect(disk.account("p:x.os")).toBe(first);
  expect(counts()).toBe(1);
});

test("bookings add up, never below nothing, and room ends exactly at the limit", async () => {
  const { disk } = counted(100);
  const account = await disk.account("p:x.os");
  expect(account.limitBytes).toBe(Infinity);
  await disk.setLimit("p:x.os", 150);
  expect(account.hasRoom(50)).toBe(true);
  expect(account.hasRoom(51)).toBe(false);
  account.book(50);
  expect(account.hasRoom(1)).toBe(false);
  expect(account.hasRoom(0)).toBe(true);
  account.book(-1_000);
  expect(account.usedBytes).toBe(0);
});

test("a limit is a record to store, and comes back from it", async () => {
  const { disk } = counted(7);
  const change = await disk.setLimit("p:x.os", 5);
  expect(change).toEqual({
    kind: "put-record",
    space: DISK_LIMITS_SPACE,
    key: "p:x.os",
    value: '{"bytes":5}',
  });
  const { disk: next } = counted(7);
  next.load([
    { key: "p:x.os", value: '{"bytes":5}' },
    { key: "q:x.os", value: "no json" },
    { key: "r:x.os", value: '{"bytes":-1}' },
  ]);
  expect(await next.list()).toEqual([{ owner: "p:x.os", usedBytes: 7, limitBytes: 5 }]);
  expect((await next.account("p:x.os")).hasRoom(1)).toBe(false);
  expect((await next.setLimit("p:x.os", undefined)).kind).toBe("delete-record");
  expect((await next.account("p:x.os")).limitBytes).toBe(Infinity);
});

test("what is no number of bytes is refused", async () => {
  const { disk } = counted(0);
  for (const bytes of [-1, 0.5, Number.NaN, Infinity, 2 ** 60]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(disk.setLimit("p:x.os", bytes)).rejects.toThrow(
      "Cannot limit the disk space of p:x.os",
    );
  }
});

test("folders are counted through all modules, links not followed", async () => {
  const home = mkdtempSync(join(tmpdir(), "kinode-disk-"));
  folders.push(home);
  mkdirSync(join(home, "vfs/p:x.os/data/deep/er"), { recursive: true });
  mkdirSync(join(home, "kv/p:x.os/db"), { recursive: true });
  writeFileSync(join(home, "outside"), "0123456789");
  writeFileSync(join(home, "vfs/p:x.os/data/deep/er/a"), "12345");
  writeFileSync(join(home, "kv/p:x.os/db/kv.sqlite"), "123");
  symlinkSync(join(home, "outside"), join(home, "vfs/p:x.os/data/link"));
  symlinkSync(home, join(home, "vfs/p:x.os/data/loop"));
  const disk = openFolderDisk({
    folders: ["vfs", "kv", "sqlite"].map((name) => join(home, name)),
  });
  expect(await disk.list()).toEqual([{ owner: "p:x.os", usedBytes: 8, limitBytes: Infinity }]);
  expect(await disk.usage("nobody:x.os")).toEqual({
    owner: "nobody:x.os",
    usedBytes: 0,
    limitBytes: Infinity,
  });
});
