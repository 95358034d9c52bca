/**
 * Go: the program and our process library become one core module for preview 1, and that a component.
 *
 * The library has hand-written bindings. It calls the program's `main` from `init`, which the linker only allows with
 * `-checklinkname=0`. It lies in the package at `target/build/go/kinode`, where the program's `go.mod` looks for it.
 * @module
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildRequest, Language, MissingTool, ToolRunner } from "./contract.ts";
import { missingAdapter } from "./adapter-bun.ts";
import { makeComponent } from "./make-component-bun.ts";
import { requireNewestWit } from "./require-wit-bun.ts";

const LIBRARY = fileURLToPath(new URL("../../languages/go/library", import.meta.url));
/** Where a program's `go.mod` finds the library, from the root of the package. */
const LIBRARY_IN_PACKAGE = "target/build/go/kinode";
/** The first with `go:wasmexport` in libraries. */
const OLDEST: readonly [number, number] = [1, 24];
const GET_GO = `install Go ${OLDEST.join(".")} or newer from https://go.dev/dl`;

/** Folders of other modules that a `go.mod` points to, absolute, without our library. */
function replacedFolders(request: BuildRequest): string[] {
  const text = readFileSync(join(request.sourceFolder, "go.mod"), "utf8");
  const library = resolve(request.packageFolder, LIBRARY_IN_PACKAGE);
  return [...text.matchAll(/=>\s+(\.{1,2}\/\S+)/g)]
    .map(([, path = ""]) => resolve(request.sourceFolder, path))
    .filter((folder) => folder !== library && existsSync(folder));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(go|s|mod|sum)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

const toolchainVersion = (tools: ToolRunner): Promise<string> =>
  tools.run(["go", "env", "GOVERSION"], { cwd: LIBRARY });

async function missingTools(tools: ToolRunner): Promise<readonly MissingTool[]> {
  return [...(await missingGo(tools)), ...missingAdapter()];
}

async function missingGo(tools: ToolRunner): Promise<readonly MissingTool[]> {
  if (tools.find("go") === undefined) return [{ what: "Go", howTo: GET_GO }];
  const version = await toolchainVersion(tools);
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/m.exec(version) ?? [];
  const isOld = Number(major) === OLDEST[0] && Number(minor) < OLDEST[1];
  return isOld
    ? [{ what: `Go ${OLDEST.join(".")} (this is ${version.trim()})`, howTo: GET_GO }]
    : [];
}

async function build(request: BuildRequest): Promise<Uint8Array> {
  requireNewestWit(request, "Go");
  const library = join(request.packageFolder, LIBRARY_IN_PACKAGE);
  rmSync(library, { recursive: true, force: true });
  cpSync(LIBRARY, library, { recursive: true, preserveTimestamps: true });
  const output = join(request.workFolder, `${request.name}.core.wasm`);
  const flags = ["-buildmode=c-shared", "-trimpath", "-buildvcs=false"];
  const command = ["go", "build", ...flags, "-ldflags=-checklinkname=0 -s -w", "-o", output, "."];
  await request.tools.run(command, {
    cwd: request.sourceFolder,
    env: { GOOS: "wasip1", GOARCH: "wasm", CGO_ENABLED: "0", GOWASM: "" },
  });
  return await makeComponent(readFileSync(output), request);
}

export const go: Language = {
  id: "go",
  label: "Go",
  owns: (sourceFolder) => existsSync(join(sourceFolder, "go.mod")),
  missingTools,
  toolchainVersion,
  extraInputs: (request) => [LIBRARY, ...replacedFolders(request)].flatMap(filesIn),
  build,
};
