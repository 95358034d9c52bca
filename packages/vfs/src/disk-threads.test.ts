/** Threads that wait for the disk: a dead disk takes few of them, and those who wait get an error. */
import { afterEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskFolder } from "./disk-bun.ts";
import { DiskThreads, isUnknownEnd, type DiskThreadLimits } from "./disk-threads-bun.ts";

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0).reverse()) close();
});

/** A thread's program whose `check` comes back when there is a file at the place, and whose `removeFile` ends the thread. */
const STUCK_PROGRAM = `
import { existsSync } from "node:fs";
import { openSlot, putAnswer, waitForCall } from ${JSON.stringify(join(import.meta.dir, "disk-slot.ts"))};
self.onmessage = ({ data }) => {
  const slot = openSlot(data);
  for (;;) {
    const [, , name, place] = JSON.parse(waitForCall(slot));
    if (name === "removeFile") process.exit(3);
    if (name === "check") while (!existsSync(place.home)) Bun.sleepSync(1);
    putAnswer(slot, JSON.stringify([0, null, name]), (text) => postMessage(text));
  }
};`;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kinode-threads-"));
  closings.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @param now - the time after which calls are given up */
function setUp(limits: Partial<DiskThreadLimits> = {}, now?: () => number) {
  const folder = newFolder();
  const program = join(folder, "program.ts");
  writeFileSync(program, STUCK_PROGRAM);
  const threads = new DiskThreads(limits, new URL(`file://${program}`), now);
  closings.push(() => threads[Symbol.dispose]());
  const gate = join(folder, "gate");
  closings.push(() => writeFileSync(gate, ""));
  const place = { home: gate, rest: "" };
  return {
    threads,
    release: () => writeFileSync(gate, ""),
    /** Comes back after `release`. */
    stuck: (drive: string, left?: () => void, late?: (value: string) => void) =>
      threads
        .run({
          name: "check",
          args: [place, true],
          drive,
          left: left ?? (() => {}),
          late: late ?? (() => {}),
        })
        .then(({ value }) => value, String),
    quick: (drive: string) =>
      threads
        .run({ name: "fileBytes", args: [place, true], drive })
        .then(({ value }) => value as unknown, String),
    dying: (drive: string) => threads.run({ name: "removeFile", args: [place], drive }),
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- until it is so, or the test's time is over
  while (!isTrue()) await Bun.sleep(1);
}

test("quick calls need one thread", async () => {
  const { threads, quick } = setUp({ startAfterMs: 10_000 });
  expect(await Promise.all(Array.from({ length: 300 }, () => quick("a")))).toEqual(
    Array.from({ length: 300 }, () => "fileBytes"),
  );
  expect(threads.threadCount).toBe(1);
});

test("a stuck disk keeps the threads of one drive; its other calls wait, those of other drives go on", async () => {
  const { threads, stuck, quick, release } = setUp({ maxThreadCount: 4, maxPerDrive: 2 });
  const waiting = [stuck("a"), stuck("a"), stuck("a")];
  const after = quick("a");
  for (let count = 0; count < 20; count++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await quick("b")).toBe("fileBytes");
  }
  const others = [stuck("b")];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let count = 0; count < 20; count++) expect(await quick("c")).toBe("fileBytes");
  expect(threads.threadCount).toBe(4);
  let isOver = false;
  const all = Promise.all([...waiting, after, ...others]).finally(() => (isOver = true));
  await quick("c");
  expect(isOver).toBe(false);
  release();
  const answers: unknown[] = await all;
  expect(answers).toEqual(["check", "check", "check", "fileBytes", "check"]);
});

test("calls that do not come back end with an error, also those that wait for them; the drive works again when they do", async () => {
  const limits = { maxThreadCount: 2, maxPerDrive: 2, maxLostCount: 2, giveUpMs: 3_600_000 };
  let laterMs = 0;
  const { threads, stuck, quick, release } = setUp(limits, () => performance.now() + laterMs);
  const timeout =
    "VfsError: Connection timed out (os error 110): the disk has not answered for 3600 s";
  const late: string[] = [];
  let leftCount = 0;
  const ask = () =>
    stuck(
      "a",
      () => leftCount++,
      (value) => late.push(value),
    );
  const asked = [ask(), ask(), ask(), quick("a")];
  await until(() => threads.threadCount === 2);
  laterMs += limits.giveUpMs;
  const answers: unknown[] = await Promise.all(asked);
  expect(answers).toEqual(Array.from({ length: 4 }, () => timeout));
  // One never had a thread.
  expect(leftCount).toBe(1);
  // Time stands still: it does not wait for a disk that is known to be dead.
  expect(await quick("a")).toBe(timeout);
  expect(await quick("b")).toBe("fileBytes");
  expect(threads.threadCount).toBeLessThanOrEqual(4);
  release();
  await until(() => leftCount === 3);
  expect(late).toEqual(["check", "check"]);
  expect(await quick("a")).toBe("fileBytes");
  expect(threads.threadCount).toBeLessThanOrEqual(2);
});

test("only errors of calls that were begun leave it open what becomes of them", async () => {
  const { threads } = setUp({ maxThreadCount: 1, giveUpMs: 100 });
  const place = { home: "/nothing/there/at/all", rest: "" };
  const ask = () =>
    threads.run({ name: "check", args: [place, true], drive: "a" }).then(
      () => undefined,
      (error: unknown) => isUnknownEnd(error),
    );
  expect(await Promise.all([ask(), ask()])).toEqual([true, false]);
});

test("a thread that dies fails the call it had; others go on", async () => {
  const { threads, dying, quick } = setUp();
  const results = [dying("a").then(String, String), quick("a"), quick("b")];
  const answers: unknown[] = await Promise.all(results);
  expect(answers).toEqual(["VfsError: Input/output error (os error 5)", "fileBytes", "fileBytes"]);
  expect(threads.threadCount).toBeLessThanOrEqual(2);
});

test("a program ends by itself after using a disk, and with a call that never comes back", () => {
  const folder = newFolder();
  const source = (name: string) => JSON.stringify(join(import.meta.dir, name));
  const program = join(folder, "program.ts");
  writeFileSync(program, STUCK_PROGRAM);
  const script = join(folder, "main.ts");
  writeFileSync(
    script,
    `import { openDiskFolder } from ${source("disk-bun.ts")};
    import { DiskThreads } from ${source("disk-threads-bun.ts")};
    const disk = openDiskFolder(${JSON.stringify(join(folder, "disk"))});
    await disk.makeDirectories("p:x.os/d");
    await disk.write("p:x.os/d/f", new Uint8Array(3), Infinity);
    const threads = new DiskThreads({ giveUpMs: 100 }, new URL("./program.ts", import.meta.url));
    const args = [{ home: "/nothing/there/at/all", rest: "" }, true];
    await threads.run({ name: "check", args, drive: "a" }).catch((error) => console.log(error.message));`,
  );
  const ended = Bun.spawnSync([process.execPath, script], { timeout: 25_000 });
  expect(ended.stderr.toString()).toBe("");
  expect(ended.stdout.toString()).toContain("Connection timed out");
  expect(ended.exitCode).toBe(0);
  expect(readFileSync(join(folder, "disk/p:x.os/d/f")).length).toBe(3);
});

test("no call leaves a descriptor open, whether it ends well or not", async () => {
  if (!existsSync("/proc/self/fd")) return;
  const folder = newFolder();
  mkdirSync(join(folder, "outside"));
  const disk = openDiskFolder(join(folder, "disk"));
  const descriptors = () =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    });
  await disk.makeDirectories("p:x.os/d/deep/er");
  const big = new Uint8Array(200_000);
  const settled = async (work: () => unknown) => void (await Promise.try(work).catch(() => {}));
  for (const path of ["p:x.os/d/f", "p:x.os/d/deep/er/f", "p:x.os/d/deep", "p:x.os/d/no/f"]) {
    const to = `${path}2`;
    const works = [
      () => disk.write(path, big, Infinity),
      () => disk.write(path, big.subarray(0, 10), 0),
      () => disk.write(to, big, 5),
      () => disk.write(path, big.subarray(0, 10), Infinity),
      () => disk.read(path, Infinity),
      () => disk.read(path, 1),
      () => disk.stat(path),
      () => disk.list(path),
      () => disk.copy(path, to, Infinity),
      () => disk.copy(path, to, 0),
      () => disk.copy(path, path, Infinity),
      () => disk.rename(path, to),
      () => disk.removeFile(to),
      () => disk.makeDirectory(path),
      () => disk.removeTree(`${path}3`),
      async () => (await disk.create(to)).file.close(),
      async () => (await disk.open(to, { create: false })).close(),
    ];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const work of works) await settled(work);
  }
  await until(() => descriptors().length === 0);
});

test("a thread that uses its callers' memory does not keep what its calls leave behind", async () => {
  const folder = newFolder();
  const program = join(folder, "program.ts");
  const capacity = join(folder, "capacity");
  const sources = ["disk-slot.ts", "disk-thread-bun.ts"].map((name) =>
    JSON.stringify(join(import.meta.dir, name)),
  );
  writeFileSync(
    program,
    `
import { heapStats } from "bun:jsc";
import { writeFileSync } from "node:fs";
import { openSlot } from ${sources[0]};
import { serve } from ${sources[1]};
self.onmessage = ({ data }) => serve(openSlot(data), (name) => {
  if (name !== "nothing") return;
  const { heapCapacity, extraMemorySize } = heapStats();
  writeFileSync(${JSON.stringify(capacity)}, String(heapCapacity - extraMemorySize));
});`,
  );
  const threads = new DiskThreads({}, new URL(`file://${program}`));
  closings.push(() => threads[Symbol.dispose]());
  const place = { home: join(folder, "file"), rest: "" };
  const memory = new Uint8Array(100_000);
  const write = async (count: number): Promise<number> => {
    const args = [place, memory.length, null, null] as const;
    for (let i = 0; i < count; i++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as processes do
      await threads.run({ name: "writeWhole", args, drive: "d", memory });
    }
    await threads.run({ name: "nothing", args: [], drive: "d" });
    return Number(readFileSync(capacity, "utf8"));
  };
  const before = await write(2_000);
  const after = await write(6_000);
  expect(after - before).toBeLessThan(4 * 1024 * 1024);
});
