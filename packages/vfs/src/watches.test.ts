/** Watching files: who is told what, in which order, and how it ends. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ProcessId } from "@kinode-ts/types";
import { zipSync } from "fflate";
import { openDiskFolder } from "./disk-bun.ts";
import type { DiskFolder } from "./disk.ts";
import { DEFAULT_WATCH_LIMITS, type WatchLimits } from "./limits.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { createSha256 } from "./vfs-bun.ts";
import { createVfs } from "./vfs.ts";
import { openZip } from "./zip-bun.ts";

const APP = "main:p:x.os" as ProcessId;
const FOREIGN = "main:q:y.os" as ProcessId;
const DRIVE = "/p:x.os/data";
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kinode-watch-"));
  folders.push(folder);
  return folder;
}

async function setUp(disk: DiskFolder, limits: Partial<WatchLimits> = {}) {
  const watch = { ...DEFAULT_WATCH_LIMITS, ...limits };
  const vfs = createVfs({ disk, openZip, createSha256, limits: { watch } });
  const harness = createModuleHarness(vfs);
  await harness.start();
  const run = async (path: string, action: unknown, blob?: string | Uint8Array, source = APP) =>
    (await harness.ask(source, { body: { path, action }, blob })).json;
  expect(await run(DRIVE, "CreateDrive")).toBe("Ok");
  const events = (process: ProcessId) =>
    harness.sent.filter(({ target }) => target.process === process);
  const read = (event: { readonly body: Uint8Array }): unknown =>
    (JSON.parse(new TextDecoder().decode(event.body)) as { VfsEvent: unknown }).VfsEvent;
  let seen = 0;
  /** The next event of `process`, which is answered at once. */
  const next = async (process = APP): Promise<unknown> => {
    while (events(process).length <= seen) await Bun.sleep(1);
    const event = events(process)[seen++]!;
    harness.answer(process, event.id, { body: "" });
    return read(event);
  };
  return {
    vfs,
    harness,
    run,
    next,
    /** Only the changes. */
    changes: async () => ((await next()) as { changes: unknown }).changes,
    count: (process = APP) => events(process).length,
    watch: async (path = DRIVE, recursive = false, source = APP, id = 1) =>
      await run(path, { Watch: { watch: id, recursive } }, undefined, source),
  };
}

const DISKS: readonly (readonly [string, () => DiskFolder])[] = [
  ["memory", createMemoryDisk],
  ["folder", () => openDiskFolder(newFolder())],
];

describe.each(DISKS)("watching on a %s disk", (_name, createDisk) => {
  test("each action tells what it has changed", async () => {
    const { run, watch, changes, count } = await setUp(createDisk());
    expect(await watch(DRIVE, true)).toBe("Ok");
    const after = async (path: string, action: unknown, blob?: string | Uint8Array) => {
      expect(await run(`${DRIVE}/${path}`, action, blob)).toBe("Ok");
      return await changes();
    };
    const at = (path: string): string => `${DRIVE}/${path}`;
    expect(await after("a", "Write", "1")).toEqual([{ Created: at("a") }]);
    expect(await after("a", "Write", "2")).toEqual([{ Written: at("a") }]);
    expect(await after("a", "Append", "3")).toEqual([{ Written: at("a") }]);
    expect(await after("a", "WriteAll", "4")).toEqual([{ Written: at("a") }]);
    expect(await after("a", { SetLen: 1 })).toEqual([{ Written: at("a") }]);
    expect(await after("a", "CreateFile")).toEqual([{ Written: at("a") }]);
    expect(await after("b", "CreateFile")).toEqual([{ Created: at("b") }]);
    expect(await after("c", { OpenFile: { create: true } })).toEqual([{ Created: at("c") }]);
    expect(await after("d/e/f", "CreateDirAll")).toEqual([
      { Created: at("d") },
      { Created: at("d/e") },
      { Created: at("d/e/f") },
    ]);
    expect(await after("d/g", "CreateDir")).toEqual([{ Created: at("d/g") }]);
    expect(await after("a", { CopyFile: { new_path: at("d/a") } })).toEqual([
      { Created: at("d/a") },
    ]);
    expect(await after("a", { CopyFile: { new_path: at("d/a") } })).toEqual([
      { Written: at("d/a") },
    ]);
    expect(await after("d", { Rename: { new_path: at("h") } })).toEqual([
      { Renamed: { from: at("d"), to: at("h") } },
    ]);
    expect(await after("h/g", "RemoveDir")).toEqual([{ Removed: at("h/g") }]);
    expect(await after("h", "RemoveDirAll")).toEqual([{ Removed: at("h") }]);
    expect(await after("a", "RemoveFile")).toEqual([{ Removed: at("a") }]);
    const unpacked = await after("z", "AddZip", zipSync({ "x/y": new Uint8Array(3) }));
    const rest = async () => ((unpacked as unknown[]).length < 3 ? await changes() : []);
    for (let more = await rest(); Array.isArray(more) && more.length > 0; more = await rest()) {
      (unpacked as unknown[]).push(...(more as unknown[]));
    }
    expect(unpacked).toEqual([
      { Created: at("z") },
      { Created: at("z/x") },
      { Created: at("z/x/y") },
    ]);
    // What only reads, or fails, is no news.
    const before = count();
    for (const action of ["Read", "Metadata", "Len", "ReadDir", "CloseFile", "RemoveFile"]) {
      await run(at("nothing"), action);
      await run(at("b"), action === "RemoveFile" ? "Read" : action);
    }
    expect(await run(at("no/folder"), "Write", "x")).toMatchObject({ Err: {} });
    expect(count()).toBe(before);
  });

  test("a watch sees its folder and what is directly in it, or everything below; a file only itself", async () => {
    const { run, watch, next, harness } = await setUp(createDisk());
    await run(`${DRIVE}/dir`, "CreateDir");
    await run(`${DRIVE}/dir/file`, "Write", "1");
    expect(await watch(`${DRIVE}/dir`, false, APP, 1)).toBe("Ok");
    expect(await watch(`${DRIVE}/dir/file`, false, APP, 2)).toBe("Ok");
    await run(`${DRIVE}/dir/deep/er`, "CreateDirAll");
    expect(await next()).toEqual({ watch: 1, changes: [{ Created: `${DRIVE}/dir/deep` }] });
    await run(`${DRIVE}/dir/deep/er/x`, "Write", "1");
    await run(`${DRIVE}/dir2`, "CreateDir");
    await run(`${DRIVE}/dir/file`, "Write", "2");
    const both = [await next(), await next()];
    expect(both).toContainEqual({ watch: 1, changes: [{ Written: `${DRIVE}/dir/file` }] });
    expect(both).toContainEqual({ watch: 2, changes: [{ Written: `${DRIVE}/dir/file` }] });
    // Moved out of sight, and into it.
    await run(`${DRIVE}/dir/file`, { Rename: { new_path: `${DRIVE}/out` } });
    await run(`${DRIVE}/out`, { Rename: { new_path: `${DRIVE}/dir/file` } });
    for (const watched of [1, 2]) {
      const events = harness.sent
        .map(({ body }) => new TextDecoder().decode(body))
        .filter((text) => text.startsWith(`{"VfsEvent":{"watch":${watched},`));
      expect(events.at(-1)).toContain(`"Removed":"${DRIVE}/dir/file"`);
    }
  });

  test("changes until an event is answered are put together into the next", async () => {
    const { run, watch, harness, count } = await setUp(createDisk());
    await watch(DRIVE, true);
    await run(`${DRIVE}/first`, "Write", "1");
    await run(`${DRIVE}/kept`, "Write", "1");
    await run(`${DRIVE}/kept`, "Append", "2");
    await run(`${DRIVE}/short`, "Write", "1");
    await run(`${DRIVE}/short`, "RemoveFile");
    await run(`${DRIVE}/first`, "Write", "2");
    await run(`${DRIVE}/first`, "RemoveFile");
    await run(`${DRIVE}/first`, "Write", "3");
    await run(`${DRIVE}/first`, { Rename: { new_path: `${DRIVE}/second` } });
    await run(`${DRIVE}/second`, "Write", "4");
    const events = () => harness.sent.filter(({ target }) => target.process === APP);
    expect(count()).toBe(1);
    harness.answer(APP, events()[0]!.id, { body: "" });
    expect(count()).toBe(2);
    expect(JSON.parse(new TextDecoder().decode(events()[1]!.body))).toEqual({
      VfsEvent: {
        watch: 1,
        changes: [
          { Created: `${DRIVE}/kept` },
          { Written: `${DRIVE}/first` },
          { Renamed: { from: `${DRIVE}/first`, to: `${DRIVE}/second` } },
          { Written: `${DRIVE}/second` },
        ],
      },
    });
  });

  test("more than is kept becomes one Overflow, and then it goes on", async () => {
    const { run, watch, changes } = await setUp(createDisk(), { maxPendingCount: 3 });
    await watch();
    for (let index = 0; index < 10; index++) await run(`${DRIVE}/${index}`, "Write", "1");
    expect(await changes()).toEqual([{ Created: `${DRIVE}/0` }]);
    expect(await changes()).toEqual(["Overflow"]);
    await run(`${DRIVE}/0`, "Write", "2");
    expect(await changes()).toEqual([{ Written: `${DRIVE}/0` }]);
  });

  test("only who may read may watch, and losing the right ends it", async () => {
    const { run, watch, next, count, harness } = await setUp(createDisk());
    expect(await watch(DRIVE, true, FOREIGN)).toEqual({ Err: "NoReadCap" });
    harness.give(FOREIGN, `{"kind":"write","drive":"${DRIVE}"}`);
    expect(await watch(DRIVE, true, FOREIGN)).toEqual({ Err: "NoReadCap" });
    harness.give(FOREIGN, `{"kind":"read","drive":"${DRIVE}"}`);
    expect(await watch(DRIVE, true, FOREIGN)).toBe("Ok");
    await run(`${DRIVE}/a`, "Write", "1");
    expect(await next(FOREIGN)).toEqual({ watch: 1, changes: [{ Created: `${DRIVE}/a` }] });
    harness.takeAll(FOREIGN);
    await run(`${DRIVE}/secret`, "Write", "1");
    expect(await next(FOREIGN)).toEqual({ watch: 1, changes: ["Ended"] });
    harness.give(FOREIGN, `{"kind":"read","drive":"${DRIVE}"}`);
    await run(`${DRIVE}/secret`, "Write", "2");
    expect(count(FOREIGN)).toBe(2);
  });

  test("a watch ends with Unwatch, with its process, and is replaced by one of the same number", async () => {
    const { vfs, run, watch, count, changes } = await setUp(createDisk());
    await run(`${DRIVE}/dir`, "CreateDir");
    await watch(DRIVE);
    await watch(`${DRIVE}/dir`);
    await run(`${DRIVE}/a`, "Write", "1");
    expect(count()).toBe(0);
    await run(`${DRIVE}/dir/a`, "Write", "1");
    expect(await changes()).toEqual([{ Created: `${DRIVE}/dir/a` }]);
    expect(await run(DRIVE, { Unwatch: { watch: 1 } })).toBe("Ok");
    expect(await run(DRIVE, { Unwatch: { watch: 77 } })).toBe("Ok");
    await run(`${DRIVE}/dir/b`, "Write", "1");
    await watch(DRIVE);
    vfs.processEnded!(APP);
    await run(`${DRIVE}/c`, "Write", "1");
    expect(count()).toBe(1);
  });

  test("watches are counted per process, per package and in all", async () => {
    const limits = { maxPerProcess: 2, maxPerPackage: 3, maxTotal: 4 };
    const { watch, run, harness, vfs } = await setUp(createDisk(), limits);
    const sibling = "other:p:x.os" as ProcessId;
    const tooMany = {
      Err: {
        IOError:
          "Too many watches (os error 24): a process may have 2, a package 3, all together 4; end one with Unwatch",
      },
    };
    expect(await watch(DRIVE, false, APP, 1)).toBe("Ok");
    expect(await watch(DRIVE, false, APP, 2)).toBe("Ok");
    expect(await watch(DRIVE, false, APP, 3)).toEqual(tooMany);
    expect(await watch(DRIVE, false, sibling, 1)).toBe("Ok");
    expect(await watch(DRIVE, false, sibling, 2)).toEqual(tooMany);
    expect(await run(DRIVE, { Unwatch: { watch: 2 } })).toBe("Ok");
    expect(await watch(DRIVE, false, sibling, 2)).toBe("Ok");
    // One of the package has ended; another package has what is left of all.
    harness.give(FOREIGN, JSON.stringify({ kind: "read", drive: DRIVE }));
    expect(await watch(DRIVE, false, FOREIGN, 1)).toBe("Ok");
    expect(await watch(DRIVE, false, FOREIGN, 2)).toEqual(tooMany);
    vfs.processEnded!(sibling);
    expect(await watch(DRIVE, false, FOREIGN, 2)).toBe("Ok");
  });

  test("what is no watch, or watches nothing, is refused", async () => {
    const { run, watch } = await setUp(createDisk());
    for (const action of [
      "Watch",
      { Watch: null },
      { Watch: {} },
      { Watch: { watch: -1 } },
      { Watch: { watch: 0.5 } },
      { Watch: { watch: 2 ** 32 } },
      { Watch: { watch: 1, recursive: "yes" } },
      { Unwatch: {} },
    ]) {
      expect(await run(DRIVE, action)).toEqual({ Err: "MalformedRequest" });
    }
    expect(await watch(`${DRIVE}/nothing`)).toEqual({
      Err: { IOError: "No such file or directory (os error 2)" },
    });
    expect(await run(DRIVE, { Watch: { watch: 1, recursive: null, more: 1 } })).toBe("Ok");
  });
});

test("an event that is not answered in time is followed by the next", async () => {
  const { vfs, run, watch, harness, count } = await setUp(createMemoryDisk());
  await watch();
  await run(`${DRIVE}/a`, "Write", "1");
  await run(`${DRIVE}/b`, "Write", "1");
  expect(count()).toBe(1);
  const event = harness.sent.find(({ target }) => target.process === APP)!;
  expect(event.expectsResponse).toBe(30);
  const address = { node: harness.our, process: APP };
  vfs.sendError!(
    {
      id: event.id,
      source: { node: harness.our, process: vfs.id },
      target: address,
      rsvp: undefined,
      message: {
        kind: "request",
        inherit: false,
        expectsResponse: 30,
        body: event.body,
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    },
    "timeout",
  );
  expect(count()).toBe(2);
});

describe("changes by hand", () => {
  async function start(recursive: boolean, prepare: (host: string) => void = () => {}) {
    const folder = newFolder();
    const host = join(folder, "p:x.os/data");
    const setup = await setUp(openDiskFolder(folder));
    prepare(host);
    expect(await setup.watch(DRIVE, recursive)).toBe("Ok");
    // A recursive look counts folders first: it has begun when it tells of a probe.
    for (let probe = 0; recursive && setup.count() === 0; probe++) {
      writeFileSync(join(host, `probe${probe}`), "");
      await Bun.sleep(5);
    }
    return { ...setup, host };
  }

  /** Changes until one that satisfies `isLast` is among them. */
  async function until(
    changes: () => Promise<unknown>,
    isLast: (change: unknown) => boolean,
  ): Promise<unknown[]> {
    const all: unknown[] = [];
    while (!all.some(isLast)) all.push(...((await changes()) as unknown[]));
    return all;
  }
  const is = (expected: object) => (change: unknown) => Bun.deepEquals(change, expected);

  test("files made, written and removed in the folder itself are told", async () => {
    const { host, changes } = await start(false);
    writeFileSync(join(host, "a"), "1");
    expect(await until(changes, is({ Created: `${DRIVE}/a` }))).toBeArray();
    await Bun.sleep(10);
    writeFileSync(join(host, "a"), "longer");
    expect(await until(changes, is({ Written: `${DRIVE}/a` }))).toBeArray();
    rmSync(join(host, "a"));
    expect(await until(changes, is({ Removed: `${DRIVE}/a` }))).toBeArray();
  });

  test("below the folder too, when asked for, also in folders made later", async () => {
    const { host, changes } = await start(true, (at) => mkdirSync(join(at, "old")));
    writeFileSync(join(host, "old/a"), "1");
    await until(changes, is({ Created: `${DRIVE}/old/a` }));
    mkdirSync(join(host, "new"));
    await until(changes, is({ Created: `${DRIVE}/new` }));
    writeFileSync(join(host, "new/b"), "1");
    await until(changes, is({ Created: `${DRIVE}/new/b` }));
    renameSync(join(host, "new/b"), join(host, "c"));
    await until(changes, is({ Created: `${DRIVE}/c` }));
  });

  test("what went through the node is told once", async () => {
    const { run, harness, host, changes } = await start(false);
    for (let index = 0; index < 20; index++) {
      await run(`${DRIVE}/n${index}`, "Write", "1");
      await run(`${DRIVE}/n${index}`, "Append", "2");
      await run(`${DRIVE}/n${index}`, "Write", new Uint8Array(600 * 1024));
    }
    await Bun.sleep(50);
    writeFileSync(join(host, "end"), "");
    const all = await until(changes, is({ Created: `${DRIVE}/end` }));
    for (let index = 0; index < 20; index++) {
      const path = `${DRIVE}/n${index}`;
      const told = all.filter((change) => JSON.stringify(change).includes(`"${path}"`));
      expect(told.length).toBeGreaterThan(0);
      expect(told.filter(is({ Created: path })).length).toBe(1);
      expect(told.length).toBeLessThanOrEqual(3);
    }
    expect(harness.prints).toEqual([]);
  });

  test("links that lead out of the drive are not followed", async () => {
    const outside = newFolder();
    const { host, changes } = await start(true, (at) => symlinkSync(outside, join(at, "link")));
    writeFileSync(join(outside, "secret"), "1");
    await Bun.sleep(30);
    writeFileSync(join(host, "end"), "");
    const all = await until(changes, is({ Created: `${DRIVE}/end` }));
    expect(JSON.stringify(all)).not.toContain("secret");
  });
});
