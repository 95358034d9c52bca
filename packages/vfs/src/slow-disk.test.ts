/** A disk that does not answer delays those who wait for it, and nobody else. */
import { expect, test } from "bun:test";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Awaitable } from "@kinode-ts/types";
import type { DiskFolder } from "./disk.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { createSha256 } from "./vfs-bun.ts";
import { createVfs } from "./vfs.ts";
import { openZip } from "./zip-bun.ts";

const DRIVE = "/p:x.os/data";
const SLOW = `${DRIVE}/slow`;

/** Operations on paths with "slow" in them settle when `release` is called. */
function createStuckDisk() {
  const disk = createMemoryDisk();
  const release = Promise.withResolvers<void>();
  let stuckCount = 0;
  const stuck: DiskFolder = new Proxy(disk, {
    get(_, name: keyof DiskFolder) {
      const work = disk[name] as ((...args: unknown[]) => Awaitable<unknown>) | undefined;
      if (work === undefined) return undefined;
      return (...args: unknown[]) => {
        if (!String(args[0]).includes("slow")) return work.apply(disk, args);
        stuckCount++;
        return release.promise.then(() => work.apply(disk, args));
      };
    },
  });
  return { disk: stuck, release: release.resolve, count: () => stuckCount };
}

async function setUp(maxQueuedCount = 1_000) {
  const stuck = createStuckDisk();
  const limits = { maxQueuedCount };
  const vfs = createVfs({ disk: stuck.disk, openZip, createSha256, limits });
  const harness = createModuleHarness(vfs);
  await harness.start();
  const ask = async (source: string, path: string, action: unknown, blob?: string) =>
    (await harness.ask(source, { body: { path, action }, blob })).json;
  expect(await ask("main:p:x.os", DRIVE, "CreateDrive")).toBe("Ok");
  expect(await ask("main:q:y.os", "/q:y.os/data", "CreateDrive")).toBe("Ok");
  return { vfs, harness, ask, stuck };
}

const ACTIONS: readonly (readonly [unknown, string?])[] = [
  ["Read"],
  ["Write", "x"],
  ["Append", "x"],
  ["Metadata"],
  ["ReadDir"],
  ["CreateFile"],
  ["CreateDir"],
  ["CreateDirAll"],
  ["RemoveFile"],
  ["RemoveDir"],
  ["RemoveDirAll"],
  ["Hash"],
  [{ OpenFile: { create: true } }],
  [{ Rename: { new_path: `${DRIVE}/other` } }],
  [{ CopyFile: { new_path: `${DRIVE}/other` } }],
  [{ Watch: { watch: 1, recursive: false } }],
];

test("while any operation is stuck, other processes go on: of the same package and of others, timers and messages too", async () => {
  for (const [index, [action, blob]] of ACTIONS.entries()) {
    const { ask, stuck } = await setUp();
    let answered = false;
    const waiting = ask("stuck:p:x.os", `${SLOW}${index}`, action, blob).then((answer) => {
      answered = true;
      return answer;
    });
    while (stuck.count() === 0) await Bun.sleep(0);
    expect(await ask("main:p:x.os", `${DRIVE}/mine`, "Write", "12")).toBe("Ok");
    expect(await ask("main:p:x.os", `${DRIVE}/mine`, "Append", "3")).toBe("Ok");
    expect(await ask("main:p:x.os", `${DRIVE}/mine`, "Len")).toEqual({ Len: 3 });
    // What is being written counts already.
    const used_bytes = action === "Write" ? 4 : 3;
    expect(await ask("main:p:x.os", DRIVE, "Usage")).toMatchObject({ Usage: { used_bytes } });
    expect(await ask("main:q:y.os", "/q:y.os/data/f", "Write", "1")).toBe("Ok");
    await Bun.sleep(1);
    expect(answered).toBe(false);
    stuck.release();
    expect(await waiting).toBeDefined();
  }
});

test("the requests of the process that waits stay in order, and their number is bounded", async () => {
  const { harness, ask, stuck, vfs } = await setUp(5);
  const order: number[] = [];
  const asked = Array.from({ length: 8 }, (_, index) => {
    const [path, action] = index === 0 ? [SLOW, "Append"] : [`${DRIVE}/${index}`, "Write"];
    const answer = harness.ask("stuck:p:x.os", { body: { path, action }, blob: "x" });
    return answer.then(({ json }) => {
      order.push(index);
      return json;
    });
  });
  const full = { Err: { IOError: "Resource temporarily unavailable (os error 11)" } };
  expect(await Promise.all(asked.slice(6))).toEqual([full, full]);
  expect(await ask("main:p:x.os", `${DRIVE}/1`, "Len")).toMatchObject({ Err: {} });
  let isStopped = false;
  const stopped = Promise.resolve(vfs.stop!()).then(() => (isStopped = true));
  await Bun.sleep(1);
  expect(isStopped).toBe(false);
  stuck.release();
  const missing = { Err: { IOError: "No such file or directory (os error 2)" } };
  expect(await Promise.all(asked.slice(0, 6))).toEqual([missing, "Ok", "Ok", "Ok", "Ok", "Ok"]);
  expect(order).toEqual([6, 7, 0, 1, 2, 3, 4, 5]);
  await stopped;
});

test("a file that is being written is waited for by those who want this file only", async () => {
  const { ask, stuck } = await setUp();
  const order: string[] = [];
  const note = (name: string) => (answer: unknown) => {
    order.push(name);
    return answer;
  };
  const written = ask("a:p:x.os", SLOW, "Write", "123").then(note("written"));
  while (stuck.count() === 0) await Bun.sleep(0);
  const appended = ask("b:p:x.os", SLOW, "Append", "45").then(note("appended"));
  await ask("c:p:x.os", `${DRIVE}/quick`, "Write", "1").then(note("quick"));
  stuck.release();
  expect(await Promise.all([written, appended])).toEqual(["Ok", "Ok"]);
  expect(order).toEqual(["quick", "written", "appended"]);
  expect(await ask("c:p:x.os", SLOW, "Len")).toEqual({ Len: 5 });
});

test("a file whose folder is moved while it is being opened is not written under its old name", async () => {
  const memory = createMemoryDisk();
  const opened = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let isFirst = true;
  const open = memory.open.bind(memory);
  memory.open = async (path, options) => {
    const file = await open(path, options);
    if (!isFirst) return file;
    isFirst = false;
    opened.resolve();
    await release.promise;
    return file;
  };
  const harness = createModuleHarness(createVfs({ disk: memory, openZip, createSha256 }));
  await harness.start();
  const ask = async (source: string, path: string, action: unknown, blob?: string) =>
    (await harness.ask(source, { body: { path, action }, blob })).json;
  expect(await ask("main:p:x.os", `${DRIVE}/dir`, "CreateDirAll")).toBe("Ok");
  expect(await ask("main:p:x.os", `${DRIVE}/dir/f`, "Write", "1")).toBe("Ok");
  const appended = ask("a:p:x.os", `${DRIVE}/dir/f`, "Append", "2");
  await opened.promise;
  const rename = { Rename: { new_path: `${DRIVE}/moved` } };
  expect(await ask("b:p:x.os", `${DRIVE}/dir`, rename)).toBe("Ok");
  release.resolve();
  const missing = { Err: { IOError: "No such file or directory (os error 2)" } };
  expect(await appended).toEqual(missing);
  expect(await ask("a:p:x.os", `${DRIVE}/dir/f`, "Append", "3")).toEqual(missing);
  expect(await ask("b:p:x.os", `${DRIVE}/moved/f`, "Len")).toEqual({ Len: 1 });
});
