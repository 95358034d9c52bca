import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentNew, componentWit, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import manifest from "../../package.json" with { type: "json" };
import { ADAPTER_VERSION, missingAdapter } from "./adapter-bun.ts";
import { makeComponent, witText } from "./make-component-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-wit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PROCESS = join(import.meta.dir, "../../../../wit/kinode-process-1.0.0/process.wit");

/** A program that imports one function and is a process otherwise. */
const program = (imported: string): string => `(module
  ${imported}
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "init") (param i32 i32)))`;

function witFolder(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(join(path, "deps"), { recursive: true });
  copyFileSync(PROCESS, join(path, "process.wit"));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

test("a core module becomes a component of its world, and imports only what it uses", async () => {
  const core = await parse(
    program('(import "kinode:process/standard@1.0.0" "has-blob" (func (result i32)))'),
  );
  const embedding = { witFolder: witFolder("plain", {}), world: "process-v1" };
  const wit = await componentWit(await makeComponent(core, embedding));
  expect(wit).toContain("import kinode:process/standard@1.0.0;");
  expect(wit).toContain("export init: func(our: string);");
  expect(wit).not.toContain("send-request: func");
});

test("files that name no package belong to that of the folder, and other packages can be used from it", async () => {
  const path = witFolder("with-api", {
    "chat:template.os-v0.wit":
      "interface chat { greet: func(name: string); }\nworld chat-template-dot-os-v0 { import chat; import other:clock/time; include process-v1; }\n",
    "deps/clock.wit": "package other:clock;\ninterface time { now: func() -> u64; }\n",
  });
  expect(witText(path)).toStartWith("package kinode:process@1.0.0;");
  const core = await parse(
    program('(import "kinode:process/chat@1.0.0" "greet" (func (param i32 i32)))'),
  );
  const embedding = { witFolder: path, world: "chat-template-dot-os-v0" };
  const wit = await componentWit(await makeComponent(core, embedding));
  expect(wit).toContain("import kinode:process/chat@1.0.0;");
});

test("a module that is no process is refused with what it lacks", async () => {
  const core = await parse("(module)");
  const embedding = { witFolder: witFolder("refused", {}), world: "process-v1" };
  await expect(makeComponent(core, embedding)).rejects.toThrow(/init/);
  expect((await componentNew(core)).length).toBeGreaterThan(0);
});

test("the adapter asked for is that of the version this kit depends on, and is found here", () => {
  expect(ADAPTER_VERSION).toBe(manifest.peerDependencies["@bytecodealliance/jco"]);
  expect(missingAdapter()).toEqual([]);
});
