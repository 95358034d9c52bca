/** Files as a sandboxed process on `@kinode-ts/stdlib/vfs` sees them, in a whole node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { packZip } from "@kinode-ts/kit";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { capabilities, decodeUtf8, defineProcess, lastBlob, serve } from "@kinode-ts/stdlib";
import * as vfs from "@kinode-ts/stdlib/vfs";

const codeOf = (thrown: unknown) =>
  thrown instanceof vfs.VfsError ? thrown.code + ": " + thrown.fault.detail : String(thrown);
const namesOf = (entries: vfs.DirEntry[]) =>
  entries.map(({ path, file_type }) => path + " " + file_type).sort();

async function files() {
  const drive = await vfs.createDrive("files");
  await vfs.createDrive("files", { package: "keeper:example.os" });
  const missing = await vfs.open(drive + "/a").catch(codeOf);
  await using file = await vfs.open(drive + "/a", { create: true });
  await file.write("hello world");
  const whole = [await file.text(), decodeUtf8(await file.bytes())];
  await file.seek({ Start: 6 });
  const rest = await file.restText();
  await file.seek({ End: -5 });
  await file.writeAt("there");
  await file.append("!");
  const buffer = new Uint8Array(5);
  const count = await file.readInto(buffer, { at: 6 });
  const next = await file.readInto(buffer.subarray(0, 1));
  await file.seek({ Current: -6 });
  const again = decodeUtf8(await file.rest());
  const pieces: string[] = [];
  for await (const piece of file.stream(5)) pieces.push(decodeUtf8(piece));
  await file.setLen(4);
  await file.syncAll();
  await file.copy(drive + "/b");
  await vfs.rename(drive + "/b", drive + "/c");
  const hash = Array.from(await file.hash(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const made = await vfs.createFile(drive + "/empty");
  await made.write('{"n":1}');
  const json = await made.json((value) => (value as { n: number }).n);
  await made.close();
  const about = [await file.metadata(), await vfs.metadata(drive), await file.len()];
  return { missing, whole, rest, read: decodeUtf8(buffer), count, next, again, pieces, hash, json, about };
}

async function folders() {
  const drive = await vfs.createDrive("folders");
  const none = await vfs.openDir(drive + "/x/y").catch(codeOf);
  const deep = await vfs.openDir(drive + "/x/y", { create: true });
  await vfs.file(deep.path + "/f").write("1");
  const noFolder = await vfs.openDir(drive + "/x/y/f").catch(codeOf);
  await vfs.addZip(drive + "/zip", lastBlob()!.bytes);
  const entries = [
    namesOf(await (await vfs.openDir(drive)).entries()),
    namesOf(await deep.entries()),
    namesOf(await (await vfs.openDir(drive + "/zip")).entries()),
  ];
  const full = await vfs.removeDir(drive + "/x").catch(codeOf);
  await vfs.removeFile(drive + "/x/y/f");
  await vfs.removeDir(drive + "/x/y");
  await vfs.removePath(drive + "/x");
  await vfs.removePath(drive + "/zip/a");
  const left = namesOf(await (await vfs.openDir(drive)).entries());
  const noFile = await vfs.removeFile(drive + "/x").catch(codeOf);
  const { value } = await vfs.vfsRequest(drive + "/zip/b/c", "Len");
  let parsed = "";
  try { vfs.parseResponse("/p", { Err: "NoBlob" }); } catch (thrown) { parsed = codeOf(thrown); }
  return { none, noFolder, entries, full, left, noFile, value, parsed };
}

const seen: vfs.VfsEvent[] = [];
async function follow(path: string) {
  for await (const event of vfs.watch(path, { recursive: true })) {
    seen.push(event);
    if (event.kind === "removed") break;
  }
}

async function watched() {
  const drive = await vfs.createDrive("watched");
  const changes = vfs.watch(drive);
  await changes.started;
  const following = follow(drive);
  await vfs.file(drive + "/a").write("1");
  await vfs.openDir(drive + "/dir", { create: true });
  await vfs.rename(drive + "/a", drive + "/dir/b");
  await vfs.removeFile(drive + "/dir/b");
  await following;
  await vfs.file(drive + "/after").write("1");
  await changes.stop();
  const own: vfs.VfsEvent[] = [];
  for await (const event of changes) own.push(event);
  const refused: string[] = [];
  for (const path of [drive + "/nothing", "/other:example.os/pkg"]) {
    try { for await (const _ of vfs.watch(path)) break; } catch (thrown) { refused.push(codeOf(thrown)); }
  }
  return { seen, own, refused };
}

async function space() {
  const drive = await vfs.createDrive("space");
  const before = await vfs.usage();
  await vfs.file(drive + "/a").write("x".repeat(1_000));
  const after = await vfs.usage({ package: "keeper:example.os" });
  const foreign = await vfs.usage({ package: "homepage:sys" }).catch(codeOf);
  return { grown: after.usedBytes - before.usedBytes, limit: after.limitBytes ?? null, foreign };
}

async function fill() {
  const { usedBytes, limitBytes } = await vfs.usage();
  const room = limitBytes! - usedBytes;
  const file = vfs.file("/keeper:example.os/space/fill");
  const tooMuch = await file.write(new Uint8Array(room + 1)).catch(codeOf);
  const nothing = await file.metadata().catch(codeOf);
  await file.write(new Uint8Array(room));
  const full = await vfs.usage();
  await vfs.removeFile(file.path);
  return { tooMuch, nothing, isFull: full.usedBytes === full.limitBytes };
}

async function rights() {
  const params = capabilities.list().map((held) => JSON.parse(held.params));
  return params.filter(({ drive }) => drive?.endsWith("/space")).map(({ kind }) => kind).sort();
}

let first: unknown;
const early = async () => first ?? "nothing yet";

const TESTS = { files, folders, watched, space, fill, rights, early };
export default defineProcess(async () => {
  // Before anything is served.
  const drive = await vfs.createDrive("early");
  const changes = vfs.watch(drive);
  await changes.started;
  await vfs.file(drive + "/x").write("1");
  for await (const event of changes) { first = event; break; }
  await serve((request) => TESTS[request.json() as keyof typeof TESTS]());
});
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["vfs:distro:sys", "timer:distro:sys"];
  await installScript(node, "keeper", SOURCE, { request: rights, grant: rights });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

/** Time goes on meanwhile: a handler that waits for events keeps its place by timers. */
async function run(name: string, blob?: Uint8Array): Promise<unknown> {
  let isOver = false;
  const asked = node
    .ask("keeper:keeper:example.os", JSON.stringify(name), {
      timeoutSeconds: 600,
      ...(blob === undefined ? {} : { blob: { mime: undefined, bytes: blob } }),
    })
    .finally(() => (isOver = true));
  while (!isOver) {
    await node.advance(10);
    await Bun.sleep(1);
  }
  return (await asked).body;
}

const NOT_FOUND = "IOError: No such file or directory (os error 2)";

test("[P25] 25.4 files: whole, at the cursor, in pieces, cut, copied, moved, hashed", async () => {
  expect(await run("files")).toEqual({
    missing: NOT_FOUND,
    whole: ["hello world", "hello world"],
    rest: "world",
    read: "!here",
    count: 5,
    next: 1,
    again: "there!",
    pieces: ["hello", " ther", "e!"],
    // SHA-256 of "hell"
    hash: new Bun.CryptoHasher("sha256").update("hell").digest("hex"),
    json: 1,
    about: [{ file_type: "File", len: 4 }, { file_type: "Directory", len: expect.any(Number) }, 4],
  });
});

test("[P25] 25.4 folders: made, listed, unpacked into, removed", async () => {
  const zip = packZip(
    new Map([
      ["a", new Uint8Array(3)],
      ["b/c", new Uint8Array(5)],
    ]),
  );
  const drive = "keeper:example.os/folders";
  expect(await run("folders", zip)).toEqual({
    none: NOT_FOUND,
    noFolder: "IOError: Not a directory (os error 20)",
    entries: [
      [`${drive}/x Directory`, `${drive}/zip Directory`],
      [`${drive}/x/y/f File`],
      [`${drive}/zip/a File`, `${drive}/zip/b Directory`],
    ],
    full: "IOError: Directory not empty (os error 39)",
    left: [`${drive}/zip Directory`],
    noFile: NOT_FOUND,
    value: { Len: 5 },
    parsed: "NoBlob: ",
  });
});

test("changes are told to a loop, before and while the process serves", async () => {
  const drive = "/keeper:example.os/watched";
  expect(await run("early")).toEqual({ kind: "created", path: "/keeper:example.os/early/x" });
  expect(await run("watched")).toEqual({
    seen: [
      { kind: "created", path: `${drive}/a` },
      { kind: "created", path: `${drive}/dir` },
      { kind: "renamed", from: `${drive}/a`, path: `${drive}/dir/b` },
      { kind: "removed", path: `${drive}/dir/b` },
    ],
    own: [],
    refused: [NOT_FOUND, "NoReadCap: "],
  });
});

test("usage and its limit, which survives a restart, and so do the rights to a drive", async () => {
  expect(await run("rights")).toEqual([]);
  expect(await run("space")).toEqual({ grown: 1_000, limit: null, foreign: "NoReadCap: " });
  await node.limitDisk("keeper:example.os", 5_000_000);
  await node.restart();
  expect(await run("rights")).toEqual(["read", "write"]);
  expect(await run("fill")).toEqual({
    tooMuch: expect.stringMatching(
      /^IOError: Disk quota exceeded \(os error 122\): keeper:example\.os uses \d+ of 5000000 bytes/,
    ),
    nothing: NOT_FOUND,
    isFull: true,
  });
});
