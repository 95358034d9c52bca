/** Changes by hand: heard on a thread of its own, put together, and bounded for each package. */
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskFolder } from "./disk-bun.ts";
import { FolderLooks, type LookLimits } from "./look-folder-bun.ts";

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0).reverse()) close();
});

/** A thread's program that never begins to look at a folder with `dead` in its path until there is a file in it. */
const STUCK_PROGRAM = `
import { readdirSync } from "node:fs";
self.onmessage = ({ data }) => {
  if (data.kind !== "start") return;
  if (data.host.includes("dead")) while (readdirSync(data.host).length === 0) Bun.sleepSync(2);
  postMessage({ kind: "started", id: data.id });
  postMessage({ kind: "seen", id: data.id, names: [["begun", true]], folderCount: 0, isLost: false });
};`;

function setUp(limits: Partial<LookLimits> = {}, source?: string) {
  const folder = mkdtempSync(join(tmpdir(), "kinode-look-"));
  closings.push(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "program.ts");
  if (source !== undefined) writeFileSync(program, source);
  const looks = new FolderLooks(
    limits,
    source === undefined ? source : new URL(`file://${program}`),
  );
  closings.push(() => looks[Symbol.dispose]());
  const disk = openDiskFolder(join(folder, "disk"), { looks });
  const host = (path: string): string => join(folder, "disk", path);
  const seen: string[] = [];
  let lostCount = 0;
  return {
    looks,
    seen,
    lostCount: () => lostCount,
    host,
    make: (path: string) => mkdirSync(host(path), { recursive: true }),
    touch: (path: string) => writeFileSync(host(path), String(seen.length)),
    look: async (path: string, recursive = true, deal = async (): Promise<void> => {}) =>
      await disk.look!(path, recursive, {
        changed: (at) => {
          seen.push(at);
          return deal();
        },
        lost: () => lostCount++,
      }),
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- until it is so, or the test's time is over
  while (!isTrue()) await Bun.sleep(2);
}

test("a look has begun when it is answered, also one at many folders", async () => {
  const { look, make, touch, seen } = setUp();
  for (let index = 0; index < 100; index++) make(`p:x.os/d/${index}`);
  using _ = await look("p:x.os/d");
  touch("p:x.os/d/99/f");
  await until(() => seen.includes("p:x.os/d/99/f"));
});

test("what a package may look at is bounded, and given back at the end of a look", async () => {
  const limits = { maxFoldersPerLook: 20, maxFoldersPerPackage: 25, maxFolders: 40 };
  const { look, looks, make, touch, seen } = setUp(limits);
  for (const owner of ["p:x.os", "q:y.os"]) {
    for (let index = 0; index < 14; index++) make(`${owner}/d/${index}`);
  }
  make("p:x.os/big/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20");
  using tooLarge = await look("p:x.os/big");
  expect(looks.roomFor("p:x.os")).toBe(20);
  const first = await look("p:x.os/d");
  expect(looks.roomFor("p:x.os")).toBe(10);
  using second = await look("p:x.os/d");
  expect(looks.roomFor("p:x.os")).toBe(10);
  using third = await look("q:y.os/d");
  expect(looks.roomFor("r:z.os")).toBe(10);
  first[Symbol.dispose]();
  expect(looks.roomFor("p:x.os")).toBe(20);
  using fourth = await look("p:x.os/d");
  touch("p:x.os/d/3/f");
  await until(() => seen.length > 0);
  expect(new Set(seen)).toEqual(new Set(["p:x.os/d/3/f"]));
  void [tooLarge, second, third, fourth];
});

test("a tree that grows too large is told as lost once, and its room is given back", async () => {
  const { look, looks, make, lostCount } = setUp({ maxFoldersPerLook: 10 });
  make("p:x.os/d");
  using _ = await look("p:x.os/d");
  for (let index = 0; index < 20; index++) make(`p:x.os/d/${index}`);
  await until(() => lostCount() === 1);
  expect(looks.roomFor("p:x.os")).toBe(10);
});

test("a flood is put together: few are told at a time, more than is kept is lost, and then it goes on", async () => {
  const { look, make, touch, seen, lostCount } = setUp();
  make("p:x.os/d");
  const gate = Promise.withResolvers<void>();
  using _ = await look("p:x.os/d", false, () => gate.promise);
  touch("p:x.os/d/first");
  await until(() => seen.length > 0);
  for (let index = 0; index < 1_500; index++) touch(`p:x.os/d/${index}`);
  // Nobody has dealt with the first ones: nothing more is told, so that what waits is bounded.
  await Bun.sleep(50);
  expect(seen.length).toBeLessThanOrEqual(64);
  gate.resolve();
  await until(() => lostCount() > 0);
  touch("p:x.os/d/last");
  await until(() => seen.includes("p:x.os/d/last"));
  expect(lostCount()).toBeLessThan(5);
});

test("a thread that does not begin to look is left alone: others get another, and not for ever", async () => {
  const limits = { patienceMs: 50, maxThreadCount: 2 };
  const { look, make, touch, seen } = setUp(limits, STUCK_PROGRAM);
  for (const path of ["p:x.os/dead1", "p:x.os/dead2", "q:y.os/d"]) make(path);
  using first = await look("p:x.os/dead1");
  using good = await look("q:y.os/d");
  await until(() => seen.includes("q:y.os/d/begun"));
  using second = await look("p:x.os/dead2");
  // Both threads wait now: no look, but an answer.
  using none = await look("q:y.os/d");
  expect(seen).toEqual(["q:y.os/d/begun"]);
  touch("p:x.os/dead1/f");
  await until(() => seen.includes("p:x.os/dead1/begun"));
  using again = await look("q:y.os/d");
  await until(() => seen.filter((path) => path === "q:y.os/d/begun").length === 2);
  touch("p:x.os/dead2/f");
  await until(() => seen.includes("p:x.os/dead2/begun"));
  void [first, good, second, none, again];
});
