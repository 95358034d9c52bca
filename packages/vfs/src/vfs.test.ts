import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import { zipSync } from "fflate";
import { openDiskFolder } from "./disk-bun.ts";
import type { DiskFile, DiskFolder } from "./disk.ts";
import type { VfsLimits } from "./limits.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { createSha256 } from "./vfs-bun.ts";
import { createVfs, type Vfs } from "./vfs.ts";
import { openZip } from "./zip-bun.ts";

const APP = "main:p:x.os";
const SIBLING = "other:p:x.os";
const FOREIGN = "main:q:y.os";
const DRIVE = "/p:x.os/data";
const NOT_FOUND = { Err: { IOError: "No such file or directory (os error 2)" } };

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kinode-vfs-"));
  folders.push(folder);
  return folder;
}

interface Setup {
  readonly vfs: Vfs;
  readonly harness: ModuleHarness;
  /** One action of `APP` unless told otherwise; returns the answer's JSON. */
  run(path: string, action: unknown, blob?: string | Uint8Array, source?: string): Promise<unknown>;
  /** The same, returning the blob as text. */
  read(path: string, action?: unknown, source?: string): Promise<string>;
}

async function setUp(disk: DiskFolder, limits: Partial<VfsLimits> = {}): Promise<Setup> {
  const vfs = createVfs({ disk, openZip, createSha256, limits });
  const harness = createModuleHarness(vfs);
  await harness.start();
  const setup: Setup = {
    vfs,
    harness,
    run: async (path, action, blob, source = APP) =>
      (await harness.ask(source, { body: { path, action }, blob })).json,
    read: async (path, action = "Read", source = APP) => {
      const answer = await harness.ask(source, { body: { path, action } });
      expect(answer.json).toBe("Read");
      return new TextDecoder().decode(answer.blob!.bytes);
    },
  };
  expect(await setup.run(DRIVE, "CreateDrive")).toBe("Ok");
  return setup;
}

interface Row {
  /** Below the drive. */
  readonly path: string;
  readonly action: unknown;
  readonly blob?: string;
  readonly right: "read" | "write";
}

/** Every action on one drive with what it needs, as in the table of §2.2. `f` and `g` are files, `d` is a folder. */
const ROWS: readonly Row[] = [
  { path: "/new", action: "CreateDir", right: "write" },
  { path: "/new/a", action: "CreateDirAll", right: "write" },
  { path: "/f", action: "CreateFile", right: "write" },
  { path: "/f", action: { OpenFile: { create: false } }, right: "write" },
  { path: "/f", action: "CloseFile", right: "write" },
  { path: "/f", action: "Write", blob: "x", right: "write" },
  { path: "/f", action: "WriteAll", blob: "x", right: "write" },
  { path: "/f", action: "Append", blob: "x", right: "write" },
  { path: "/f", action: "SyncAll", right: "write" },
  { path: "/f", action: "Read", right: "read" },
  { path: "/f", action: "ReadToEnd", right: "read" },
  { path: "/g", action: { ReadExact: { length: 1 } }, right: "read" },
  { path: "/f", action: "ReadToString", right: "read" },
  { path: "/f", action: { Seek: { Start: 1 } }, right: "read" },
  { path: "", action: "ReadDir", right: "read" },
  { path: "/f", action: "RemoveFile", right: "write" },
  { path: "/d", action: "RemoveDir", right: "write" },
  { path: "/d", action: "RemoveDirAll", right: "write" },
  { path: "/f", action: { Rename: { new_path: `${DRIVE}/f2` } }, right: "write" },
  { path: "/f", action: { CopyFile: { new_path: `${DRIVE}/f2` } }, right: "write" },
  { path: "/f", action: "Metadata", right: "read" },
  { path: "/new", action: "AddZip", blob: "zip", right: "write" },
  { path: "/f", action: "Len", right: "read" },
  { path: "/f", action: { SetLen: 3 }, right: "write" },
  { path: "/f", action: "Hash", right: "read" },
];

const DISKS: readonly (readonly [string, () => DiskFolder])[] = [
  ["memory", createMemoryDisk],
  ["folder", () => openDiskFolder(newFolder())],
];

describe.each(DISKS)("vfs on a %s disk", (_name, createDisk) => {
  const start = (limits?: Partial<VfsLimits>): Promise<Setup> => setUp(createDisk(), limits);

  test("[M1] a unit action as text and as an object with null is the same", async () => {
    const { run, read } = await start();
    expect(await run(`${DRIVE}/f`, { Write: null }, "abc")).toBe("Ok");
    expect(await read(`${DRIVE}/f`, { Read: null })).toBe(await read(`${DRIVE}/f`, "Read"));
  });

  test("[M2] unknown keys in request objects are ignored", async () => {
    const { harness, run } = await start();
    const body = { path: `${DRIVE}/f`, action: { OpenFile: { create: true, mode: 7 } }, more: [1] };
    expect((await harness.ask(APP, { body })).json).toBe("Ok");
    expect(await run(`${DRIVE}/f`, { ReadExact: { length: 0, x: 1 } })).toBe("Read");
  });

  test("a missing required key is malformed", async () => {
    const { harness, run } = await start();
    for (const body of [{ path: DRIVE }, { action: "Read" }, { path: 1, action: "Read" }, [], 3]) {
      expect((await harness.ask(APP, { body })).json).toEqual({ Err: "MalformedRequest" });
    }
    for (const action of [{ OpenFile: {} }, { OpenFile: null }, { Rename: {} }, "Nothing", null]) {
      expect(await run(`${DRIVE}/f`, action)).toEqual({ Err: "MalformedRequest" });
    }
  });

  test("[M5] an integer given as 1.0 is malformed", async () => {
    const { harness, run } = await start();
    await run(`${DRIVE}/f`, "Write", "abc");
    for (const action of [
      '{"ReadExact":{"length":1.0}}',
      '{"SetLen":1.0}',
      '{"Seek":{"Start":1e0}}',
    ]) {
      const body = `{"path":"${DRIVE}/f","action":${action}}`;
      expect((await harness.ask(APP, { body })).json).toEqual({ Err: "MalformedRequest" });
    }
  });

  test("success echoes metadata, errors carry none", async () => {
    const { harness } = await start();
    const ask = (action: string, path: string) =>
      harness.ask(APP, { body: { path, action }, blob: "x", metadata: "note" });
    expect((await ask("Write", `${DRIVE}/f`)).metadata).toBe("note");
    const failed = await ask("Read", `${DRIVE}/missing`);
    expect(failed.json).toEqual(NOT_FOUND);
    expect(failed.metadata).toBeUndefined();
  });

  test("[M7] answers go to rsvp when set, else to the source, with the request's id", async () => {
    const { harness } = await start();
    const elsewhere = { node: "bob.os", process: "a:b:c.os" as never };
    const body = { path: DRIVE, action: "Metadata" };
    const toRsvp = await harness.ask(APP, { body, rsvp: elsewhere, id: 77 });
    expect([toRsvp.target, toRsvp.id]).toEqual([elsewhere, 77]);
    const toSource = await harness.ask(APP, { body, id: 78, rsvp: undefined });
    expect([toSource.target.process as string, toSource.id]).toEqual([APP, 78]);
  });

  test("an error goes to the inherited rsvp, of a request that expects no answer itself", async () => {
    const { harness } = await start();
    const rsvp = { node: "bob.os", process: "a:b:c.os" as never };
    const body = { path: `${DRIVE}/missing`, action: "Read" };
    harness.post(APP, { body, rsvp, id: 79, expectsResponse: null });
    harness.post(APP, { body, id: 80, expectsResponse: null });
    await harness.ask(APP, { body, id: 81 });
    const [first, ...others] = harness.answers.filter(({ id }) => id >= 79);
    expect([first?.target, first?.id, first?.json]).toEqual([rsvp, 79, NOT_FOUND]);
    expect(others.map(({ id }) => id)).toEqual([81]);
  });

  test("requests of other nodes are dropped and printed", async () => {
    const { harness } = await start();
    const before = harness.answers.length;
    harness.post(APP, { body: { path: `${DRIVE}/f`, action: "CreateFile" }, node: "evil.os" });
    await harness.delivered();
    expect(harness.answers.length).toBe(before);
    expect(harness.prints.at(-1)).toMatchObject({ verbosity: 1 });
    const check = await harness.ask(APP, { body: { path: `${DRIVE}/f`, action: "Metadata" } });
    expect(check.json).toEqual(NOT_FOUND);
  });

  test("[M10] ten Appends that nobody awaits land in sending order", async () => {
    const { harness, run, read } = await start();
    await run(`${DRIVE}/log`, "CreateFile");
    // Pieces of different sizes, some beyond what is written on the thread.
    const pieces = Array.from({ length: 10 }, (_, index) =>
      String(index).repeat(index % 3 === 0 ? 700_000 : 3),
    );
    for (const piece of pieces) {
      const body = { path: `${DRIVE}/log`, action: "Append" };
      harness.post(APP, { body, blob: piece, expectsResponse: null });
    }
    expect((await read(`${DRIVE}/log`)) === pieces.join("")).toBe(true);
  });

  test("[M12] slashes, dots and a missing first slash name one file", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "one");
    for (const path of ["p:x.os/data/f", "//p:x.os/./data//f", "\\p:x.os/data/f/"]) {
      expect(await read(path)).toBe("one");
    }
  });

  test("[M13] paths that climb, name no drive or no package are malformed", async () => {
    const { run, harness } = await start();
    harness.give(APP, '{"root":true}');
    for (const path of ["/../x", "/p:x.os", "/p/d/f", "", "/p:x.os/../../p:x.os/data/f"]) {
      for (const source of [APP, SIBLING]) {
        expect(await run(path, "Read", undefined, source)).toEqual({ Err: "MalformedRequest" });
      }
    }
    // Only root lists what drives there are, even those of the own package.
    expect(await run("/p:x.os", "ReadDir", undefined, SIBLING)).toEqual({
      Err: "MalformedRequest",
    });
  });

  test("[M14] a path that reaches another package by .. is judged on that drive", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "mine");
    const sly = "/q:y.os/d/../../p:x.os/data/f";
    expect(await run(sly, "Read", undefined, FOREIGN)).toEqual({ Err: "NoReadCap" });
    expect(await run(sly, "Write", "x", FOREIGN)).toEqual({ Err: "NoWriteCap" });
    expect(await run(sly, "Read")).toBe("Read");
    expect(await run("/q:y.os/d/../../p:x.os/more", "CreateDrive", undefined, FOREIGN)).toEqual({
      Err: "NoWriteCap",
    });
    await run("/q:y.os/d", "CreateDrive", undefined, FOREIGN);
    await run("/q:y.os/d/f", "Write", "theirs", FOREIGN);
    const copy = { CopyFile: { new_path: "/q:y.os/d/../../p:x.os/data/f" } };
    expect(await run("/q:y.os/d/f", copy, undefined, FOREIGN)).toEqual({ Err: "NoWriteCap" });
    expect(await read(`${DRIVE}/f`)).toBe("mine");
  });

  test("[M15] CreateDrive in the own package adds both capabilities, also when repeated", async () => {
    const { run, harness } = await start();
    expect(await run("/p:x.os/second", "CreateDrive")).toBe("Ok");
    expect(await run("/p:x.os/second", "CreateDrive")).toBe("Ok");
    const params = harness.held(APP).map((capability) => JSON.parse(capability.params) as unknown);
    expect(params).toContainEqual({ kind: "read", drive: "/p:x.os/second" });
    expect(params).toContainEqual({ kind: "write", drive: "/p:x.os/second" });
    expect(harness.held(APP)[0]!.issuer).toEqual(harness.context.address);
    // The process has them, not its package.
    expect(harness.held(SIBLING)).toEqual([]);
    expect(await run("/p:x.os/second", "Metadata")).toMatchObject({
      Metadata: { file_type: "Directory" },
    });
  });

  test("a drive whose capabilities cannot be stored is not created", async () => {
    const { run, harness } = await start();
    harness.failGrants();
    expect(await run("/p:x.os/third", "CreateDrive")).toEqual({ Err: "AddCapFailed" });
    expect(await run("/p:x.os/third", "Metadata")).toEqual(NOT_FOUND);
  });

  test("[M16] CreateDrive for a foreign package needs root", async () => {
    const { run, harness } = await start();
    expect(await run("/p:x.os/z", "CreateDrive", undefined, FOREIGN)).toEqual({
      Err: "NoWriteCap",
    });
    expect(harness.held(FOREIGN)).toEqual([]);
    expect(await run("/p:x.os/z", "Metadata")).toEqual(NOT_FOUND);
    harness.give(FOREIGN, '{"root":true}');
    expect(await run("/p:x.os/z", "CreateDrive", undefined, FOREIGN)).toBe("Ok");
    expect(harness.held(FOREIGN)).toHaveLength(3);
  });

  test("[M17] CreateDrive with deeper segments creates only the drive", async () => {
    const { run } = await start();
    expect(await run("/p:x.os/d/sub", "CreateDrive")).toBe("Ok");
    expect(await run("/p:x.os/d", "ReadDir")).toEqual({ ReadDir: [] });
  });

  test("[M18] a process of the same package needs no capability", async () => {
    const { run, read, harness } = await start();
    expect(harness.held(SIBLING)).toEqual([]);
    expect(await run(`${DRIVE}/f`, "Write", "x", SIBLING)).toBe("Ok");
    expect(await read(`${DRIVE}/f`, "Read", SIBLING)).toBe("x");
  });

  test("[M19] a foreign process with the read capability reads and does not write", async () => {
    const { run, read, harness } = await start();
    await run(`${DRIVE}/f`, "Write", "x");
    expect(await run(`${DRIVE}/f`, "Read", undefined, FOREIGN)).toEqual({ Err: "NoReadCap" });
    harness.give(FOREIGN, `{"drive": "${DRIVE}", "kind": "read"}`);
    expect(await run(`${DRIVE}/f`, "Read", undefined, FOREIGN)).toBe("Read");
    expect(await run(`${DRIVE}/f`, "Write", "y", FOREIGN)).toEqual({ Err: "NoWriteCap" });
    expect(await read(`${DRIVE}/f`)).toBe("x");
  });

  test("[M20] a foreign process with the write capability writes and does not read", async () => {
    const { run, harness } = await start();
    harness.give(FOREIGN, `{"kind":"write","drive":"${DRIVE}"}`);
    expect(await run(`${DRIVE}/f`, "Write", "y", FOREIGN)).toBe("Ok");
    expect(await run(`${DRIVE}/f`, "Read", undefined, FOREIGN)).toEqual({ Err: "NoReadCap" });
  });

  test("[M21] root may do everything and list the root, others may not", async () => {
    const { run, harness } = await start();
    expect(await run("/", "ReadDir")).toEqual({ Err: "NoReadCap" });
    harness.give(FOREIGN, '{"root":true}');
    expect(await run(`${DRIVE}/f`, "Write", "y", FOREIGN)).toBe("Ok");
    expect(await run(`${DRIVE}/f`, "Read", undefined, FOREIGN)).toBe("Read");
    expect(await run(`${DRIVE}/f`, { Rename: { new_path: `${DRIVE}/g` } }, "", FOREIGN)).toBe("Ok");
    expect(await run("/", "ReadDir", undefined, FOREIGN)).toEqual({
      ReadDir: [{ path: "p:x.os", file_type: "Directory" }],
    });
    expect(await run("/p:x.os", "ReadDir", undefined, FOREIGN)).toEqual({
      ReadDir: [{ path: "p:x.os/data", file_type: "Directory" }],
    });
  });

  test("[M19] [M20] [M21] every action needs the right of its row; root has them all", async () => {
    const { run, harness } = await start();
    const [reader, writer, nobody, root] = ["r:a:z.os", "w:b:z.os", "n:c:z.os", "root:d:z.os"];
    harness.give(reader, `{"kind":"read","drive":"${DRIVE}"}`);
    harness.give(writer, `{"kind":"write","drive":"${DRIVE}"}`);
    harness.give(root, '{"root":true}');
    await run(`${DRIVE}/g`, "Write", "0123456789");
    await run(`${DRIVE}/d`, "CreateDir");
    const zip = zipSync({ f: Buffer.from("x") });
    const refused = { Err: "NoWriteCap" };
    for (const { path, action, blob, right } of ROWS) {
      const full = `${DRIVE}${path}`;
      const bytes = blob === "zip" ? zip : blob;
      const ask = async (source: string) => ({
        action,
        answer: await run(full, action, bytes, source),
      });
      const no = { action, answer: right === "read" ? { Err: "NoReadCap" } : refused };
      expect(await ask(nobody)).toEqual(no);
      expect(await ask(right === "read" ? writer : reader)).toEqual(no);
      const fine = (answer: unknown) => ({ action, fine: !("Err" in Object(answer)), answer });
      for (const source of [right === "read" ? reader : writer, root]) {
        await run(`${DRIVE}/f`, "Write", "0123456789");
        await run(`${DRIVE}/new`, "RemoveDirAll");
        if (path === "/d") await run(full, "CreateDir");
        const answer = await run(full, action, bytes, source);
        expect(fine(answer)).toEqual({ action, fine: true, answer });
      }
    }
    // Not even with every right but the one of its package.
    for (const source of [reader, writer, nobody]) {
      expect(await run("/p:x.os/more", "CreateDrive", undefined, source)).toEqual(refused);
    }
    expect(await run("/p:x.os/more", "CreateDrive", undefined, root)).toBe("Ok");
  });

  test("the path comes before the right, the right before the blob", async () => {
    const { run } = await start();
    expect(await run("/p:x.os", "Write", undefined, FOREIGN)).toEqual({ Err: "MalformedRequest" });
    for (const action of ["Write", "WriteAll", "Append", "AddZip"]) {
      expect(await run(`${DRIVE}/f`, action, undefined, FOREIGN)).toEqual({ Err: "NoWriteCap" });
    }
  });

  test("the root listing is answered to its source whatever rsvp says, also when nobody expects it", async () => {
    const { harness } = await start();
    harness.give(APP, '{"root":true}');
    const elsewhere = { node: "bob.os", process: "a:b:c.os" as never };
    const body = { path: "/", action: "ReadDir" };
    const answer = await harness.ask(APP, { body, rsvp: elsewhere, expectsResponse: null, id: 90 });
    expect([answer.target.process as string, answer.id]).toEqual([APP, 90]);
    expect(answer.json).toEqual({ ReadDir: [{ path: "p:x.os", file_type: "Directory" }] });
  });

  test("the kernel is not asked for capabilities", async () => {
    const { run } = await start();
    expect(await run(`${DRIVE}/k`, "Write", "x", "kernel:distro:sys")).toBe("Ok");
  });

  test("[M22] listed paths have no leading slash and start with the package id", async () => {
    const { run } = await start();
    await run(`${DRIVE}/f.txt`, "Write", "x");
    await run(`${DRIVE}/sub`, "CreateDir");
    const { ReadDir } = (await run(DRIVE, "ReadDir")) as { ReadDir: { path: string }[] };
    expect(ReadDir.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: "p:x.os/data/f.txt", file_type: "File" } as never,
      { path: "p:x.os/data/sub", file_type: "Directory" } as never,
    ]);
  });

  test("[M23] Write without blob is refused, with an empty one it truncates", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abc");
    expect(await run(`${DRIVE}/f`, "Write")).toEqual({ Err: "NoBlob" });
    expect(await read(`${DRIVE}/f`)).toBe("abc");
    expect(await run(`${DRIVE}/f`, "Write", "")).toBe("Ok");
    expect(await run(`${DRIVE}/f`, "Len")).toEqual({ Len: 0 });
    for (const action of ["WriteAll", "Append", "AddZip"]) {
      expect(await run(`${DRIVE}/f`, action)).toEqual({ Err: "NoBlob" });
    }
  });

  test("what was read is a blob of bytes without further meaning, and nothing else has one", async () => {
    const { harness, run } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    const blobOf = async (action: unknown) => {
      const { blob } = await harness.ask(APP, { body: { path: `${DRIVE}/f`, action } });
      return blob && [blob.mime, new TextDecoder().decode(blob.bytes)];
    };
    for (const [action, text] of [
      ["Read", "abcdef"],
      [{ ReadExact: { length: 2 } }, "ab"],
      ["ReadToEnd", "cdef"],
      ["ReadToEnd", ""],
    ] as const) {
      expect(await blobOf(action)).toEqual(["application/octet-stream", text]);
    }
    for (const action of ["Len", "Hash", "Metadata", { Seek: { Start: 0 } }, "ReadToString"]) {
      expect(await blobOf(action)).toBeUndefined();
    }
  });

  test("Write leaves the cursor of an open file, Append puts it at the end, WriteAll goes on there", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    await run(`${DRIVE}/f`, { Seek: { Start: 2 } });
    expect(await run(`${DRIVE}/f`, "Write", "ABCDEFGH")).toBe("Ok");
    expect(await run(`${DRIVE}/f`, "WriteAll", "--")).toBe("Ok");
    expect(await read(`${DRIVE}/f`)).toBe("AB--EFGH");
    expect(await read(`${DRIVE}/f`, { ReadExact: { length: 1 } })).toBe("E");
    expect(await run(`${DRIVE}/f`, "Append", "x")).toBe("Ok");
    expect(await run(`${DRIVE}/f`, { Seek: { Current: 0 } })).toEqual({
      SeekFrom: { new_offset: 9 },
    });
    await run(`${DRIVE}/f`, "WriteAll", "y");
    expect(await read(`${DRIVE}/f`)).toBe("AB--EFGHxy");
    // Past the end there are zeros.
    await run(`${DRIVE}/f`, { Seek: { Start: 12 } });
    await run(`${DRIVE}/f`, "WriteAll", "z");
    expect(await read(`${DRIVE}/f`)).toBe("AB--EFGHxy\0\0z");
  });

  test("what works on a file fails without one, and creates nothing", async () => {
    const { run } = await start();
    for (const action of [
      "Read",
      "ReadToEnd",
      { ReadExact: { length: 0 } },
      "ReadToString",
      { Seek: { Start: 0 } },
      "Len",
      { SetLen: 1 },
      "SyncAll",
      "Hash",
      "Metadata",
      "ReadDir",
      "RemoveFile",
      "RemoveDir",
      "RemoveDirAll",
      { Rename: { new_path: `${DRIVE}/g` } },
      { CopyFile: { new_path: `${DRIVE}/g` } },
    ]) {
      const answer = await run(`${DRIVE}/f`, action);
      expect({ action, answer }).toEqual({ action, answer: NOT_FOUND });
    }
    for (const action of ["CreateFile", { OpenFile: { create: true } }]) {
      expect(await run(`${DRIVE}/no/f`, action)).toEqual(NOT_FOUND);
    }
    expect(await run(DRIVE, "ReadDir")).toEqual({ ReadDir: [] });
  });

  test("Write replaces longer content, small and big", async () => {
    const { run, read } = await start();
    for (const sizes of [
      [5, 2],
      [1_200_000, 900_000],
      [900_000, 3],
    ]) {
      for (const size of sizes) {
        expect(await run(`${DRIVE}/f`, "Write", String(size % 7).repeat(size))).toBe("Ok");
        expect((await read(`${DRIVE}/f`)) === String(size % 7).repeat(size)).toBe(true);
      }
    }
  });

  test("[M24] Write into a missing directory is the system's error", async () => {
    const { run } = await start();
    expect(await run(`${DRIVE}/no/f`, "Write", "x")).toEqual(NOT_FOUND);
  });

  test("[M25] WriteAll and Append on a missing file fail and create nothing", async () => {
    const { run } = await start();
    expect(await run(`${DRIVE}/f`, "WriteAll", "x")).toEqual(NOT_FOUND);
    expect(await run(`${DRIVE}/f`, "Append", "x")).toEqual(NOT_FOUND);
    expect(await run(DRIVE, "ReadDir")).toEqual({ ReadDir: [] });
  });

  test("[M26] OpenFile creates only when asked and keeps what is there", async () => {
    const { run, read } = await start();
    expect(await run(`${DRIVE}/f`, { OpenFile: { create: false } })).toEqual(NOT_FOUND);
    expect(await run(`${DRIVE}/f`, { OpenFile: { create: true } })).toBe("Ok");
    await run(`${DRIVE}/f`, "WriteAll", "abc");
    expect(await run(`${DRIVE}/f`, { OpenFile: { create: true } })).toBe("Ok");
    expect(await read(`${DRIVE}/f`)).toBe("abc");
  });

  test("[M27] OpenFile on an open file puts the cursor to 0", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    await run(`${DRIVE}/f`, { Seek: { Start: 4 } });
    await run(`${DRIVE}/f`, { OpenFile: { create: false } });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("abcdef");
  });

  test("[M28] ReadExact goes on where it was and ends with early eof", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdefgh");
    expect(await read(`${DRIVE}/f`, { ReadExact: { length: 4 } })).toBe("abcd");
    expect(await read(`${DRIVE}/f`, { ReadExact: { length: 4 } })).toBe("efgh");
    expect(await run(`${DRIVE}/f`, { ReadExact: { length: 4 } })).toEqual({
      Err: { IOError: "early eof" },
    });
  });

  test("[M29] Seek from the end, then ReadToEnd", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "0123456789");
    expect(await run(`${DRIVE}/f`, { Seek: { End: -2 } })).toEqual({ SeekFrom: { new_offset: 8 } });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("89");
    expect(await run(`${DRIVE}/f`, { Seek: { Current: -3 } })).toEqual({
      SeekFrom: { new_offset: 7 },
    });
    expect(await run(`${DRIVE}/f`, { Seek: { End: -11 } })).toEqual({
      Err: { IOError: "Invalid argument (os error 22)" },
    });
    expect(await run(`${DRIVE}/f`, { Seek: { Start: 100 } })).toEqual({
      SeekFrom: { new_offset: 100 },
    });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("");
  });

  test("[M30] Seek needs only read, OpenFile needs write", async () => {
    const { run, harness } = await start();
    await run(`${DRIVE}/f`, "Write", "abc");
    harness.give(FOREIGN, `{"kind":"read","drive":"${DRIVE}"}`);
    expect(await run(`${DRIVE}/f`, { Seek: { Start: 0 } }, undefined, FOREIGN)).toEqual({
      SeekFrom: { new_offset: 0 },
    });
    expect(await run(`${DRIVE}/f`, { OpenFile: { create: true } }, undefined, FOREIGN)).toEqual({
      Err: "NoWriteCap",
    });
  });

  test("[M31] Read returns the whole file and does not move the cursor", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    await run(`${DRIVE}/f`, { Seek: { Start: 4 } });
    expect(await read(`${DRIVE}/f`)).toBe("abcdef");
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("ef");
  });

  test("[M32] a Read after an acknowledged Append sees its bytes, whoever asks", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "CreateFile");
    for (let round = 1; round <= 5; round++) {
      expect(await run(`${DRIVE}/f`, "Append", "ab")).toBe("Ok");
      expect(await read(`${DRIVE}/f`, "Read", SIBLING)).toBe("ab".repeat(round));
    }
  });

  test("[M33] after CreateFile WriteAll starts at 0, also when the file was evicted before", async () => {
    const { run, read } = await start({ initialHandleCount: 2 });
    await run(`${DRIVE}/f`, "CreateFile");
    await run(`${DRIVE}/f`, "WriteAll", "long content");
    for (const name of ["a", "b", "c"]) await run(`${DRIVE}/${name}`, "CreateFile");
    expect(await run(`${DRIVE}/f`, "CreateFile")).toBe("Ok");
    expect(await run(`${DRIVE}/f`, "Len")).toEqual({ Len: 0 });
    for (const name of ["a", "b", "c"]) await run(`${DRIVE}/${name}`, { Seek: { Start: 0 } });
    await run(`${DRIVE}/f`, "WriteAll", "x");
    expect(await read(`${DRIVE}/f`)).toBe("x");
  });

  test("[M34] with a handle limit of 4, ten files read in turn keep their cursors", async () => {
    const { run, read } = await start({ initialHandleCount: 4 });
    const names = Array.from({ length: 10 }, (_, index) => `${DRIVE}/f${index}`);
    for (const [index, name] of names.entries()) {
      await run(name, "Write", `${index}abc`);
      expect(await run(name, { OpenFile: { create: false } })).toBe("Ok");
    }
    for (let at = 0; at < 4; at++) {
      for (const [index, name] of names.entries()) {
        expect(await read(name, { ReadExact: { length: 1 } })).toBe(`${index}abc`[at]!);
      }
    }
  });

  test("remembered cursors do not survive CloseFile, RemoveFile, Rename or CopyFile", async () => {
    const { run, read } = await start({ initialHandleCount: 2 });
    const evictAfterMoving = async (path: string): Promise<void> => {
      await run(path, "Write", "abcdef");
      await run(path, { Seek: { Start: 3 } });
      for (const name of ["x", "y"]) await run(`${DRIVE}/${name}`, { OpenFile: { create: true } });
    };
    await evictAfterMoving(`${DRIVE}/f`);
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("def");
    await evictAfterMoving(`${DRIVE}/f`);
    await run(`${DRIVE}/f`, "CloseFile");
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("abcdef");
    await evictAfterMoving(`${DRIVE}/f`);
    await run(`${DRIVE}/f`, "RemoveFile");
    await run(`${DRIVE}/f`, "Write", "new!!!");
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("new!!!");
    await evictAfterMoving(`${DRIVE}/f`);
    await run(`${DRIVE}/g`, "Write", "ghijkl");
    await run(`${DRIVE}/g`, { Rename: { new_path: `${DRIVE}/f` } });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("ghijkl");
    await evictAfterMoving(`${DRIVE}/f`);
    await run(`${DRIVE}/g`, "Write", "ghijkl");
    await run(`${DRIVE}/g`, { CopyFile: { new_path: `${DRIVE}/f` } });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("ghijkl");
    await evictAfterMoving(`${DRIVE}/f`);
    await run(`${DRIVE}/f`, { Rename: { new_path: `${DRIVE}/g` } });
    await run(`${DRIVE}/f`, "Write", "abcdef");
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("abcdef");
    await run(`${DRIVE}/d`, "CreateDir");
    await evictAfterMoving(`${DRIVE}/d/f`);
    await run(`${DRIVE}/d`, "RemoveDirAll");
    await run(`${DRIVE}/d`, "CreateDir");
    await run(`${DRIVE}/d/f`, "Write", "abcdef");
    expect(await read(`${DRIVE}/d/f`, "ReadToEnd")).toBe("abcdef");
  });

  test("removing a tree forgets the files below it", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/d`, "CreateDir");
    await run(`${DRIVE}/d/f`, "Write", "abcdef");
    await run(`${DRIVE}/d/f`, { Seek: { Start: 3 } });
    expect(await run(`${DRIVE}/d`, "RemoveDirAll")).toBe("Ok");
    await run(`${DRIVE}/d`, "CreateDir");
    await run(`${DRIVE}/d/f`, "Write", "ghijkl");
    expect(await read(`${DRIVE}/d/f`, "ReadToEnd")).toBe("ghijkl");
    expect(await run(DRIVE, "RemoveDirAll")).toBe("Ok");
    expect(await run(DRIVE, "Metadata")).toEqual(NOT_FOUND);
  });

  test("[M36] Hash is 32 integers, the SHA-256 of the content", async () => {
    const { run, read } = await start();
    const content = "0123456789".repeat(300_000);
    await run(`${DRIVE}/f`, "Write", content);
    const expected = [...createHash("sha256").update(content).digest()];
    expect(await run(`${DRIVE}/f`, "Hash")).toEqual({ Hash: expected });
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("");
  });

  test("[M37] Metadata tells type and length; Len of a directory fails", async () => {
    const { run } = await start();
    await run(`${DRIVE}/f`, "Write", "hello world!");
    expect(await run(`${DRIVE}/f`, "Metadata")).toEqual({
      Metadata: { file_type: "File", len: 12 },
    });
    expect(await run(DRIVE, "Metadata")).toMatchObject({ Metadata: { file_type: "Directory" } });
    expect(await run(`${DRIVE}/f`, "Len")).toEqual({ Len: 12 });
    expect(await run(DRIVE, "Len")).toEqual({ Err: { IOError: "Is a directory (os error 21)" } });
  });

  test("[M38] SetLen extends with zeros and truncates; the cursor stays", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    await run(`${DRIVE}/f`, { Seek: { Start: 2 } });
    expect(await run(`${DRIVE}/f`, { SetLen: 8 })).toBe("Ok");
    expect(await read(`${DRIVE}/f`)).toBe("abcdef\0\0");
    expect(await run(`${DRIVE}/f`, { SetLen: 3 })).toBe("Ok");
    expect(await read(`${DRIVE}/f`, "ReadToEnd")).toBe("c");
  });

  test("[M39] Rename and CopyFile across packages need write on both drives", async () => {
    const { run, harness } = await start();
    await run("/q:y.os/d", "CreateDrive", undefined, FOREIGN);
    await run(`${DRIVE}/f`, "Write", "x");
    const copy = { CopyFile: { new_path: "/q:y.os/d/f" } };
    const rename = { Rename: { new_path: "/q:y.os/d/f" } };
    const refused = { Err: "NoWriteCap" };
    expect([await run(`${DRIVE}/f`, copy), await run(`${DRIVE}/f`, rename)]).toEqual([
      refused,
      refused,
    ]);
    harness.give(APP, '{"kind":"write","drive":"/q:y.os/d"}');
    expect(await run(`${DRIVE}/f`, copy)).toBe("Ok");
    expect(await run(`${DRIVE}/f`, rename)).toBe("Ok");
    // Owning one side does not stand for its capability once the other side is foreign.
    harness.give(SIBLING, '{"kind":"write","drive":"/q:y.os/d"}');
    await run(`${DRIVE}/f`, "Write", "x");
    expect(await run(`${DRIVE}/f`, rename, undefined, SIBLING)).toEqual(refused);
  });

  test("CopyFile and Rename replace an existing file", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/a`, "Write", "A");
    await run(`${DRIVE}/b`, "Write", "BBB");
    expect(await run(`${DRIVE}/a`, { CopyFile: { new_path: `${DRIVE}/b` } })).toBe("Ok");
    expect([await read(`${DRIVE}/a`), await read(`${DRIVE}/b`)]).toEqual(["A", "A"]);
    await run(`${DRIVE}/b`, "Write", "BBB");
    expect(await run(`${DRIVE}/a`, { Rename: { new_path: `${DRIVE}/b` } })).toBe("Ok");
    expect(await read(`${DRIVE}/b`)).toBe("A");
    expect(await run(`${DRIVE}/a`, "Metadata")).toEqual(NOT_FOUND);
    expect(await run(`${DRIVE}/b`, { CopyFile: { new_path: `${DRIVE}/b` } })).toMatchObject({
      Err: {},
    });
    expect(await read(`${DRIVE}/b`)).toBe("A");
  });

  test("[M40] AddZip unpacks nested folders; what is no zip is a ParseError on the VFS path", async () => {
    const { run, read } = await start();
    const zip = zipSync({ "a.txt": Buffer.from("A"), deep: { er: { "b.txt": Buffer.from("B") } } });
    expect(await run(`${DRIVE}/new/dir`, "AddZip", zip)).toBe("Ok");
    expect(await read(`${DRIVE}/new/dir/a.txt`)).toBe("A");
    expect(await read(`${DRIVE}/new/dir/deep/er/b.txt`)).toBe("B");
    expect(await run(`${DRIVE}/other`, "AddZip", "no zip")).toEqual({
      Err: { ParseError: { error: "invalid Zip archive", path: `${DRIVE}/other` } },
    });
    // What is there is replaced; the first entry that fails leaves those before it.
    await run(`${DRIVE}/new/a.txt`, "Write", "longer than before");
    const second = zipSync({ "a.txt": Buffer.from("A2"), "../x": Buffer.from("x"), z: zip });
    expect(await run(`${DRIVE}/new`, "AddZip", second)).toEqual({ Err: "UnzipError" });
    expect(await read(`${DRIVE}/new/a.txt`)).toBe("A2");
    expect(await run(`${DRIVE}/new/z`, "Metadata")).toEqual(NOT_FOUND);
  });

  test("[M43] CloseFile of an unopened path is Ok and without expectation there is no reply", async () => {
    const { run, harness } = await start();
    expect(await run(`${DRIVE}/never`, "CloseFile")).toBe("Ok");
    const before = harness.answers.length;
    const post = (path: string) =>
      harness.post(APP, { body: { path, action: "CloseFile" }, expectsResponse: null });
    post(`${DRIVE}/never`);
    post("/malformed");
    post("/q:y.os/d/f");
    // In order per source: when this is answered, those before have had their turn.
    const last = await harness.ask(APP, { body: { path: DRIVE, action: "Metadata" } });
    expect(harness.answers.slice(before).map(({ text }) => text)).toEqual([last.text]);
  });

  test("[M44] ReadExact of 2^53 + 1 bytes allocates nothing and fails", async () => {
    const { harness, run } = await start();
    await run(`${DRIVE}/f`, "Write", "abc");
    const before = process.memoryUsage().rss;
    for (const length of ["9007199254740993", "18446744073709551615", "4294967296", "4"]) {
      const body = `{"path":"${DRIVE}/f","action":{"ReadExact":{"length":${length}}}}`;
      expect((await harness.ask(APP, { body })).json).toEqual({ Err: { IOError: "early eof" } });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    await run(`${DRIVE}/f`, { Seek: { Start: 0 } });
    const body = { path: `${DRIVE}/f`, action: { ReadExact: { length: 3 } } };
    expect(new TextDecoder().decode((await harness.ask(APP, { body })).blob?.bytes)).toBe("abc");
  });

  test("ReadToString returns text from the cursor and refuses what is not UTF-8", async () => {
    const { run } = await start();
    await run(`${DRIVE}/f`, "Write", "grüße");
    expect(await run(`${DRIVE}/f`, "ReadToString")).toEqual({ ReadToString: "grüße" });
    expect(await run(`${DRIVE}/f`, "ReadToString")).toEqual({ ReadToString: "" });
    await run(`${DRIVE}/g`, "Write", Uint8Array.of(0xff));
    expect(await run(`${DRIVE}/g`, "ReadToString")).toEqual({
      Err: { IOError: "stream did not contain valid UTF-8" },
    });
  });

  test("ReadDir of a folder with very many entries lists all of them", async () => {
    const { run } = await setUp(createDisk());
    const names = Array.from({ length: 2_100 }, (_, index) => `f${index}`);
    const zip = zipSync(Object.fromEntries(names.map((name) => [name, new Uint8Array(1)])));
    expect(await run(`${DRIVE}/many`, "AddZip", zip)).toBe("Ok");
    const { ReadDir: entries } = (await run(`${DRIVE}/many`, "ReadDir")) as {
      ReadDir: readonly { path: string; file_type: string }[];
    };
    const wanted = names.map((name) => `${DRIVE.slice(1)}/many/${name}`);
    expect(entries.map(({ path }) => path).toSorted()).toEqual(wanted.toSorted());
    expect(new Set(entries.map((entry) => entry.file_type))).toEqual(new Set(["File"]));
  });

  test("ReadToString of a long text is the same, piece by piece", async () => {
    const { run } = await setUp(createDisk());
    const path = `${DRIVE}/long`;
    for (const unit of ["a", "é", "€", "😀", '"', "\n", "\u0000"]) {
      const text = `${"x".repeat(unit.length)}${unit.repeat(300_000)}`;
      expect(await run(path, "Write", text)).toBe("Ok");
      expect(await run(path, { Seek: { Start: 1 } })).toEqual({ SeekFrom: { new_offset: 1 } });
      const answer = (await run(path, "ReadToString")) as { ReadToString: string };
      expect(answer.ReadToString === text.slice(1)).toBe(true);
      expect(await run(path, "ReadToString")).toEqual({ ReadToString: "" });
    }
    for (const place of [0, 262_143, 262_144, 599_999]) {
      const bytes = new Uint8Array(600_000).fill(0x61);
      bytes[place] = 0xe2;
      expect(await run(path, "Write", bytes)).toBe("Ok");
      expect(await run(path, "CloseFile")).toBe("Ok");
      expect(await run(path, "ReadToString")).toEqual({
        Err: { IOError: "stream did not contain valid UTF-8" },
      });
      expect(await run(path, "ReadToString")).toEqual({ ReadToString: "" });
    }
  });

  test("directories: create, refuse doubles, remove only when empty", async () => {
    const { run } = await start();
    const io = (text: string) => ({ Err: { IOError: text } });
    expect(await run(`${DRIVE}/a`, "CreateDir")).toBe("Ok");
    expect(await run(`${DRIVE}/a`, "CreateDir")).toEqual(io("File exists (os error 17)"));
    expect(await run(`${DRIVE}/no/b`, "CreateDir")).toEqual(NOT_FOUND);
    expect(await run(`${DRIVE}/a/b/c`, "CreateDirAll")).toBe("Ok");
    expect(await run(`${DRIVE}/a/b/c`, "CreateDirAll")).toBe("Ok");
    expect(await run(`${DRIVE}/a`, "RemoveDir")).toEqual(io("Directory not empty (os error 39)"));
    expect(await run(`${DRIVE}/a/b/c`, "RemoveDir")).toBe("Ok");
    await run(`${DRIVE}/f`, "Write", "");
    expect(await run(`${DRIVE}/f`, "RemoveDir")).toEqual(io("Not a directory (os error 20)"));
    expect(await run(`${DRIVE}/f/x`, "Read")).toEqual(io("Not a directory (os error 20)"));
    expect(await run(`${DRIVE}/a`, "Read")).toEqual(io("Is a directory (os error 21)"));
    expect(await run(`${DRIVE}/a`, "RemoveFile")).toEqual(io("Is a directory (os error 21)"));
    expect(await run(`${DRIVE}/${"x".repeat(300)}`, "Write", "")).toEqual(
      io("File name too long (os error 36)"),
    );
  });

  test("SyncAll is Ok and old request shapes get old answers", async () => {
    const { run, read } = await start();
    await run(`${DRIVE}/f`, "Write", "abcdef");
    expect(await run(`${DRIVE}/f`, "SyncAll")).toBe("Ok");
    expect(await read(`${DRIVE}/f`, { ReadExact: 2 })).toBe("ab");
    expect(await run(`${DRIVE}/f`, { Seek: { seek_from: { Start: 5 } } })).toEqual({ SeekFrom: 5 });
  });

  test("limits: long reads, far writes and huge files are refused", async () => {
    const { run } = await start({ maxReadBytes: 4, maxFileBytes: 10 });
    const tooLarge = { Err: { IOError: "File too large (os error 27)" } };
    await run(`${DRIVE}/f`, "Write", "abcde");
    for (const action of ["Read", "ReadToEnd", "ReadToString", { ReadExact: { length: 5 } }]) {
      expect(await run(`${DRIVE}/f`, action)).toEqual(tooLarge);
    }
    expect(await run(`${DRIVE}/f`, { SetLen: 11 })).toEqual(tooLarge);
    expect(await run(`${DRIVE}/f`, { SetLen: 10 })).toBe("Ok");
    await run(`${DRIVE}/f`, { Seek: { Start: 1e6 } });
    expect(await run(`${DRIVE}/f`, "WriteAll", "x")).toEqual(tooLarge);
  });

  test("a source with too many requests waiting is refused, others go on", async () => {
    const { harness, run } = await start({ maxQueuedCount: 3 });
    const big = new Uint8Array(2 * 1024 * 1024);
    const zip = zipSync({ "big.bin": big }, { level: 0 });
    const first = harness.ask(APP, { body: { path: DRIVE, action: "AddZip" }, blob: zip });
    const more = Array.from({ length: 5 }, () => run(`${DRIVE}/big.bin`, "Len"));
    expect(await run("/q:y.os/d", "CreateDrive", undefined, FOREIGN)).toBe("Ok");
    const answers = await Promise.all(more);
    expect((await first).json).toBe("Ok");
    expect(answers.slice(0, 3)).toEqual(Array(3).fill({ Len: big.length }));
    expect(answers.slice(3)).toEqual(
      Array(2).fill({ Err: { IOError: "Resource temporarily unavailable (os error 11)" } }),
    );
  });

  test("host files: boot reads programs and the installer swaps a staged folder", async () => {
    const { vfs, run } = await start();
    const { files } = vfs;
    const text = async (path: string) => new TextDecoder().decode(await files.read(path));
    await files.makeDirectories("/chess:sys/pkg");
    await files.write("/chess:sys/pkg/chess.wasm", Buffer.from("old"));
    await files.makeDirectories("/chess:sys/pkg-new/ui");
    await files.write("/chess:sys/pkg-new/chess.wasm", Buffer.from("new"));
    expect(await text("/chess:sys/pkg/chess.wasm")).toBe("old");
    await files.rename("/chess:sys/pkg", "/chess:sys/pkg-old");
    await files.rename("/chess:sys/pkg-new", "/chess:sys/pkg");
    await files.remove("/chess:sys/pkg-old");
    await files.remove("/chess:sys/pkg-old");
    expect(await text("/chess:sys/pkg/chess.wasm")).toBe("new");
    expect(await files.read("/chess:sys/pkg/none.wasm")).toBeUndefined();
    expect(await files.stat("/chess:sys/pkg-old")).toBeUndefined();
    expect((await files.list("/chess:sys/pkg")).map(({ name }) => name).toSorted()).toEqual([
      "chess.wasm",
      "ui",
    ]);
    expect((await files.packages()).toSorted()).toEqual(["chess:sys", "p:x.os"]);
    expect(await run(`${DRIVE}/f`, "Write", "x")).toBe("Ok");
    await vfs.stop!();
  });
});

test("[M9] capability params compare as JSON", async () => {
  const vfs = createVfs({ disk: createMemoryDisk(), openZip, createSha256 });
  const harness = createModuleHarness(vfs);
  await harness.start();
  const texts = [
    '{"drive":"/p:x.os/data","kind":"read"}',
    '{"kind": "read", "drive": "/p:x.os/data"}',
    '{\n\t"dr\\u0069ve" : "/p:x.os/data" , "kind":"read" }',
  ];
  const others = ['{"drive":"/p:x.os/data","kind":"read","more":1}', '{"kind":"read"}', '"read"'];
  for (const [index, params] of [...texts, ...others].entries()) {
    harness.give(`p${index}:q:y.os`, params);
  }
  await vfs.files.makeDirectories(DRIVE);
  const read = async (index: number) =>
    (await harness.ask(`p${index}:q:y.os`, { body: { path: DRIVE, action: "ReadDir" } })).json;
  for (const index of texts.keys()) expect(await read(index)).toEqual({ ReadDir: [] });
  for (const index of others.keys()) {
    expect(await read(texts.length + index)).toEqual({ Err: "NoReadCap" });
  }
  expect(await read(99)).toEqual({ Err: "NoReadCap" });
});

/** A disk in memory that notes which files are closed. @param held - reading a file "a" waits for it */
function createWatchedDisk(held?: Promise<void>) {
  const closed: string[] = [];
  const memory = createMemoryDisk();
  type Call = (...args: unknown[]) => unknown;
  const watched = (path: string, file: DiskFile): DiskFile =>
    new Proxy(file, {
      get(_, name: keyof DiskFile) {
        if (name === "close") return () => void closed.push(path.slice(-1));
        const value = file[name];
        if (typeof value !== "function") return value;
        const call: Call = (...args) => (value as Call).apply(file, args);
        const isHeld = held !== undefined && name === "read" && path.endsWith("/a");
        return isHeld ? (...args: unknown[]) => held.then(() => call(...args)) : call;
      },
    });
  const disk = new Proxy(memory, {
    get(_, name: keyof DiskFolder) {
      const work = memory[name] as Call | undefined;
      if (work === undefined) return undefined;
      return (...args: unknown[]) => {
        const value = work.apply(memory, args);
        const path = String(args[0]);
        if (name === "open") return watched(path, value as DiskFile);
        if (name !== "create") return value;
        const created = value as { readonly file: DiskFile };
        return { ...created, file: watched(path, created.file) };
      };
    },
  });
  return { disk, closed };
}

test("[M35] eviction closes the least recently used handle first", async () => {
  const { disk, closed } = createWatchedDisk();
  const { run, harness } = await setUp(disk, { initialHandleCount: 4 });
  for (const name of ["a", "b", "c"]) await run(`${DRIVE}/${name}`, { OpenFile: { create: true } });
  await run(`${DRIVE}/a`, "Len");
  expect(closed).toEqual([]);
  await run(`${DRIVE}/d`, { OpenFile: { create: true } });
  expect(closed).toEqual(["b", "c"]);
  expect(harness.sent.map(({ body }) => new TextDecoder().decode(body))).toEqual([
    '"RequestFdsLimit"',
    '"FdsLimitHit"',
  ]);
  // A new limit closes what is above it and is not reported as a hit.
  harness.post("fd-manager:distro:sys", { body: { FdsLimit: 1 }, expectsResponse: null });
  await harness.delivered();
  expect(closed).toEqual(["b", "c", "a"]);
  expect(harness.sent).toHaveLength(2);
});

test("a file that is being read is not closed for others, and is again one of them afterwards", async () => {
  const held = Promise.withResolvers<void>();
  const { disk, closed } = createWatchedDisk(held.promise);
  const { run, harness } = await setUp(disk, { initialHandleCount: 4 });
  const open = (name: string) => run(`${DRIVE}/${name}`, { OpenFile: { create: true } });
  await run(`${DRIVE}/a`, "Write", "abc");
  const reading = run(`${DRIVE}/a`, "ReadToEnd", undefined, SIBLING);
  await harness.delivered();
  for (const name of ["b", "c", "d", "e", "f", "g"]) await open(name);
  expect(closed).toEqual(["b", "c", "d", "e"]);
  held.resolve();
  expect(await reading).toBe("Read");
  await open("h");
  expect(closed).toEqual(["b", "c", "d", "e", "a", "f"]);
});

test("a file that is made anew, removed, moved or closed does not stay open", async () => {
  const { disk, closed } = createWatchedDisk();
  const { run } = await setUp(disk);
  const moved = { Rename: { new_path: `${DRIVE}/b` } };
  for (const action of ["CreateFile", "CreateFile", "RemoveFile", "CloseFile", moved]) {
    await run(`${DRIVE}/a`, { OpenFile: { create: true } });
    closed.length = 0;
    expect(await run(`${DRIVE}/a`, action)).toBe("Ok");
    expect({ action, closed }).toEqual({ action, closed: ["a"] });
  }
});

test("[M41] an entry that climbs or is absolute ends in UnzipError, nothing is written outside", async () => {
  const home = newFolder();
  const { run } = await setUp(openDiskFolder(join(home, "vfs")));
  const before = readdirSync(home, { recursive: true }).toSorted();
  for (const name of ["../../x", "/x", "../../../../x", "C:/x", "a/../../x", "..\\x"]) {
    const zip = zipSync({ [name]: Buffer.from("evil") });
    expect(await run(DRIVE, "AddZip", zip)).toEqual({ Err: "UnzipError" });
  }
  expect(readdirSync(home, { recursive: true }).toSorted()).toEqual(before);
});

test("[M42] links out of the drive are not followed, links within it are", async () => {
  const home = newFolder();
  writeFileSync(join(home, "secret"), "secret");
  mkdirSync(join(home, "outside"));
  const { run, read } = await setUp(openDiskFolder(join(home, "vfs")));
  const drive = join(home, "vfs/p:x.os/data");
  symlinkSync(join(home, "secret"), join(drive, "file-link"));
  symlinkSync(join(home, "outside"), join(drive, "folder-link"));
  symlinkSync(join(home, "not-there"), join(drive, "dangling"));
  mkdirSync(join(drive, "real"));
  writeFileSync(join(drive, "real/f"), "inside");
  symlinkSync("real", join(drive, "inner"));
  symlinkSync(join(home, "secret"), join(drive, "real/sly"));
  const denied = { Err: { IOError: "Permission denied (os error 13)" } };
  for (const path of ["file-link", "folder-link/secret", "dangling", "inner/sly"]) {
    for (const action of ["Read", "Len", "Hash", "ReadToEnd", { OpenFile: { create: true } }]) {
      expect(await run(`${DRIVE}/${path}`, action)).toEqual(denied);
    }
    expect(await run(`${DRIVE}/${path}`, "Write", "x")).toEqual(denied);
  }
  expect(await run(`${DRIVE}/folder-link`, "ReadDir")).toEqual(denied);
  expect(await run(`${DRIVE}/folder-link/new`, "CreateDirAll")).toEqual(denied);
  expect(
    await run(`${DRIVE}/folder-link`, "AddZip", zipSync({ "evil.txt": Buffer.from("x") })),
  ).toEqual(denied);
  expect(await run(`${DRIVE}/file-link`, { CopyFile: { new_path: `${DRIVE}/copy` } })).toEqual(
    denied,
  );
  expect(await run(`${DRIVE}/real/f`, { CopyFile: { new_path: `${DRIVE}/file-link` } })).toEqual(
    denied,
  );
  expect(await read(`${DRIVE}/inner/f`)).toBe("inside");
  expect(await run(`${DRIVE}/inner`, "Metadata")).toMatchObject({
    Metadata: { file_type: "Directory" },
  });
  const { ReadDir: listed } = (await run(DRIVE, "ReadDir")) as {
    ReadDir: readonly { path: string; file_type: string }[];
  };
  expect(listed.map(({ path, file_type }) => `${path} ${file_type}`).toSorted()).toEqual([
    "p:x.os/data/dangling Symlink",
    "p:x.os/data/file-link Symlink",
    "p:x.os/data/folder-link Symlink",
    "p:x.os/data/inner Symlink",
    "p:x.os/data/real Directory",
  ]);
  expect(readFileSync(join(home, "secret"), "utf8")).toBe("secret");
  expect(readdirSync(join(home, "outside"))).toEqual([]);
  // The link itself may be listed and removed.
  expect(await run(`${DRIVE}/file-link`, "RemoveFile")).toBe("Ok");
  expect(readFileSync(join(home, "secret"), "utf8")).toBe("secret");
});
