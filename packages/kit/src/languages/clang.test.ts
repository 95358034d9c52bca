import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { c } from "./c-bun.ts";
import type { BuildRequest, ToolRunner } from "./contract.ts";
import { cpp } from "./cpp-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-clang-"));
const sourceFolder = join(folder, "counter");
const workFolder = join(folder, "target/build/c");
/** Anything that exists. */
const RUNTIME = import.meta.path;
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const path of [sourceFolder, workFolder]) mkdirSync(path, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface FakeTools extends ToolRunner {
  readonly commands: string[][];
}

/** Programs on the PATH, and what they answer to a question; anything with `-o` writes an empty module. */
function fakeTools(
  programs: readonly string[],
  answers: Readonly<Record<string, string>>,
): FakeTools {
  const commands: string[][] = [];
  return {
    commands,
    find: (program) => (programs.includes(program) ? `/bin/${program}` : undefined),
    run(command) {
      commands.push([...command]);
      const output = command.indexOf("-o");
      if (output > 0) writeFileSync(command[output + 1]!, EMPTY_MODULE);
      const known = Object.keys(answers).find((key) => command.join(" ").endsWith(key));
      if (output < 0 && known === undefined) return Promise.reject(new Error("no such program"));
      return Promise.resolve(`${answers[known ?? ""] ?? ""}\n`);
    },
  };
}

const DEBIAN = {
  "-print-file-name=libc.a": "/usr/lib/wasm32-wasi/libc.a",
  "-print-file-name=libc++.a": "libc++.a",
  "-print-libgcc-file-name": RUNTIME,
  "-print-prog-name=wasm-ld": "/usr/bin/wasm-ld",
  "--version": "clang version 14.0.6\nTarget: wasm32",
};
const debian = (): FakeTools => fakeTools(["clang"], DEBIAN);
const zig = (): FakeTools => fakeTools(["python3"], { "-m ziglang version": "0.17.0" });

function request(tools: ToolRunner): BuildRequest {
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

const write = (name: string): void => writeFileSync(join(sourceFolder, name), "");

describe("C and C++", () => {
  test("a folder is C++ as soon as one file is, and neither where cargo or go builds", () => {
    write("counter.c");
    expect([c.owns(sourceFolder), cpp.owns(sourceFolder)]).toEqual([true, false]);
    write("more.cpp");
    expect([c.owns(sourceFolder), cpp.owns(sourceFolder)]).toEqual([false, true]);
    write("Cargo.toml");
    expect([c.owns(sourceFolder), cpp.owns(sourceFolder)]).toEqual([false, false]);
    expect(c.owns(join(folder, "nothing"))).toBe(false);
  });

  test("a clang without the library for WebAssembly is no compiler for it", async () => {
    const bare = fakeTools(["clang"], { ...DEBIAN, "-print-file-name=libc.a": "libc.a" });
    expect(await c.missingTools(bare)).toMatchObject([
      { what: expect.stringContaining("C compiler"), howTo: expect.stringContaining("ziglang") },
    ]);
    const withoutLinker = fakeTools(["clang"], {
      ...DEBIAN,
      "-print-prog-name=wasm-ld": "wasm-ld",
    });
    expect(await c.missingTools(withoutLinker)).toHaveLength(1);
  });

  test("Debian's clang does for C but not for C++, zig for both", async () => {
    expect(await c.missingTools(debian())).toEqual([]);
    expect(await cpp.missingTools(debian())).toMatchObject([
      { what: expect.stringContaining("C++"), howTo: expect.stringContaining("ziglang") },
    ]);
    expect(await c.missingTools(zig())).toEqual([]);
    expect(await cpp.missingTools(zig())).toEqual([]);
    expect(await c.toolchainVersion!(debian())).toBe("clang version 14.0.6");
    expect(await cpp.toolchainVersion!(zig())).toBe("zig 0.17.0");
  });

  test("a clang that knows the target by its new name only does as well", async () => {
    write("counter.c");
    const { "-print-file-name=libc.a": libc, ...others } = DEBIAN;
    const sdk = fakeTools(["clang"], {
      ...others,
      "--target=wasm32-wasip1 -print-file-name=libc.a": libc,
      "--target=wasm32-wasi -print-file-name=libc.a": "libc.a",
    });
    expect(await c.missingTools(sdk)).toEqual([]);
    await c.build(request(sdk)).catch(() => undefined);
    expect(sdk.commands.at(-1)).toContain("--target=wasm32-wasip1");
  });

  test("compiles all sources and the library, and puts the stack where its end is noticed", async () => {
    write("counter.c");
    mkdirSync(join(sourceFolder, "parts"));
    write("parts/more.c");
    const tools = debian();
    await expect(c.build(request(tools))).rejects.toThrow();
    const compiled = tools.commands.filter((command) => command.includes("-c"));
    const sources = compiled.map((command) => command[command.indexOf("-c") + 1]!);
    expect(sources.slice(0, 2)).toEqual([
      join(sourceFolder, "counter.c"),
      join(sourceFolder, "parts/more.c"),
    ]);
    expect(sources.some((path) => path.endsWith("library/message.c"))).toBe(true);
    const link = tools.commands.at(-1)!;
    expect(link).toContain("-Wl,--stack-first");
    expect(link).toContain("-Wl,-z,stack-size=131072");
    expect(link.filter((word) => word.endsWith(".o"))).toHaveLength(sources.length);
  });

  test("refuses a package for an older interface before it compiles", async () => {
    write("counter.c");
    const tools = debian();
    const witFolder = join(import.meta.dir, "../../../../wit/kinode-process-0.8.0");
    await expect(c.build({ ...request(tools), witFolder })).rejects.toThrow(
      "the library for C speaks kinode:process@1.0.0",
    );
    expect(tools.commands).toEqual([]);
  });

  test("compiles again what changed, and all when a header did", async () => {
    write("counter.c");
    write("other.c");
    const compiled = async (): Promise<string[]> => {
      const tools = debian();
      await c.build(request(tools)).catch(() => undefined);
      const commands = tools.commands.filter((command) => command.includes("-c"));
      return commands.map((command) => command[command.indexOf("-c") + 1]!.split("/").at(-1)!);
    };
    const all = await compiled();
    expect(await compiled()).toEqual([]);
    writeFileSync(join(sourceFolder, "other.c"), "int other;");
    expect(await compiled()).toEqual(["other.c"]);
    write("own.h");
    expect(await compiled()).toEqual(all);
  });

  test("C++ takes C files along, each with the compiler of its language", async () => {
    write("counter.cpp");
    write("old.c");
    const tools = zig();
    await expect(cpp.build(request(tools))).rejects.toThrow();
    const compiled = tools.commands.filter((command) => command.includes("-c"));
    const commandOf = (name: string) =>
      compiled.find((command) => command.some((word) => word.endsWith(name)))!;
    expect(commandOf("counter.cpp")).toEqual(
      expect.arrayContaining(["c++", "-std=c++20", "-fno-exceptions"]),
    );
    expect(commandOf("old.c")).toEqual(expect.arrayContaining(["cc", "-std=gnu11"]));
  });

  test("the headers of the libraries count among what goes in", () => {
    const names = (files: readonly string[]): string[] =>
      files.map((path) => path.split("/").at(-1)!);
    expect(names(c.extraInputs(request(zig())))).toContain("kinode.h");
    expect(names(c.extraInputs(request(zig())))).not.toContain("kinode.hpp");
    expect(names(cpp.extraInputs(request(zig())))).toEqual(
      expect.arrayContaining(["kinode.h", "kinode.hpp", "base.hpp"]),
    );
  });

  test("the library's header describes every function it has", () => {
    const library = join(import.meta.dir, "../../languages/c/library");
    const header = readFileSync(join(library, "kinode.h"), "utf8");
    const sources = ["json.c", "memory.c", "message.c", "process.c", "text.c", "vfs.c", "http.c"];
    const defined = sources.flatMap((name) => {
      const text = readFileSync(join(library, name), "utf8");
      return [...text.matchAll(/^(?!static)[a-z].*?\b(kn_\w+)\(/gm)].map(([, found = ""]) => found);
    });
    const inner = new Set(["kn_false", "kn_forget_turn", "kn_utf8"]);
    expect(defined.length).toBeGreaterThan(50);
    expect(defined.filter((name) => !inner.has(name) && !header.includes(`${name}(`))).toEqual([]);
  });
});
