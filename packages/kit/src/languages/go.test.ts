import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildRequest, ToolRunner } from "./contract.ts";
import { go } from "./go-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-go-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A toolchain of this version; it writes what a linker writes, an empty module. */
function fakeGo(version: string, commands: (readonly string[])[] = []): ToolRunner {
  return {
    find: (program) => (program === "go" && version !== "" ? "/usr/bin/go" : undefined),
    run: (command, { env }) => {
      commands.push([...command, ...Object.entries(env ?? {}).map((pair) => pair.join("="))]);
      const output = command.indexOf("-o");
      if (output > 0)
        writeFileSync(command[output + 1]!, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
      return Promise.resolve(`${version}\n`);
    },
  };
}

function request(tools: ToolRunner, goMod: string): BuildRequest {
  const sourceFolder = join(folder, "counter");
  const workFolder = join(folder, "target/build/go");
  mkdirSync(sourceFolder, { recursive: true });
  mkdirSync(workFolder, { recursive: true });
  writeFileSync(join(sourceFolder, "go.mod"), goMod);
  return {
    sourceFolder,
    packageFolder: folder,
    name: "counter",
    workFolder,
    witFolder: join(import.meta.dir, "../../../../wit/kinode-process-1.0.0"),
    world: "process-v1",
    tools,
  };
}

describe("Go", () => {
  test("is missing when there is none, and when it is too old for exports of libraries", async () => {
    expect(await go.missingTools(fakeGo(""))).toMatchObject([{ what: "Go" }]);
    expect(await go.missingTools(fakeGo("go1.23.4"))).toMatchObject([
      { what: "Go 1.24 (this is go1.23.4)", howTo: expect.stringContaining("1.24") },
    ]);
    expect(await go.missingTools(fakeGo("go1.24"))).toEqual([]);
    expect(await go.missingTools(fakeGo("go2.0"))).toEqual([]);
  });

  test("owns folders with a go.mod", () => {
    const { sourceFolder } = request(fakeGo("go1.26"), "module counter\n");
    expect(go.owns(sourceFolder)).toBe(true);
    expect(go.owns(folder)).toBe(false);
  });

  test("counts the library and the modules that go.mod points to among what goes in", () => {
    mkdirSync(join(folder, "shared"), { recursive: true });
    writeFileSync(join(folder, "shared/shared.go"), "package shared\n");
    writeFileSync(join(folder, "shared/notes.txt"), "");
    const replacements =
      "replace kinode.os/kinode => ../target/build/go/kinode\nreplace a.b/shared => ../shared\n";
    const inputs = go.extraInputs(request(fakeGo("go1.26"), `module counter\n${replacements}`));
    expect(inputs.filter((path) => path.startsWith(folder))).toEqual([
      join(folder, "shared/shared.go"),
    ]);
    expect(inputs.some((path) => path.endsWith("library/kinode.go"))).toBe(true);
    expect(inputs.every((path) => existsSync(path))).toBe(true);
  });

  test("refuses a package for an older interface before it compiles", async () => {
    const commands: (readonly string[])[] = [];
    const asked = request(fakeGo("go1.26", commands), "module counter\n");
    const older = join(import.meta.dir, "../../../../wit/kinode-process-0.8.0");
    const thrown: unknown = await go.build({ ...asked, witFolder: older }).catch((e: unknown) => e);
    expect(String(thrown)).toContain("the library for Go speaks kinode:process@1.0.0");
    expect(commands).toEqual([]);
  });

  test("compiles a reactor for preview 1 against the library that lies in the package", async () => {
    const commands: (readonly string[])[] = [];
    const asked = request(fakeGo("go1.26", commands), "module counter\n");
    // The empty module has no init: the tools say so, after the compiler has run.
    const thrown: unknown = await go.build(asked).catch((error: unknown) => error);
    expect(String(thrown)).toContain("init");
    expect(commands[0]).toContain("-buildmode=c-shared");
    expect(commands[0]).toContain("GOOS=wasip1");
    const library = join(folder, "target/build/go/kinode");
    expect(readFileSync(join(library, "go.mod"), "utf8")).toContain("module kinode.os/kinode");
  });
});
