/** What is built, when, and from what. The foreign language of these tests is made up: its programs are their sources. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEngine, unpackScript } from "@kinode-ts/engine";
import { readZip } from "@kinode-ts/vfs/zip";
import { assemblePackage, buildPackage, packPackage, readPackage, verifyPackage } from "./index.ts";
import type { Language, MissingTool } from "./languages/contract.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kit-build-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const manifestOf = (...paths: string[]): string =>
  JSON.stringify(
    paths.map((path, index) => ({
      process_name: `p${index}`,
      process_wasm_path: path,
      on_exit: "None",
      request_networking: false,
      request_capabilities: [],
      grant_capabilities: [],
      public: false,
    })),
  );
const METADATA = {
  properties: {
    package_name: "notes",
    publisher: "alice.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
  },
};
const MAIN = "declare const kinode: { main(f: () => void): void };\nkinode.main(() => {});\n";

function folder(name: string, files: Record<string, string>): string {
  const path = join(root, name);
  const all = { "metadata.json": JSON.stringify(METADATA), ...files };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

/** Knows folders with a `main.zz`, and makes "zz" of the text in it. */
class Zz implements Language {
  readonly id = "c";
  readonly label = "Zz";
  readonly built: string[] = [];
  readonly worlds: string[] = [];
  missing: readonly MissingTool[] = [];
  version = "1";
  readonly owns = (source: string): boolean => existsSync(join(source, "main.zz"));
  readonly missingTools = async (): Promise<readonly MissingTool[]> => this.missing;
  readonly toolchainVersion = async (): Promise<string> => this.version;
  readonly extraInputs = ({ packageFolder }: { packageFolder: string }): string[] => [
    join(packageFolder, "shared.zz"),
  ];
  readonly build: Language["build"] = async (request) => {
    this.built.push(request.name);
    this.worlds.push(request.world);
    const main = readFileSync(join(request.sourceFolder, "main.zz"), "utf8");
    return new TextEncoder().encode(`zz ${main}`);
  };
}

const twoPrograms = (name: string): string =>
  folder(name, {
    "pkg/manifest.json": manifestOf("/one.wasm", "/two.wasm"),
    "one/main.zz": "1",
    "two/main.zz": "2",
    "shared.zz": "s",
  });

test("a program's folder is built by the language that knows it, and only the changed one again", async () => {
  const zz = new Zz();
  const path = twoPrograms("languages");
  const options = { languages: [zz] };
  expect((await buildPackage(path, options)).built).toEqual(["one.wasm", "two.wasm"]);
  expect(readFileSync(join(path, "pkg/one.wasm"), "utf8")).toBe("zz 1");
  expect(await buildPackage(path, options)).toMatchObject({
    built: [],
    unchanged: ["one.wasm", "two.wasm"],
  });
  writeFileSync(join(path, "two/main.zz"), "22");
  expect((await buildPackage(path, options)).built).toEqual(["two.wasm"]);
  writeFileSync(join(path, "two/new.zz"), "a file more");
  expect((await buildPackage(path, options)).built).toEqual(["two.wasm"]);
  writeFileSync(join(path, "shared.zz"), "S");
  expect((await buildPackage(path, options)).built).toEqual(["one.wasm", "two.wasm"]);
  rmSync(join(path, "pkg/one.wasm"));
  expect((await buildPackage(path, options)).built).toEqual(["one.wasm"]);
  expect(zz.built).toEqual(["one", "two", "two", "two", "one", "two", "one"]);
});

test("another version of the toolchain builds again, and so does force", async () => {
  const zz = new Zz();
  const path = twoPrograms("toolchain");
  await buildPackage(path, { languages: [zz] });
  zz.version = "2";
  expect((await buildPackage(path, { languages: [zz] })).built).toHaveLength(2);
  expect((await buildPackage(path, { languages: [zz] })).built).toHaveLength(0);
  expect((await buildPackage(path, { languages: [zz], force: true })).built).toHaveLength(2);
});

test("what was built is known in a copy of the folder elsewhere", async () => {
  const zz = new Zz();
  const path = twoPrograms("original");
  await buildPackage(path, { languages: [zz] });
  const copy = join(root, "copy");
  cpSync(path, copy, { recursive: true });
  expect((await buildPackage(copy, { languages: [zz] })).built).toEqual([]);
});

test("all missing tools are told at once, and only when something has to be built", async () => {
  const zz = new Zz();
  const path = twoPrograms("missing");
  await buildPackage(path, { languages: [zz] });
  zz.missing = [
    { what: "the compiler zzc", howTo: "apt install zzc" },
    { what: "its library", howTo: "apt install libzz" },
  ];
  expect((await buildPackage(path, { languages: [zz] })).unchanged).toHaveLength(2);
  writeFileSync(join(path, "one/main.zz"), "11");
  const failing = buildPackage(path, { languages: [zz] });
  await expect(failing).rejects.toMatchObject({ code: "kit.missing-tools" });
  await expect(failing).rejects.toThrow(
    "  the compiler zzc: apt install zzc\n  its library: apt install libzz",
  );
});

test("include and exclude choose programs by name, file or folder", async () => {
  const path = twoPrograms("chosen");
  const build = async (options: object) =>
    (await buildPackage(path, { languages: [new Zz()], force: true, ...options })).built;
  expect(await build({ include: ["one"] })).toEqual(["one.wasm"]);
  expect(await build({ include: ["two.wasm"] })).toEqual(["two.wasm"]);
  expect(await build({ include: ["one/"] })).toEqual(["one.wasm"]);
  expect(await build({ exclude: ["one"] })).toEqual(["two.wasm"]);
  expect(await build({ include: ["one", "two"], exclude: [join(path, "two")] })).toEqual([
    "one.wasm",
  ]);
});

test("a prebuilt program is kept unless it is forced", async () => {
  const zz = new Zz();
  const path = folder("prebuilt", {
    "pkg/manifest.json": manifestOf("/one.wasm"),
    "pkg/one.wasm": "made elsewhere",
    "one/main.zz": "1",
    "package.json": JSON.stringify({ kinode: { prebuilt: ["one"] } }),
  });
  expect((await buildPackage(path, { languages: [zz] })).unchanged).toEqual(["one.wasm"]);
  expect(readFileSync(join(path, "pkg/one.wasm"), "utf8")).toBe("made elsewhere");
  expect((await buildPackage(path, { languages: [zz], force: true })).built).toEqual(["one.wasm"]);
});

test("[P23] [P26] row 6: the world is the one asked for, else the package's own where the source names it, else that of wit_version", async () => {
  const build = async (name: string, witVersion: unknown, source: string, world?: string) => {
    const zz = new Zz();
    const path = folder(name, {
      "metadata.json": JSON.stringify({
        properties: { ...METADATA.properties, wit_version: witVersion },
      }),
      "pkg/manifest.json": manifestOf("/one.wasm"),
      "api/notes:alice.os-v0.wit":
        "interface notes {}\nworld notes-alice-dot-os-v0 { import notes; include process-v1; }\n",
      "one/main.zz": source,
    });
    await buildPackage(path, { languages: [zz], world });
    return zz.worlds;
  };
  expect(await build("w1", 1, "")).toEqual(["process-v1"]);
  expect(await build("w0", 0, "")).toEqual(["process-v0"]);
  expect(await build("wn", undefined, "")).toEqual(["process"]);
  expect(await build("wo", 1, 'world: "notes-alice-dot-os-v0"')).toEqual(["notes-alice-dot-os-v0"]);
  expect(await build("wp", 1, 'world: "notes-alice-dot-os-v01"')).toEqual(["process-v1"]);
  expect(await build("wa", 1, "", "mine")).toEqual(["mine"]);
});

test("a package whose API is used is built first, if it has changed", async () => {
  const other = folder("used", {
    "pkg/manifest.json": manifestOf(),
    "api/used:bob.os-v0.wit": "interface used {}\n",
    "used-api/main.zz": "exports",
  });
  const path = twoPrograms("using");
  const zz = new Zz();
  // Each names the other: nobody waits for himself.
  const options = { languages: [zz], localDependencies: [other, path] };
  await buildPackage(path, options);
  await buildPackage(path, options);
  expect(zz.built).toEqual(["used-api", "one", "two"]);
  expect(existsSync(join(other, "target/api/used-api.wasm"))).toBe(true);
});

test("the WIT to build against is the process interface, the package's API and those of its dependencies", async () => {
  const other = folder("other", {
    "pkg/manifest.json": manifestOf(),
    "api/other:bob.os-v0.wit": "interface other {}\n",
  });
  const path = folder("wit", {
    "pkg/manifest.json": manifestOf("/one.wasm"),
    "api/notes:alice.os-v0.wit": "interface notes {}\n",
    "target/wit/stale.wit": "",
    "one/main.zz": "1",
  });
  let seen = "";
  const zz = new Zz();
  const language: Language = {
    id: "c",
    label: "Zz",
    owns: zz.owns,
    missingTools: zz.missingTools,
    extraInputs: () => [],
    build: async ({ witFolder, workFolder }) => {
      seen = [...new Bun.Glob("*").scanSync(witFolder)].sort().join(" ");
      expect(readFileSync(join(witFolder, "process.wit"), "utf8")).toContain(
        "package kinode:process@1.0.0;",
      );
      expect(existsSync(workFolder)).toBe(true);
      return new Uint8Array([1]);
    },
  };
  await buildPackage(path, { languages: [language], localDependencies: [other] });
  expect(seen).toBe("notes:alice.os-v0.wit other:bob.os-v0.wit process.wit");
});

test("[P6] api.zip has every file of api, the compiled exporters, the included paths and the added ones", async () => {
  const path = folder("api", {
    "metadata.json": JSON.stringify({
      properties: { ...METADATA.properties, api_includes: ["docs/use.md"] },
    }),
    "pkg/manifest.json": manifestOf("/one.wasm"),
    "api/notes:alice.os-v0.wit": "interface notes { record note { text: string } }\n",
    "api/more/readme.txt": "text",
    "docs/use.md": "use",
    "extra/a.json": "{}",
    "one/main.zz": "1",
    "notes-api/main.zz": "exports",
  });
  const options = { languages: [new Zz()], addToApi: ["extra"] };
  expect((await buildPackage(path, options)).built).toEqual([
    "notes-api.wasm",
    "one.wasm",
    "api.zip",
  ]);
  expect(existsSync(join(path, "pkg/notes-api.wasm"))).toBe(false);
  const entries = await readZip(new Uint8Array(readFileSync(join(path, "pkg/api.zip"))));
  const files = entries.filter((entry) => entry.kind === "file");
  const made = expect.stringContaining("note");
  expect(Object.fromEntries(files.map((file) => [file.path, decode(file.bytes)]))).toEqual({
    "extra/a.json": "{}",
    ...{ "index.d.ts": made, "index.js": made, "notes.d.ts": made, "notes.js": made },
    "more/readme.txt": "text",
    "notes-api.wasm": "zz exports",
    "notes.schema.json": made,
    "notes:alice.os-v0.wit": "interface notes { record note { text: string } }\n",
    "use.md": "use",
  });
  expect((await buildPackage(path, options)).built).toEqual([]);
  writeFileSync(join(path, "api/more/readme.txt"), "other");
  expect((await buildPackage(path, options)).built).toEqual(["api.zip"]);
});

test("[P7] the interface is built by its script build:copy into pkg/ui, again when a file of it changes, and can be left out or built alone", async () => {
  const copy = "import { cpSync } from 'node:fs'; cpSync('page.html', '../pkg/ui/index.html');";
  const path = folder("ui", {
    "pkg/manifest.json": manifestOf("/notes.js"),
    "src/notes.ts": MAIN,
    "ui/package.json": JSON.stringify({ name: "ui", scripts: { "build:copy": "bun copy.ts" } }),
    "ui/copy.ts": copy,
    "ui/page.html": "<p>one",
  });
  expect((await buildPackage(path, { ui: "none" })).built).toEqual(["notes.js"]);
  expect((await buildPackage(path, { ui: "only", force: true })).built).toEqual(["ui"]);
  expect(readFileSync(join(path, "pkg/ui/index.html"), "utf8")).toBe("<p>one");
  expect((await buildPackage(path)).built).toEqual([]);
  writeFileSync(join(path, "ui/page.html"), "<p>two");
  expect((await buildPackage(path)).built).toEqual(["ui"]);
  const { zip } = await packPackage(path);
  expect(decode((await readPackage(zip)).files.get("ui/index.html"))).toBe("<p>two");
  writeFileSync(join(path, "ui/package.json"), JSON.stringify({ name: "ui", scripts: {} }));
  await expect(buildPackage(path)).rejects.toThrow('no script "build:copy"');
});

test("what an older build of the interface made goes, what a person put beside it stays, and both are verified", async () => {
  const copy =
    "import { cpSync, readFileSync } from 'node:fs'; cpSync('page.html', `../pkg/ui/${readFileSync('name.txt', 'utf8')}`);";
  const path = folder("ui-names", {
    "pkg/manifest.json": manifestOf("/notes.js"),
    "pkg/ui/robots.txt": "by hand",
    "src/notes.ts": MAIN,
    "ui/package.json": JSON.stringify({ name: "ui", scripts: { "build:copy": "bun copy.ts" } }),
    "ui/copy.ts": copy,
    "ui/page.html": "<p>",
    "ui/name.txt": "one.html",
  });
  const inUi = (): string[] => readdirSync(join(path, "pkg/ui")).sort();
  await buildPackage(path);
  writeFileSync(join(path, "ui/name.txt"), "two.html");
  await buildPackage(path);
  expect(inUi()).toEqual(["robots.txt", "two.html"]);
  await packPackage(path);
  expect((await verifyPackage(path)).rebuilt).toBe("same");
  // Without the record the same names are simply written again.
  rmSync(join(path, "target"), { recursive: true });
  expect((await buildPackage(path)).built).toContain("ui");
  expect(inUi()).toEqual(["robots.txt", "two.html"]);
});

test("a .wasm in the manifest with a TypeScript source is the script inside an engine", async () => {
  const path = folder("packed-program", {
    "pkg/manifest.json": manifestOf("/notes.wasm"),
    "src/notes.ts": MAIN,
  });
  expect((await buildPackage(path)).built).toEqual(["notes.wasm"]);
  const program = new Uint8Array(readFileSync(join(path, "pkg/notes.wasm")));
  expect(decode(unpackScript(await readEngine(), program))).toContain("kinode.main(");
});

test("--component packs every script for nodes that know none, and names it so everywhere", async () => {
  const files = {
    "pkg/manifest.json": manifestOf("/notes.js"),
    "pkg/scripts.json": JSON.stringify({
      "send.js": { root: false, public: false, request_networking: false },
    }),
    "pkg/ui/page.js": "alert()",
    "src/notes.ts": MAIN,
    "src/scripts/send.ts": MAIN,
  };
  const { zip } = await assemblePackage(folder("portable", files), new Map(), { component: true });
  const pkg = await readPackage(zip);
  expect([...pkg.files.keys()].sort()).toEqual([
    "manifest.json",
    "metadata.json",
    "notes.wasm",
    "notes.wasm.map",
    "scripts.json",
    "send.wasm",
    "send.wasm.map",
    "ui/page.js",
  ]);
  expect(pkg.processes[0]?.path).toBe("/notes.wasm");
  expect(pkg.scripts[0]?.file).toBe("send.wasm");
  expect(unpackScript(await readEngine(), pkg.files.get("notes.wasm")!)).toBeDefined();

  const spawning = { ...files, "src/notes.ts": `${MAIN}console.log("/notes.js");\n` };
  const other = await assemblePackage(folder("spawning", spawning), new Map(), { component: true });
  const both = (await readPackage(other.zip)).files;
  expect(both.get("notes.js")).toEqual(both.get("notes.wasm")!);
});

test("the process interfaces that come with this kit are the repository's", () => {
  for (const name of ["kinode-process-0.7.0", "kinode-process-0.8.0", "kinode-process-1.0.0"]) {
    const own = readFileSync(join(import.meta.dir, "../wit", `${name}.wit`), "utf8");
    expect(own).toBe(
      readFileSync(join(import.meta.dir, `../../../wit/${name}/process.wit`), "utf8"),
    );
  }
});
