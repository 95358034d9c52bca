/**
 * C and C++: which compiler is here, and how it is called. Both languages share the C library; C++ has a face on top.
 *
 * Three kinds of compiler do: clang with wasi-libc, as distributions package it; the WASI SDK, named by
 * `WASI_SDK_PATH`; and zig, also as the Python package `ziglang`.
 * @module
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { versionHash } from "../hashes.ts";
import type { BuildRequest, MissingTool, ToolRunner } from "./contract.ts";
import { missingAdapter } from "./adapter-bun.ts";
import { makeComponent } from "./make-component-bun.ts";
import { requireNewestWit } from "./require-wit-bun.ts";

export type ClangLanguage = "c" | "cpp";

/** Bytes; a compiler's own default may be 16 MB, which every process would pay for. */
const STACK_BYTES = 131_072;

const SOURCES: Readonly<Record<ClangLanguage, RegExp>> = {
  c: /\.c$/,
  cpp: /\.(?:c|cc|cpp|cxx)$/,
};
const CPP_ONLY = /\.(?:cc|cpp|cxx)$/;

interface Compiler {
  /** By the language of the file to compile. */
  readonly commands: Readonly<Record<ClangLanguage, readonly string[]>>;
  readonly version: string;
  /** What only this compiler needs. */
  readonly flags: readonly string[];
}

const libraryFolder = (language: ClangLanguage): string =>
  fileURLToPath(new URL(`../../languages/${language}/library`, import.meta.url));

function filesIn(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => pattern.test(name) && !/(?:^|[\\/])(?:target|node_modules)[\\/]/.test(name))
    .map((name) => join(folder, name))
    .toSorted();
}

/** Whether a folder's own files are in this language: one file of C++ makes it C++. */
export function ownsSources(sourceFolder: string, language: ClangLanguage): boolean {
  if (!existsSync(sourceFolder)) return false;
  const names = readdirSync(sourceFolder);
  if (names.includes("Cargo.toml") || names.includes("go.mod")) return false;
  const isCpp = names.some((name) => CPP_ONLY.test(name));
  return language === "cpp" ? isCpp : !isCpp && names.some((name) => SOURCES.c.test(name));
}

async function output(tools: ToolRunner, command: readonly string[]): Promise<string | undefined> {
  try {
    return (await tools.run(command, { cwd: libraryFolder("c") })).trim();
  } catch {
    return undefined;
  }
}

/** A clang that finds the libraries for WebAssembly; its answer is a bare name where it does not. */
async function clangFor(
  target: string,
  tools: ToolRunner,
  folder: string,
  language: ClangLanguage,
): Promise<Compiler | undefined> {
  const commands = {
    c: [join(folder, "clang"), `--target=${target}`],
    cpp: [join(folder, "clang++"), `--target=${target}`],
  };
  const needed = language === "cpp" ? ["libc.a", "libc++.a", "libc++abi.a"] : ["libc.a"];
  for (const library of needed) {
    const found = await output(tools, [...commands.c, `-print-file-name=${library}`]);
    if (found === undefined || !isAbsolute(found)) return undefined;
  }
  const runtime = await output(tools, [...commands.c, "-print-libgcc-file-name"]);
  if (runtime === undefined || !existsSync(runtime)) return undefined;
  if ((await output(tools, [...commands.c, "-print-prog-name=wasm-ld"]))?.includes("/") !== true) {
    return undefined;
  }
  const version = (await output(tools, [commands.c[0]!, "--version"]))?.split("\n")[0] ?? "";
  return { commands, version, flags: ["-Wl,--stack-first"] };
}

/** One target, two names: the old one is what distributions still use. */
async function clangAt(
  tools: ToolRunner,
  folder: string,
  language: ClangLanguage,
): Promise<Compiler | undefined> {
  for (const target of ["wasm32-wasi", "wasm32-wasip1"]) {
    const compiler = await clangFor(target, tools, folder, language);
    if (compiler !== undefined) return compiler;
  }
  return undefined;
}

async function zigAs(tools: ToolRunner, command: readonly string[]): Promise<Compiler | undefined> {
  const version = await output(tools, [...command, "version"]);
  if (version === undefined || !/^\d+\.\d+/.test(version)) return undefined;
  const target = ["--target=wasm32-wasi"];
  return {
    commands: { c: [...command, "cc", ...target], cpp: [...command, "c++", ...target] },
    version: `zig ${version}`,
    flags: [],
  };
}

async function search(tools: ToolRunner, language: ClangLanguage): Promise<Compiler | undefined> {
  const sdk = process.env["WASI_SDK_PATH"];
  if (sdk !== undefined && sdk !== "") return await clangAt(tools, join(sdk, "bin"), language);
  const clang = tools.find("clang");
  const own = clang && (await clangAt(tools, join(clang, ".."), language));
  if (own) return own;
  const zig = tools.find("zig");
  if (zig !== undefined) return await zigAs(tools, [zig]);
  for (const python of ["python3", "python"]) {
    const path = tools.find(python);
    const packaged = path && (await zigAs(tools, [path, "-m", "ziglang"]));
    if (packaged) return packaged;
  }
  return undefined;
}

/** What a search found, as long as the runner lives: it asks half a dozen programs. */
const found = new WeakMap<ToolRunner, Map<ClangLanguage, Promise<Compiler | undefined>>>();

function compilerFor(tools: ToolRunner, language: ClangLanguage): Promise<Compiler | undefined> {
  const known = found.get(tools) ?? new Map<ClangLanguage, Promise<Compiler | undefined>>();
  found.set(tools, known);
  const compiler = known.get(language) ?? search(tools, language);
  known.set(language, compiler);
  return compiler;
}

const HOW_TO: Readonly<Record<ClangLanguage, MissingTool>> = {
  c: {
    what: "a C compiler for WebAssembly",
    howTo:
      "run pip install ziglang==0.17.0, or install clang, lld, wasi-libc and compiler-rt for wasm32 (Debian 12: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32)",
  },
  cpp: {
    what: "a C++ compiler with a standard library for WebAssembly",
    howTo: "run pip install ziglang==0.17.0, or set WASI_SDK_PATH to a WASI SDK",
  },
};

export async function missingCompiler(
  tools: ToolRunner,
  language: ClangLanguage,
): Promise<readonly MissingTool[]> {
  const compiler = (await compilerFor(tools, language)) === undefined ? [HOW_TO[language]] : [];
  return [...compiler, ...missingAdapter()];
}

export async function compilerVersion(tools: ToolRunner, language: ClangLanguage): Promise<string> {
  return (await compilerFor(tools, language))?.version ?? "";
}

const HEADERS = /\.(?:h|hh|hpp|hxx|inc|def)$/;

function libraryFiles(language: ClangLanguage): string[] {
  const folders = language === "cpp" ? (["c", "cpp"] as const) : (["c"] as const);
  return folders.flatMap((each) => filesIn(libraryFolder(each), /\.(?:c|h|hpp|cpp)$/));
}

/** The library, and headers of the package, which may be shared by its programs. */
export function inputFiles({ packageFolder }: BuildRequest, language: ClangLanguage): string[] {
  return [...libraryFiles(language), ...filesIn(packageFolder, HEADERS)];
}

function compileFlags(language: ClangLanguage, request: BuildRequest): string[] {
  const includes =
    language === "cpp" ? [libraryFolder("cpp"), libraryFolder("c")] : [libraryFolder("c")];
  return [
    "-Os",
    "-Wall",
    "-Wextra",
    // No path of this machine in the result: same sources, same bytes.
    `-ffile-prefix-map=${request.packageFolder}=.`,
    `-ffile-prefix-map=${libraryFolder("c")}=kinode`,
    `-ffile-prefix-map=${libraryFolder("cpp")}=kinode`,
    ...includes.map((folder) => `-I${folder}`),
    `-I${request.sourceFolder}`,
  ];
}

const STANDARD: Readonly<Record<ClangLanguage, readonly string[]>> = {
  c: ["-std=gnu11"],
  cpp: ["-std=c++20", "-fno-exceptions", "-fno-rtti"],
};

/** Says whether an object file is still what compiling would make: any header may be included by any source. */
function objectKey(
  compiler: Compiler,
  command: readonly string[],
  source: string,
  headers: readonly string[],
): string {
  const contents = [source, ...headers].map((path) => readFileSync(path, "utf8"));
  const text = [compiler.version, ...command, ...contents].join("\0");
  return versionHash(new TextEncoder().encode(text));
}

/** One object file per source, kept until something that goes in changes. */
async function compile(
  compiler: Compiler,
  source: string,
  object: string,
  language: ClangLanguage,
  request: BuildRequest,
): Promise<void> {
  const own: ClangLanguage = CPP_ONLY.test(source) ? "cpp" : "c";
  const flags = [...STANDARD[own], ...compileFlags(language, request)];
  const command = [...compiler.commands[own], ...flags, "-c", source, "-o", object];
  const headers = inputFiles(request, language).filter((file) => HEADERS.test(file));
  const key = objectKey(compiler, command, source, headers);
  const keyFile = `${object}.key`;
  const isKept = existsSync(object) && existsSync(keyFile) && readFileSync(keyFile, "utf8") === key;
  if (isKept) return;
  await request.tools.run(command, { cwd: request.packageFolder });
  writeFileSync(keyFile, key);
}

/**
 * Compiles the sources of a folder with the library, and makes a component of them.
 * @throws {PackageError} `kit.build-failed` with the compiler's words
 */
export async function buildWithClang(
  request: BuildRequest,
  language: ClangLanguage,
): Promise<Uint8Array> {
  requireNewestWit(request, language === "c" ? "C" : "C++");
  const compiler = await compilerFor(request.tools, language);
  if (compiler === undefined)
    throw new Error(`There is no ${HOW_TO[language].what}; ${HOW_TO[language].howTo}`);
  const sources = [
    ...filesIn(request.sourceFolder, SOURCES[language]),
    ...libraryFiles(language).filter((file) => SOURCES[language].test(file)),
  ];
  const objects: string[] = [];
  for (const [at, source] of sources.entries()) {
    const object = join(request.workFolder, `${request.name}-${at}.o`);
    await compile(compiler, source, object, language, request);
    objects.push(object);
  }
  const core = join(request.workFolder, `${request.name}.core.wasm`);
  const link = [
    "-mexec-model=reactor",
    "-Wl,-s",
    `-Wl,-z,stack-size=${STACK_BYTES}`,
    ...compiler.flags,
    "-o",
    core,
  ];
  await request.tools.run([...compiler.commands[language], ...objects, ...link], {
    cwd: request.packageFolder,
  });
  return await makeComponent(readFileSync(core), request);
}
