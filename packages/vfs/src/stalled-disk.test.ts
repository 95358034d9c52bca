/**
 * A disk that stops to answer in the middle of things: whatever is asked of it, large or small, gets the documented error; others
 * go on; and what hangs is bounded.
 */
import { afterEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskFolder } from "./disk-bun.ts";
import { type DiskCall, DiskThreads } from "./disk-threads-bun.ts";

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0).reverse()) close();
});

const source = (name: string): string => JSON.stringify(join(import.meta.dir, name));

/**
 * Disk threads whose calls named in the file `stalled` beside the program hang until the file is gone. Each that hangs adds a
 * byte to the file `reached`.
 */
const PROGRAM = `
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { openSlot } from ${source("disk-slot.ts")};
import { serve } from ${source("disk-thread-bun.ts")};
const stalled = new URL("stalled", import.meta.url).pathname;
const reached = new URL("reached", import.meta.url).pathname;
const isStalled = (name) => existsSync(stalled) && readFileSync(stalled, "utf8").split(" ").includes(name);
self.onmessage = ({ data }) => serve(openSlot(data), (name) => {
  if (isStalled(name)) appendFileSync(reached, "x");
  while (isStalled(name)) Bun.sleepSync(2);
});
`;

/** Passes only when a test says so: what does not hang may take as long as it wants. */
const GIVE_UP_MS = 3_600_000;
const DEAD = "p:x.os/dead";
const BIG = new Uint8Array(300_000).fill(7);
const HUGE = new Uint8Array(9_000_000).map((_, index) => index);
const TIMEOUT =
  "VfsError: Connection timed out (os error 110): the disk has not answered for 3600 s";

async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), "kinode-stalled-"));
  closings.push(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "program.ts");
  writeFileSync(program, PROGRAM);
  const stalled = join(folder, "stalled");
  const limits = { giveUpMs: GIVE_UP_MS, maxThreadCount: 4, maxPerDrive: 2, maxLostCount: 4 };
  let laterMs = 0;
  const now = (): number => performance.now() + laterMs;
  const start = (): DiskThreads => {
    const threads = new DiskThreads(limits, new URL(`file://${program}`), now);
    closings.push(() => threads[Symbol.dispose]());
    return threads;
  };
  const release = (): void => rmSync(stalled, { force: true });
  closings.push(release);
  const [threads, longThreads] = [start(), start()];
  const disk = openDiskFolder(join(folder, "disk"), { threads, longThreads });
  await disk.makeDirectories(DEAD);
  await disk.makeDirectories("q:y.os/good");
  return {
    disk,
    threads,
    longThreads,
    release,
    stall: (...names: DiskCall["name"][]) => writeFileSync(stalled, names.join(" ")),
    /** Settles when so many calls hang. */
    hanging: (count: number) =>
      until(
        () =>
          existsSync(join(folder, "reached")) && statSync(join(folder, "reached")).size >= count,
      ),
    /** Gives up whatever is under way, again and again until there is a value. */
    async giveUp<T>(value: Promise<T>): Promise<T> {
      let isOver = false;
      const over = value.finally(() => (isOver = true));
      for (; !isOver; await Promise.race([over, Bun.sleep(300)])) laterMs += GIVE_UP_MS;
      return await over;
    },
    host: (path: string) => join(folder, "disk", path),
    /** Files below the folder that this program has open. */
    descriptors: () =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(folder, "disk"));
        } catch {
          return false;
        }
      }),
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- until it is so, or the test's time is over
  while (!isTrue()) await Bun.sleep(2);
}

type Setup = Awaited<ReturnType<typeof setUp>>;

interface Case {
  readonly stalls: DiskCall["name"];
  readonly prepare?: (setup: Setup) => unknown;
  readonly act: (setup: Setup) => unknown;
}

const file = `${DEAD}/f`;
const there = async ({ disk }: Setup): Promise<unknown> => disk.write(file, HUGE, Infinity);
const bounds = { room: Infinity, maxBytes: Infinity };
const opened = async ({ disk }: Setup) => disk.open(file, { create: true });

const CASES: Readonly<Record<string, Case>> = {
  "a large file written": {
    stalls: "writeWhole",
    act: ({ disk }) => disk.write(file, BIG, Infinity),
  },
  "a part of a larger one": {
    stalls: "writePart",
    act: ({ disk }) => disk.write(file, HUGE, Infinity),
  },
  "much appended": {
    stalls: "write",
    act: async (setup) => (await opened(setup)).write("end", BIG, bounds),
  },
  "very much appended": {
    stalls: "writePart",
    act: async (setup) => (await opened(setup)).write("end", HUGE, bounds),
  },
  "a large file read": {
    stalls: "read",
    prepare: there,
    act: ({ disk }) => disk.read(file, Infinity),
  },
  "much of an open file read": {
    stalls: "read",
    prepare: there,
    act: async (setup) => (await opened(setup)).read(0, 5_000_000),
  },
  "written out": { stalls: "sync", act: async (setup) => (await opened(setup)).sync() },
  "a tree counted": {
    stalls: "countBytes",
    prepare: there,
    act: ({ disk }) => disk.treeBytes(DEAD),
  },
  "a tree removed": {
    stalls: "removeSome",
    prepare: there,
    act: ({ disk }) => disk.removeTree(DEAD),
  },
  copied: {
    stalls: "copyPart",
    prepare: there,
    act: ({ disk }) => disk.copy(file, `${DEAD}/g`, Infinity),
  },
};

for (const [name, { stalls, prepare, act }] of Object.entries(CASES)) {
  test(`${name}: an error when the disk does not answer, and others go on`, async () => {
    const setup = await setUp();
    const { disk } = setup;
    await prepare?.(setup);
    setup.stall(stalls);
    const ended = Promise.try(() => act(setup)).then(
      (value) => (value as { error?: unknown } | undefined)?.error ?? "no error",
      (error: unknown) => error,
    );
    // Others, in the same way but for the call that hangs for all.
    await disk.makeDirectories("q:y.os/good/deep");
    expect(await disk.list("q:y.os/good")).toEqual([{ name: "deep", type: "Directory" }]);
    await setup.hanging(1);
    expect(String(await setup.giveUp(ended))).toBe(TIMEOUT);
    setup.release();
    expect(await disk.write("q:y.os/good/f", BIG, Infinity)).toMatchObject({ kind: "done" });
    expect(await disk.read("q:y.os/good/f", Infinity)).toEqual(BIG);
  });
}

test("calls that hang are bounded, large and small: then they fail at once; when the disk is back everything works, and no file stays open", async () => {
  const setup = await setUp();
  const { disk, threads, longThreads, stall, release, host, descriptors } = setup;
  const file = await disk.open(`${DEAD}/open`, { create: true });
  stall("writeWhole", "sync");
  const ask = (index: number) => disk.write(`${DEAD}/${index}`, BIG, Infinity);
  const asked = Array.from({ length: 20 }, async (_, index) =>
    Promise.try(() => ask(index)).then(
      (change) => (change.kind === "failed" ? String(change.error) : change.kind),
      String,
    ),
  );
  const synced = Array.from({ length: 20 }, async () =>
    Promise.try(() => file.sync()).then(String, String),
  );
  await setup.hanging(4);
  const answers = await setup.giveUp(Promise.all([...asked, ...synced]));
  expect(new Set(answers)).toEqual(new Set([TIMEOUT]));
  // Time stands still here: it does not wait.
  expect(await Promise.try(() => ask(21)).catch(String)).toBe(TIMEOUT);
  for (const each of [threads, longThreads]) expect(each.threadCount).toBeLessThanOrEqual(8);
  const none = Promise.try(() => disk.read("q:y.os/good/none", Infinity)).catch(String);
  expect(await none).toContain("No such file");
  release();
  file.close();
  const written = Array.from({ length: 20 }, (_, index) => host(`${DEAD}/${index}`));
  // Two had a thread: they were begun, and come to an end after all.
  await until(() => written.filter((path) => existsSync(path)).length === 2);
  await until(() => descriptors().length === 0);
  expect(await ask(22)).toEqual({ kind: "done", before: 0, after: BIG.length });
  expect(readFileSync(host(`${DEAD}/22`))).toEqual(Buffer.from(BIG));
});

test("memory that a thread has not left is kept: what comes late changes nothing of others", async () => {
  const { disk, stall, release, host, hanging, giveUp } = await setUp();
  stall("writeWhole");
  const asked = Array.from({ length: 2 }, (_, index) => {
    const bytes = new Uint8Array(300_000).fill(index + 1);
    return disk.write(`${DEAD}/${index}`, bytes, Infinity);
  });
  await hanging(2);
  for (const change of await giveUp(Promise.all(asked))) expect(change.kind).toBe("failed");
  // Nobody but the thread knows the bytes any more.
  Bun.gc(true);
  const others = Array.from({ length: 100 }, () => new Uint8Array(300_000).fill(99));
  release();
  await until(() => [0, 1].every((index) => existsSync(host(`${DEAD}/${index}`))));
  for (const index of [0, 1]) {
    const path = host(`${DEAD}/${index}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await until(() => readFileSync(path).length === 300_000);
    expect(readFileSync(path).every((byte) => byte === index + 1)).toBe(true);
  }
  expect(others.length).toBe(100);
});

test("large files of all sizes around the bounds are written and read whole, also when they have changed their size", async () => {
  const { disk } = await setUp();
  const sizes = [
    65_535, 65_536, 65_537, 300_000, 70_000, 4_194_304, 4_194_305, 8_388_608, 66_000, 3,
  ];
  const path = `${DEAD}/f`;
  const file = await disk.open(path, { create: true });
  for (const size of sizes) {
    const bytes = HUGE.subarray(0, size);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await disk.write(path, bytes, Infinity, file)).toMatchObject({ after: size });
    for (let time = 0; time < 2; time++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(Buffer.compare(await disk.read(path, Infinity), bytes)).toBe(0);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const part = await file.read(1, size);
      expect(Buffer.compare(part, bytes.subarray(1))).toBe(0);
    }
  }
  await file.resize(0, Infinity);
  await file.write("end", HUGE, bounds);
  await file.write("end", BIG, bounds);
  expect(await file.size()).toBe(HUGE.length + BIG.length);
  const end = await file.read(HUGE.length - 10, 400_000);
  expect(Buffer.compare(end, Buffer.concat([HUGE.subarray(-10), BIG]))).toBe(0);
  file.close();
});
