import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  assemblePackage,
  buildPackage,
  manifestHash,
  metadataHash,
  packPackage,
  packZip,
  parseMetadata,
  readPackage,
  versionHash,
} from "./index.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kit-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const MANIFEST = JSON.stringify([
  {
    process_name: "notes",
    process_wasm_path: "/notes.js",
    on_exit: "Restart",
    request_networking: false,
    request_capabilities: [],
    grant_capabilities: [],
    public: false,
  },
]);
const METADATA = JSON.stringify({
  name: "Notes",
  properties: {
    package_name: "notes",
    publisher: "alice.os",
    current_version: "1.2.3",
    mirrors: [],
    code_hashes: { "1.2.2": "ab", "1.2.3": "" },
    wit_version: 1,
  },
});

function folder(name: string, files: Record<string, string> = {}): string {
  const path = join(root, name);
  const all = {
    "metadata.json": METADATA,
    "pkg/manifest.json": MANIFEST,
    "src/notes.ts":
      'import { word } from "./word.ts";\ndeclare const kinode: { main(f: () => void): void };\nkinode.main(() => { void word; });\n',
    "src/word.ts": 'export const word: string = "hello";\n',
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

const SCRIPT = { root: false, public: false, request_networking: false };

test("[P8] equal files give equal bytes, sorted, deflated, mode 0755, one fixed time, with folder entries", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const files = [
    ["b.txt", bytes("b".repeat(500))],
    ["a/x.txt", bytes("x")],
    ["manifest.json", bytes("[]")],
  ] as const;
  const zip = packZip(new Map(files));
  expect(versionHash(packZip(new Map(files.toReversed())))).toBe(versionHash(zip));
  expect(zip.length).toBeLessThan(900);
  const view = new DataView(zip.buffer);
  const seen: string[] = [];
  for (let at = 0; at < zip.length - 4; at += 1) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    seen.push(
      new TextDecoder().decode(zip.subarray(at + 46, at + 46 + view.getUint16(at + 28, true))),
    );
    expect((view.getUint32(at + 38, true) >>> 16) & 0o777).toBe(0o755);
    // DOS date and time of 2023-06-19 00:00:00.
    expect(view.getUint16(at + 14, true)).toBe(((2023 - 1980) << 9) | (6 << 5) | 19);
    expect(view.getUint16(at + 12, true)).toBe(0);
  }
  expect(seen).toEqual(["a/", "a/x.txt", "b.txt", "manifest.json"]);
});

test("[P8] a packed folder has the content of pkg and is named by its package id", async () => {
  const path = folder("packed");
  const report = await buildPackage(path);
  expect(report.built).toEqual(["notes.js"]);
  const packed = await packPackage(path);
  expect(packed.file).toBe(join(path, "target", "notes:alice.os.zip"));
  expect(versionHash(new Uint8Array(readFileSync(packed.file)))).toBe(packed.versionHash);
  const pkg = await readPackage(packed.zip);
  expect(pkg.id as string).toBe("notes:alice.os");
  expect([...pkg.files.keys()].sort()).toEqual([
    "manifest.json",
    "metadata.json",
    "notes.js",
    "notes.js.map",
  ]);
  expect((await packPackage(path)).versionHash).toBe(packed.versionHash);
});

test("[P8] the hashes are SHA-256 without prefix and Keccak-256 with prefix", () => {
  const empty = new Uint8Array();
  expect(versionHash(empty)).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  const keccak = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
  expect(manifestHash(empty)).toBe(keccak);
  expect(metadataHash(empty)).toBe(keccak);
});

test("the same sources give the same bundle wherever they are built from", async () => {
  const path = folder("anywhere");
  const first = await assemblePackage(path);
  const before = process.cwd();
  process.chdir(tmpdir());
  const second = await assemblePackage(path).finally(() => process.chdir(before));
  expect(second.versionHash).toBe(first.versionHash);
  expect(existsSync(join(path, "pkg/notes.js"))).toBe(false);
});

test("a second build builds only what changed in content", async () => {
  const path = folder("incremental");
  await buildPackage(path);
  utimesSync(join(path, "src/word.ts"), new Date(), new Date());
  expect((await buildPackage(path)).unchanged).toEqual(["notes.js"]);
  writeFileSync(join(path, "src/word.ts"), 'export const word: string = "bye";\n');
  expect((await buildPackage(path)).built).toEqual(["notes.js"]);
});

test("a source that takes the place of another one is built", async () => {
  const path = folder("replaced");
  await buildPackage(path);
  mkdirSync(join(path, "processes"));
  writeFileSync(
    join(path, "processes/notes.ts"),
    "kinode.main(() => { console.log('other'); });\n",
  );
  expect((await buildPackage(path)).built).toEqual(["notes.js"]);
  expect(readFileSync(join(path, "pkg/notes.js"), "utf8")).toContain("other");
});

test("[P5] [P26] row 6: the build fails when a script key has no file, and when a script file has no key", async () => {
  const noFile = folder("no-file", { "pkg/scripts.json": JSON.stringify({ "send.js": SCRIPT }) });
  await expect(buildPackage(noFile)).rejects.toThrow('the script "send.js" has no file');
  const noKey = folder("no-key", { "src/scripts/send.ts": "export {};" });
  await expect(buildPackage(noKey)).rejects.toThrow('this script has no key "send.js"');
  const stray = folder("stray", { "pkg/send.wasm": "x" });
  await expect(buildPackage(stray)).rejects.toThrow("no process and no script uses this program");
});

test("a source that does not compile is named with the compiler's words", async () => {
  const path = folder("broken", {
    "src/notes.ts": "import { nothing } from './missing.ts'; nothing();",
  });
  await expect(buildPackage(path)).rejects.toThrow(/Cannot build "src\/notes.ts"[^]*missing\.ts/);
});

test("a zip without metadata takes its id from outside, else says what to do", async () => {
  const zip = packZip(new Map([["manifest.json", new TextEncoder().encode("[]")]]));
  await expect(readPackage(zip)).rejects.toThrow("metadata.json");
  expect((await readPackage(zip, { id: "notes:alice.os" })).id as string).toBe("notes:alice.os");
  expect((await readPackage(zip, { metadata: METADATA })).metadata.version).toBe("1.2.3");
});

test("a zip whose manifest names a program it does not have is refused", async () => {
  const zip = packZip(new Map([["manifest.json", new TextEncoder().encode(MANIFEST)]]));
  await expect(readPackage(zip, { metadata: METADATA })).rejects.toThrow(
    "notes.js is not in the zip",
  );
  await expect(readPackage(new Uint8Array([1, 2, 3]))).rejects.toThrow("zip");
});

test("an interface version this node does not know is refused with the versions named", () => {
  const future = METADATA.replace('"wit_version":1', '"wit_version":7');
  expect(() => parseMetadata(future)).toThrow("1 (1.0.0), not 7");
});

test("what is wrong in package.json is named with its line, and so is text that is not JSON", async () => {
  const check = (name: string, text: string) =>
    buildPackage(folder(name, { "package.json": text }));
  await expect(check("bad-json", '{\n  "kinode": ]')).rejects.toThrow(
    "package.json:2: this is not JSON",
  );
  await expect(check("bad-list", '{"kinode": {\n"children": "worker"}}')).rejects.toThrow(
    'package.json:2: "children" is a list: names of programs are expected',
  );
  await expect(check("bad-kinode", '{"kinode": 1}')).rejects.toThrow('"kinode" is an object');
  await check("null", "null");
});
