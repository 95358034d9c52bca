/** Every request that changes sizes is booked; what does not fit changes nothing. */
import { afterEach, describe, expect, test } from "bun:test";
import { linkSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import fc from "fast-check";
import { zipSync } from "fflate";
import { openDiskFolder } from "./disk-bun.ts";
import type { DiskFolder } from "./disk.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { PackageDisk } from "./package-disk.ts";
import { createSha256 } from "./vfs-bun.ts";
import { createVfs } from "./vfs.ts";
import { openZip } from "./zip-bun.ts";

const APP = "main:p:x.os";
const DRIVE = "/p:x.os/data";
const OWNER = "p:x.os";
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kinode-space-"));
  folders.push(folder);
  return folder;
}

async function setUp(disk: DiskFolder) {
  const accounts = new PackageDisk({
    count: async (owner) => disk.treeBytes(owner),
    owners: async () => [],
  });
  const vfs = createVfs({ disk, openZip, createSha256, accounts });
  const harness = createModuleHarness(vfs);
  await harness.start();
  const run = async (path: string, action: unknown, blob?: string | Uint8Array, source = APP) =>
    (await harness.ask(source, { body: { path, action }, blob })).json;
  expect(await run(DRIVE, "CreateDrive")).toBe("Ok");
  return {
    vfs,
    harness,
    run,
    accounts,
    limit: (bytes: number | undefined) => accounts.setLimit(OWNER, bytes),
    used: async (owner = OWNER) => (await accounts.usage(owner)).usedBytes,
  };
}

const DISKS: readonly (readonly [string, () => DiskFolder])[] = [
  ["memory", createMemoryDisk],
  ["folder", () => openDiskFolder(newFolder())],
];

function full(used: number, limit: number, more: number): unknown {
  const text = `Disk quota exceeded (os error 122): ${OWNER} uses ${used} of ${limit} bytes and this takes ${more} more; remove something, or let it have more with: kinode limit ${OWNER} --disk <size>`;
  return { Err: { IOError: text } };
}

describe.each(DISKS)("disk space on a %s disk", (_name, createDisk) => {
  test("each action books what it adds or takes", async () => {
    const { run, used } = await setUp(createDisk());
    const after = async (path: string, action: unknown, blob?: string | Uint8Array) => {
      expect(await run(`${DRIVE}/${path}`, action, blob)).toBe("Ok");
      return await used();
    };
    expect(await after("a", "Write", "12345")).toBe(5);
    expect(await after("a", "Write", "123")).toBe(3);
    expect(await after("a", "Append", "4567")).toBe(7);
    expect(await after("a", { OpenFile: { create: false } })).toBe(7);
    expect(await after("a", "WriteAll", "xx")).toBe(7);
    expect(await after("a", { SetLen: 100 })).toBe(100);
    expect(await after("a", { SetLen: 10 })).toBe(10);
    expect(await after("a", { CopyFile: { new_path: `${DRIVE}/b` } })).toBe(20);
    expect(await after("b", "Write", "1")).toBe(11);
    expect(await after("a", { Rename: { new_path: `${DRIVE}/b` } })).toBe(10);
    expect(await after("b", { Rename: { new_path: `${DRIVE}/b` } })).toBe(10);
    expect(await after("b", "CreateFile")).toBe(0);
    expect(await after("b", "Write", "1234")).toBe(4);
    expect(await after("dir/deep", "CreateDirAll")).toBe(4);
    expect(await after("dir/deep/c", "Write", "12")).toBe(6);
    const zip = zipSync({ x: new Uint8Array(30), "y/z": new Uint8Array(10) });
    expect(await after("dir/zip", "AddZip", zip)).toBe(46);
    expect(await after("dir", "RemoveDirAll")).toBe(4);
    expect(await after("b", "RemoveFile")).toBe(0);
  });

  test("what does not fit is refused with what, used, limit and a way out, and changes nothing", async () => {
    const { run, used, limit } = await setUp(createDisk());
    expect(await run(`${DRIVE}/a`, "Write", "12345")).toBe("Ok");
    await limit(8);
    expect(await run(`${DRIVE}/a`, "Write", "123456789")).toEqual(full(5, 8, 4));
    expect(await run(`${DRIVE}/new`, "Write", "1234")).toEqual(full(5, 8, 4));
    expect(await run(`${DRIVE}/new`, "Metadata")).toMatchObject({ Err: {} });
    expect(await run(`${DRIVE}/a`, "Append", "1234")).toEqual(full(5, 8, 4));
    expect(await run(`${DRIVE}/a`, { Seek: { Start: 100 } })).toMatchObject({ SeekFrom: {} });
    expect(await run(`${DRIVE}/a`, "WriteAll", "x")).toEqual(full(5, 8, 96));
    expect(await run(`${DRIVE}/a`, { SetLen: 9 })).toEqual(full(5, 8, 4));
    expect(await run(`${DRIVE}/a`, { CopyFile: { new_path: `${DRIVE}/b` } })).toEqual(
      full(5, 8, 5),
    );
    expect(await run(`${DRIVE}/b`, "Len")).toMatchObject({ Err: {} });
    expect(await run(`${DRIVE}/a`, "Len")).toEqual({ Len: 5 });
    expect(await used()).toBe(5);
    // What fits goes on, up to the last byte, and so does what makes room.
    expect(await run(`${DRIVE}/a`, "Append", "678")).toBe("Ok");
    expect(await run(`${DRIVE}/a`, "Append", "")).toBe("Ok");
    expect(await run(`${DRIVE}/a`, "Write", "12")).toBe("Ok");
    expect(await run(`${DRIVE}/b`, "Write", "123456")).toBe("Ok");
    await limit(3);
    expect(await run(`${DRIVE}/b`, "Write", "1234")).toBe("Ok");
    expect(await run(`${DRIVE}/b`, "RemoveFile")).toBe("Ok");
    expect(await used()).toBe(2);
  });

  test("a zip that does not fit leaves whole files only", async () => {
    const { run, limit, used } = await setUp(createDisk());
    await limit(45);
    const zip = zipSync({ a: new Uint8Array(40), b: new Uint8Array(10), c: new Uint8Array(5) });
    expect(await run(DRIVE, "AddZip", zip)).toEqual(full(40, 45, 10));
    expect(await run(`${DRIVE}/a`, "Len")).toEqual({ Len: 40 });
    expect(await run(`${DRIVE}/b`, "Len")).toMatchObject({ Err: {} });
    expect(await used()).toBe(40);
  });

  test("big writes at once cannot take the same room", async () => {
    const { harness, run, limit, used } = await setUp(createDisk());
    const mebibyte = new Uint8Array(1024 * 1024);
    await limit(mebibyte.length);
    const answers = await Promise.all(
      ["a", "b", "c"].map((name) =>
        harness.ask(`${name}:p:x.os`, {
          body: { path: `${DRIVE}/${name}`, action: "Write" },
          blob: mebibyte,
        }),
      ),
    );
    expect(answers.filter(({ json }) => json === "Ok").length).toBe(1);
    expect(await used()).toBe(mebibyte.length);
    const listed = (await run(DRIVE, "ReadDir")) as { ReadDir: unknown[] };
    expect(listed.ReadDir.length).toBe(1);
  });

  test("files and folders moved to another package are counted there", async () => {
    const { harness, run, used } = await setUp(createDisk());
    harness.give(APP, '{"root":true}');
    expect(await run("/q:y.os/in", "CreateDrive")).toBe("Ok");
    expect(await run(`${DRIVE}/dir`, "CreateDir")).toBe("Ok");
    for (const name of ["dir/a", "dir/b", "c"]) await run(`${DRIVE}/${name}`, "Write", "12345");
    expect(await run(`${DRIVE}/dir`, { Rename: { new_path: "/q:y.os/in/dir" } })).toBe("Ok");
    expect([await used(), await used("q:y.os")]).toEqual([5, 10]);
    expect(await run(`${DRIVE}/c`, { Rename: { new_path: "/q:y.os/in/dir/a" } })).toBe("Ok");
    expect([await used(), await used("q:y.os")]).toEqual([0, 10]);
  });

  test("the node itself books what it writes and is never refused", async () => {
    const { vfs, limit, used } = await setUp(createDisk());
    await limit(0);
    await vfs.files.makeDirectories("/p:x.os/pkg");
    await vfs.files.write("/p:x.os/pkg/app.js", new Uint8Array(100));
    expect(await used()).toBe(100);
    await vfs.files.write("/p:x.os/pkg/app.js", new Uint8Array(50));
    await vfs.files.rename("/p:x.os/pkg", "/p:x.os/old");
    expect(await used()).toBe(50);
    await vfs.files.remove("/p:x.os/old");
    await vfs.files.remove("/p:x.os/old");
    expect(await used()).toBe(0);
  });

  test("a process asks for the usage of its own package, others need root", async () => {
    const { harness, run, limit } = await setUp(createDisk());
    await run(`${DRIVE}/a`, "Write", "12345");
    expect(await run("/p:x.os", "Usage")).toEqual({ Usage: { used_bytes: 5, limit_bytes: null } });
    await limit(1_000);
    const shown = { Usage: { used_bytes: 5, limit_bytes: 1_000 } };
    expect(await run(`${DRIVE}/whatever`, { Usage: null })).toEqual(shown);
    expect(await run(DRIVE, "Usage", undefined, "main:q:y.os")).toEqual({ Err: "NoReadCap" });
    harness.give("main:q:y.os", `{"kind":"read","drive":"${DRIVE}"}`);
    expect(await run(DRIVE, "Usage", undefined, "main:q:y.os")).toEqual({ Err: "NoReadCap" });
    harness.give("main:q:y.os", '{"root":true}');
    expect(await run(DRIVE, "Usage", undefined, "main:q:y.os")).toEqual(shown);
    for (const path of ["", "/", "p", "/..", "/p:x.os/.."]) {
      expect(await run(path, "Usage")).toEqual({ Err: "MalformedRequest" });
    }
  });

  test("after any actions in any order the account says what is on the disk", async () => {
    const name = fc.constantFrom("a", "b", "dir/a", "dir/b", "dir");
    const length = fc.nat(40);
    const step = fc.oneof(
      fc.tuple(name, fc.constantFrom("Write", "Append", "WriteAll"), length),
      fc.tuple(name, fc.constantFrom("CreateFile", "RemoveFile", "RemoveDirAll", "CreateDir")),
      fc.tuple(name, fc.record({ SetLen: length })),
      fc.tuple(name, fc.record({ Seek: fc.record({ Start: length }) })),
      fc.tuple(
        name,
        fc.record({ Rename: fc.record({ new_path: name.map((n) => `${DRIVE}/${n}`) }) }),
      ),
      fc.tuple(
        name,
        fc.record({ CopyFile: fc.record({ new_path: name.map((n) => `${DRIVE}/${n}`) }) }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const disk = createDisk();
        const { run, limit, used } = await setUp(disk);
        await limit(100);
        for (const [path, action, size] of steps as [string, unknown, number?][]) {
          const blob = size === undefined ? undefined : new Uint8Array(size);
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await run(`${DRIVE}/${path}`, action, blob);
        }
        expect(await used()).toBe(await disk.treeBytes(OWNER));
        expect(await used()).toBeLessThanOrEqual(100);
      }),
      { numRuns: 30, seed: 5 },
    );
  });
});

test("a copy of a file with holes has holes, as many bytes, and leaves the disk to others meanwhile", async () => {
  const folder = newFolder();
  const { run, used, limit, harness } = await setUp(openDiskFolder(folder));
  const length = 300 * 1024 * 1024;
  await limit(2 * length);
  expect(await run(`${DRIVE}/a`, "Write", "begin")).toBe("Ok");
  expect(await run(`${DRIVE}/a`, { SetLen: length - 3 })).toBe("Ok");
  expect(await run(`${DRIVE}/a`, "Append", "end")).toBe("Ok");
  expect(await run(`${DRIVE}/b`, "Write", "x".repeat(1_000))).toBe("Ok");
  expect(await run(`${DRIVE}/a`, { CopyFile: { new_path: `${DRIVE}/b` } })).toBe("Ok");
  expect(await used()).toBe(2 * length);
  const { size, blocks } = statSync(join(folder, "p:x.os/data/b"));
  expect(size).toBe(length);
  expect(blocks * 512).toBeLessThan(4 * 1024 * 1024);
  const file = await Bun.file(join(folder, "p:x.os/data/b"))
    .slice(length - 8)
    .text();
  expect(file).toBe("\0\0\0\0\0end");
  expect(await Bun.file(join(folder, "p:x.os/data/b")).slice(0, 7).text()).toBe("begin\0\0");
  expect(await run(`${DRIVE}/a`, { CopyFile: { new_path: `${DRIVE}/c` } })).toEqual(
    full(2 * length, 2 * length, length),
  );
  expect(await run(`${DRIVE}/c`, "Metadata")).toMatchObject({ Err: {} });
  // Who else works on the machine may hold others up until the copy is there, but not each time.
  let wasBeside = false;
  for (let tries = 0; tries < 20 && !wasBeside; tries++) {
    let isCopied = false;
    const copied = harness
      .ask("other:p:x.os", {
        body: { path: `${DRIVE}/a`, action: { CopyFile: { new_path: `${DRIVE}/b` } } },
      })
      .then(() => (isCopied = true));
    expect(await run(DRIVE, "Metadata")).toMatchObject({ Metadata: {} });
    wasBeside = !isCopied;
    await copied;
  }
  expect(wasBeside).toBe(true);
});

test("a file is not copied onto itself under another name, which would empty it", async () => {
  const folder = newFolder();
  const { run } = await setUp(openDiskFolder(folder));
  await run(`${DRIVE}/a`, "Write", "content");
  linkSync(join(folder, "p:x.os/data/a"), join(folder, "p:x.os/data/b"));
  expect(await run(`${DRIVE}/a`, { CopyFile: { new_path: `${DRIVE}/b` } })).toEqual({
    Err: { IOError: "Invalid argument (os error 22)" },
  });
  expect(await run(`${DRIVE}/b`, "ReadToString")).toEqual({ ReadToString: "content" });
});

test("what a broken disk has really taken is counted", async () => {
  const disk = createMemoryDisk();
  const write = disk.write.bind(disk);
  disk.write = (path, bytes, room) => {
    void write(path, bytes.subarray(0, 3), room);
    return { kind: "failed", before: 0, after: 3, error: new Error("the disk broke") };
  };
  const { run, used, harness } = await setUp(disk);
  expect(await run(`${DRIVE}/a`, "Write", "123456")).toEqual({
    Err: { IOError: "Input/output error (os error 5)" },
  });
  expect(await used()).toBe(3);
  expect(harness.prints.map(({ text }) => text)).toEqual(["vfs: internal fault: the disk broke"]);
});

test("trees that the end of the program left half removed vanish, and were never seen", async () => {
  const folder = newFolder();
  const { run } = await setUp(openDiskFolder(folder));
  await run(`${DRIVE}/a`, "Write", "1");
  writeFileSync(join(folder, ".removed", "left"), "behind");
  const { run: next, harness } = await setUp(openDiskFolder(folder));
  harness.give(APP, '{"root":true}');
  expect(await next("/", "ReadDir")).toEqual({
    ReadDir: [{ path: "p:x.os", file_type: "Directory" }],
  });
  expect(await next("/.removed/left", "Read")).toEqual({ Err: "MalformedRequest" });
  // oxlint-disable-next-line no-await-in-loop -- until it is gone, or the test's time is over
  while (readdirSync(join(folder, ".removed")).length > 0) await Bun.sleep(1);
});
