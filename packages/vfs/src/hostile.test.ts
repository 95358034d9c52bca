/** Paths, links and archives made to reach what is outside of a drive: nothing there is read, written or told. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import { processorMs } from "@kinode-ts/testing/processor-time";
import fc from "fast-check";
import { zipSync, type Zippable } from "fflate";
import { openFolderVfs } from "./vfs-bun.ts";

const APP = "main:p:x.os";
const DRIVE = "/p:x.os/data";
const SECRET = "the canary";

let root: string;
let drive: string;
let harness: ModuleHarness;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "kinode-hostile-"));
  drive = join(root, "vfs/p:x.os/data");
  mkdirSync(join(root, "outside/folder"), { recursive: true });
  writeFileSync(join(root, "outside/secret"), SECRET);
  writeFileSync(join(root, "outside/folder/secret"), SECRET);
  mkdirSync(join(root, "vfs/q:y.os/data"), { recursive: true });
  writeFileSync(join(root, "vfs/q:y.os/data/secret"), SECRET);
  harness = createModuleHarness(openFolderVfs({ folder: join(root, "vfs") }));
  await harness.start();
  expect(await run(DRIVE, "CreateDrive")).toBe("Ok");
});
afterEach(() => {
  const text = harness.answers.map(({ text }) => text).join();
  expect(text).not.toContain(root);
  expect(text).not.toContain(SECRET);
  const blobs = harness.answers.map(({ blob }) => new TextDecoder().decode(blob?.bytes));
  expect(blobs.join()).not.toContain(SECRET);
  for (const canary of ["outside/secret", "outside/folder/secret", "vfs/q:y.os/data/secret"]) {
    expect(readFileSync(join(root, canary), "utf8")).toBe(SECRET);
  }
  expect(readdirSync(join(root, "outside")).sort()).toEqual(["folder", "secret"]);
  expect(readdirSync(join(root, "outside/folder"))).toEqual(["secret"]);
  expect(readdirSync(root).sort()).toEqual(["outside", "vfs"]);
  expect(readdirSync(join(root, "vfs")).sort()).toEqual([".removed", "p:x.os", "q:y.os"]);
  rmSync(root, { recursive: true });
});

async function run(path: string, action: unknown, blob?: string | Uint8Array): Promise<unknown> {
  return (await harness.ask(APP, { body: { path, action }, blob })).json;
}

const MALFORMED = { Err: "MalformedRequest" };
const DENIED = { Err: { IOError: "Permission denied (os error 13)" } };
const TOO_LONG = { Err: { IOError: "File name too long (os error 36)" } };

const other = `${DRIVE}/new`;
/** Every action that could reach what `path` leads to. */
const ACTIONS: readonly (readonly [unknown, string?])[] = [
  ["Read"],
  ["Write", "x"],
  ["Append", "x"],
  ["WriteAll", "x"],
  ["ReadToEnd"],
  ["ReadToString"],
  ["Len"],
  ["Hash"],
  ["SyncAll"],
  ["Metadata"],
  ["ReadDir"],
  ["CreateFile"],
  ["CreateDir"],
  ["CreateDirAll"],
  [{ OpenFile: { create: true } }],
  [{ ReadExact: { length: 3 } }],
  [{ SetLen: 0 }],
  [{ CopyFile: { new_path: other } }],
  [{ Watch: { watch: 1, recursive: true } }],
];

test("paths that climb, hide a NUL or are half a character are malformed, in every place and for every action", async () => {
  const paths = [
    "/p:x.os/data/../../../outside/secret",
    "/p:x.os/data/../../../../../../../../etc/passwd",
    "/p:x.os/../..",
    "/p:x.os/data/..//../../outside/secret",
    `${DRIVE}/a\0b`,
    `${DRIVE}/\0`,
    `${DRIVE}/\ud800`,
    "/../vfs/p:x.os/data/f",
    "/.removed/x",
    "/p:x.os:more/data",
    "../p:x.os/data",
  ];
  for (const path of paths) {
    for (const [action, blob] of ACTIONS) expect(await run(path, action, blob)).toEqual(MALFORMED);
    for (const kind of ["Rename", "CopyFile"]) {
      expect(await run(`${DRIVE}/f`, { [kind]: { new_path: path } })).toEqual(MALFORMED);
    }
  }
  expect(await run("/q:y.os/data/secret", "Read")).toEqual({ Err: "NoReadCap" });
  expect(await run(`${DRIVE}/../../q:y.os/data/secret`, "Read")).toEqual({ Err: "NoReadCap" });
});

test("bodies that are no UTF-8, no JSON or deeper than anybody needs are malformed", async () => {
  const bodies: (string | Uint8Array)[] = [
    Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d),
    new TextEncoder().encode(`{"path":"${DRIVE}/`).slice(),
    "",
    "null",
    "[]",
    "[".repeat(100_000),
    `{"path":"${DRIVE}","action":${'{"a":'.repeat(50_000)}`,
    `{"path":["${DRIVE}"],"action":"Read"}`,
    `{"path":"${DRIVE}","action":{"Read":null,"Write":null}}`,
    `{"__proto__":{"path":"${DRIVE}","action":"Read"}}`,
    `{"path":"${DRIVE}","action":"constructor"}`,
    `{"path":"${DRIVE}","action":{"toString":null}}`,
  ];
  for (const body of bodies) expect((await harness.ask(APP, { body })).json).toEqual(MALFORMED);
});

test("names and paths that are too long are the system's error, however long", async () => {
  for (const path of [
    `${DRIVE}/${"n".repeat(256)}`,
    `${DRIVE}/${"ü".repeat(128)}`,
    `${DRIVE}${"/d".repeat(5_000)}`,
    `${DRIVE}${"/d".repeat(30_000)}`,
  ]) {
    for (const [action, blob] of ACTIONS) {
      // A name above it may be missing as well.
      expect(JSON.stringify(await run(path, action, blob))).toMatch(/os error (?:2|36)\)/);
    }
    expect(await run(path, "Write", "x")).toEqual(TOO_LONG);
  }
  expect(await run(`${DRIVE}/${"n".repeat(255)}`, "Write", "x")).toBe("Ok");
  for (const path of [`${DRIVE}${"/d".repeat(500_000)}`, `${DRIVE}/${"n".repeat(1_000_000)}`]) {
    const startedMs = processorMs();
    expect(await run(path, "Read")).toEqual(MALFORMED);
    expect(await run(path, "ReadDir")).toEqual(MALFORMED);
    // Looking at every segment of it took more than a second.
    expect(processorMs() - startedMs).toBeLessThan(1_000);
  }
});

test("what a parser would take long for is malformed before it is parsed", async () => {
  const names = Array.from({ length: 30_000 }, (_, index) => `"name${index}":1`).join();
  for (const filler of [
    " ".repeat(40_000_000),
    `"a":${"7".repeat(900_000)},`,
    `${names},`,
    `"a":[${"1,".repeat(300_000)}1],`,
  ]) {
    const body = `{${filler}"path":"${DRIVE}","action":"ReadDir"}`;
    const startedMs = processorMs();
    const answer = (await harness.ask(APP, { body })).json;
    // A number is no part of the request, and read by nobody.
    if (!filler.includes("777")) expect(answer).toEqual(MALFORMED);
    expect(processorMs() - startedMs).toBeLessThan(1_000);
  }
});

test("no action goes through a link that leads out of the drive, into another package, or to nothing", async () => {
  const links = {
    file: join(root, "outside/secret"),
    foreign: join(root, "vfs/q:y.os/data/secret"),
    relative: "../../../outside/secret",
    nothing: join(root, "outside/made"),
    chain: join(drive, "file"),
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(drive, name));
  symlinkSync(join(root, "outside/folder"), join(drive, "folder"));
  for (const name of [...Object.keys(links), "folder", "folder/secret", "folder/made"]) {
    for (const [action, blob] of ACTIONS) {
      expect({ name, action, answer: await run(`${DRIVE}/${name}`, action, blob) }).toEqual({
        name,
        action,
        answer: DENIED,
      });
    }
    expect(existsSync(join(drive, "new"))).toBe(false);
  }
  for (const action of ["RemoveFile", "RemoveDir", "RemoveDirAll"]) {
    expect(await run(`${DRIVE}/folder/secret`, action)).toEqual(DENIED);
  }
  expect(await run(`${DRIVE}/folder/secret`, { Rename: { new_path: other } })).toEqual(DENIED);
  await run(`${DRIVE}/mine`, "Write", "mine");
  expect(await run(`${DRIVE}/mine`, { Rename: { new_path: `${DRIVE}/folder/x` } })).toEqual(DENIED);
  expect(await run(`${DRIVE}/mine`, { CopyFile: { new_path: `${DRIVE}/file` } })).toEqual(DENIED);
  const zip = zipSync({ "folder/made": new Uint8Array(1), file: new Uint8Array(1) } as Zippable);
  expect(await run(DRIVE, "AddZip", zip)).toEqual(DENIED);
  expect(await run(`${DRIVE}/folder`, "AddZip", zip)).toEqual(DENIED);
  // The links themselves are entries of the drive: they can be moved and removed.
  expect(await run(`${DRIVE}/mine`, { Rename: { new_path: `${DRIVE}/file` } })).toBe("Ok");
  expect(await run(`${DRIVE}/folder`, "RemoveDirAll")).toMatchObject({ Err: {} });
  expect(await run(`${DRIVE}/folder`, "RemoveFile")).toBe("Ok");
});

test("links planted while the process works are refused from the next request on", async () => {
  await run(`${DRIVE}/dir`, "CreateDir");
  await run(`${DRIVE}/dir/secret`, "Write", "mine");
  expect(await run(`${DRIVE}/dir/secret`, "Read")).toBe("Read");
  renameSync(join(drive, "dir"), join(drive, "moved"));
  symlinkSync(join(root, "outside/folder"), join(drive, "dir"));
  expect(await run(`${DRIVE}/dir/secret`, "Read")).toEqual(DENIED);
  expect(await run(`${DRIVE}/dir/secret`, "Write", "x")).toEqual(DENIED);
  expect(await run(`${DRIVE}/dir/secret`, "Append", "x")).toEqual(DENIED);
  expect(await run(`${DRIVE}/moved`, "RemoveDirAll")).toBe("Ok");
  await run(`${DRIVE}/tree/deep`, "CreateDirAll");
  symlinkSync(join(root, "outside/folder"), join(drive, "tree/deep/link"));
  expect(await run(`${DRIVE}/tree`, "RemoveDirAll")).toBe("Ok");
});

test("an open file that was replaced by hand is no longer written to; a link in its place is refused", async () => {
  const open = { OpenFile: { create: true } };
  expect(await run(`${DRIVE}/f`, open)).toBe("Ok");
  expect(await run(`${DRIVE}/f`, "Write", "long content")).toBe("Ok");
  expect(await run(`${DRIVE}/f`, "Write", "short")).toBe("Ok");
  expect(readFileSync(join(drive, "f"), "utf8")).toBe("short");
  writeFileSync(join(drive, "f.new"), "by hand");
  renameSync(join(drive, "f"), join(drive, "f.old"));
  renameSync(join(drive, "f.new"), join(drive, "f"));
  expect(await run(`${DRIVE}/f`, "Write", "through the node")).toBe("Ok");
  expect(readFileSync(join(drive, "f"), "utf8")).toBe("through the node");
  expect(readFileSync(join(drive, "f.old"), "utf8")).toBe("short");
  rmSync(join(drive, "f"));
  expect(await run(`${DRIVE}/f`, "Write", "again")).toBe("Ok");
  expect(readFileSync(join(drive, "f"), "utf8")).toBe("again");
  rmSync(join(drive, "f"));
  symlinkSync(join(root, "outside/secret"), join(drive, "f"));
  expect(await run(`${DRIVE}/f`, "Write", "x")).toEqual(DENIED);
});

/** Puts a link out of the drive in the place of a folder and takes it away again, as quickly as a program can. */
const SWAPPER = `
import { renameSync, symlinkSync, unlinkSync } from "node:fs";
const [, , folder, outside] = process.argv;
process.stdout.write("ready");
for (;;) {
  renameSync(folder, folder + ".real");
  symlinkSync(outside, folder);
  unlinkSync(folder);
  renameSync(folder + ".real", folder);
}`;

test("a program that swaps folders for links all the time leads nothing out of the drive", async () => {
  await run(`${DRIVE}/a/b`, "CreateDirAll");
  await run(`${DRIVE}/a/b/secret`, "Write", "mine");
  const program = join(root, "vfs/swapper.ts");
  writeFileSync(program, SWAPPER);
  const swapper = Bun.spawn(
    [process.execPath, program, join(drive, "a/b"), join(root, "outside/folder")],
    { stdout: "pipe" },
  );
  try {
    await swapper.stdout.getReader().read();
    const answers = new Set<string>();
    for (let count = 0; count < 1_500; count++) {
      const [action, blob] = SWAPPED[count % SWAPPED.length]!;
      const name = action === "CreateDir" || count % 3 === 0 ? `made${count}` : "secret";
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      answers.add(JSON.stringify(await run(`${DRIVE}/a/b/${name}`, action, blob)));
    }
    expect(answers).toContain('"Ok"');
    expect(answers).toContain(JSON.stringify(DENIED));
  } finally {
    swapper.kill(9);
    await swapper.exited;
    rmSync(program);
  }
});

const SWAPPED: readonly (readonly [unknown, string?])[] = [
  ["Write", "x"],
  ["Read"],
  ["Append", "x"],
  ["CloseFile"],
  ["CreateFile"],
  ["RemoveFile"],
  ["CreateDir"],
  [{ Rename: { new_path: `${DRIVE}/a/b/moved` } }],
  [{ CopyFile: { new_path: `${DRIVE}/a/b/copied` } }],
  ["ReadDir"],
  ["Metadata"],
];

test("a link cannot be moved to where drives are: a drive may be a link, which is not a process's to say", async () => {
  mkdirSync(join(drive, "deep/er"), { recursive: true });
  mkdirSync(join(drive, "q:y.os"));
  // Stays in the drive where it is; in the place of a drive it would lead to another package.
  symlinkSync("../../q:y.os", join(drive, "deep/er/link"));
  symlinkSync("../q:y.os/data", join(drive, "deep/link"));
  mkdirSync(join(drive, "q:y.os/data"));
  expect(await run(`${DRIVE}/deep/link`, "ReadDir")).toEqual({ ReadDir: [] });
  expect(await run(`${DRIVE}/deep/link`, { Rename: { new_path: "/p:x.os/link" } })).toEqual(DENIED);
  expect(await run("/p:x.os/link/secret", "Read")).toMatchObject({ Err: {} });
});

test.skipIf(Bun.which("mkfifo") === null)(
  "pipes and devices are not opened: reading them could wait for ever",
  async () => {
    expect(Bun.spawnSync(["mkfifo", join(drive, "pipe")]).exitCode).toBe(0);
    for (const action of ["Read", "ReadToEnd", "Len", "Hash", { OpenFile: { create: false } }]) {
      expect(await run(`${DRIVE}/pipe`, action)).toEqual({
        Err: { IOError: "Invalid argument (os error 22)" },
      });
    }
    expect(await run(`${DRIVE}/pipe`, "Metadata")).toMatchObject({
      Metadata: { file_type: "Other" },
    });
    expect(await run(`${DRIVE}/pipe`, "RemoveFile")).toBe("Ok");
  },
);

test("archives that name places outside, or grow without end, leave nothing outside", async () => {
  for (const name of [
    "../escaped",
    "../../q:y.os/data/secret",
    "a/../../../outside/secret",
    "/etc/escaped",
    "C:/escaped",
    "..\\escaped",
    "a\0b",
  ]) {
    expect(await run(DRIVE, "AddZip", zipSync({ [name]: new Uint8Array(1) }))).toEqual({
      Err: "UnzipError",
    });
  }
  const bomb = zipSync({ zeros: new Uint8Array(64 * 1024 * 1024) });
  expect(await run(DRIVE, "AddZip", bomb)).toEqual({ Err: "UnzipError" });
  expect(readdirSync(drive)).toEqual([]);
});

test("any path and any action get an answer and stay in the drive", async () => {
  const part = fc.constantFrom(
    "..",
    ".",
    "",
    "a",
    "link",
    "p:x.os",
    "q:y.os",
    "data",
    "secret",
    "\\",
    "..\\..",
    "%2e%2e",
    "a\nb",
    "\u202e",
    "~",
    "C:",
    "nul",
  );
  symlinkSync(join(root, "outside"), join(drive, "link"));
  const path = fc.array(part, { maxLength: 8 }).map((parts) => `${DRIVE}/${parts.join("/")}`);
  const action = fc.constantFrom(...ACTIONS, ["RemoveFile"] as const, ["RemoveDir"] as const);
  await fc.assert(
    fc.asyncProperty(path, action, async (at, [name, blob]) => {
      expect(await run(at, name, blob)).toBeDefined();
    }),
    { numRuns: 300, seed: 6 },
  );
});
