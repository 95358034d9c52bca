/**
 * One program of a package from its source to the files of `pkg/`.
 * @module
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packScript, readEngine } from "@kinode-ts/engine";
import manifest from "../package.json" with { type: "json" };
import { bundleEntry } from "./bundle-entry-bun.ts";
import { linkExporters } from "./compose/link-exporters.ts";
import type { BuildRequest, Language, ToolRunner } from "./languages/contract.ts";
import { isExporter, type PackageFolder } from "./package-folder-bun.ts";
import type { ProgramSource } from "./package-sources-bun.ts";
import { filesBelow, sourceFiles } from "./read-files-bun.ts";
import { exportedInterface } from "./wit/exported-interface.ts";
import { interfacesOfExporter, type PackageApi } from "./wit/package-api-bun.ts";
import { chooseWorld } from "./wit-folder-bun.ts";

/** What came out: files by their path below `pkg/`. */
export interface BuiltProgram {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths of what went in. */
  readonly inputs: readonly string[];
}

/** What builds of all programs of a package have in common. */
export interface BuildSurroundings {
  readonly pkg: PackageFolder;
  readonly tools: ToolRunner;
  readonly witFolder: string;
  /** World asked for on the command line. */
  readonly world: string | undefined;
  /** Features asked for. */
  readonly features?: readonly string[] | undefined;
  /** The package's own API. */
  readonly api: PackageApi;
  /** Files of components whose functions a program of this package may import. */
  readonly exporters: readonly string[];
}

/** What scripts are made with; another version may make other bytes. */
export const SCRIPT_TOOLCHAIN = `kit ${manifest.version}, bun ${Bun.version}`;

/** What the programs of a language are made with. */
export async function toolchainOf(
  language: Language,
  { tools, world, features = [] }: BuildSurroundings,
): Promise<string> {
  const version = (await language.toolchainVersion?.(tools)) ?? "";
  const withFeatures = features.length === 0 ? "" : `, features ${features.join()}`;
  return `kit ${manifest.version}, ${language.id} ${version.trim()}, world ${world ?? "of the package"}${withFeatures}`;
}

type ComponentSource = Extract<ProgramSource, { kind: "component" }>;

export function requestFor(
  file: string,
  source: ComponentSource,
  { pkg, tools, witFolder, world, features }: BuildSurroundings,
): BuildRequest {
  return {
    sourceFolder: source.folder,
    packageFolder: pkg.folder,
    name: file.replace(/\.wasm$/, ""),
    workFolder: join(pkg.folder, "target", "build", source.language.id),
    witFolder,
    world: chooseWorld(source.folder, witFolder, pkg.metadata, world),
    features,
    tools,
  };
}

/** Everything a component is made of: known before building, unlike the imports of a script. */
export function componentInputs(source: ComponentSource, request: BuildRequest): string[] {
  return [
    ...sourceFiles(source.folder),
    ...source.language.extraInputs(request),
    ...filesBelow(request.witFolder).map((path) => join(request.witFolder, path)),
  ];
}

async function buildComponent(
  source: ComponentSource,
  request: BuildRequest,
  exporters: readonly string[],
): Promise<BuiltProgram> {
  mkdirSync(request.workFolder, { recursive: true });
  const component = await source.language.build(request);
  const others = exporters.map((path) => new Uint8Array(readFileSync(path)));
  return {
    files: new Map([[`${request.name}.wasm`, linkExporters(component, others)]]),
    // Read again: a build may write lock files beside its sources.
    inputs: [...componentInputs(source, request), ...exporters],
  };
}

/** `chat.js`: the bundle. `chat.wasm`: the bundle inside an engine, a component like any other, for every node. */
async function buildScript(
  file: string,
  source: Exclude<ProgramSource, ComponentSource>,
  { pkg: { folder }, api, witFolder }: BuildSurroundings,
): Promise<BuiltProgram> {
  const { code, map, inputs } = await bundleEntry(source.entry, folder, file);
  const exports = isExporter(file)
    ? interfacesOfExporter(file.replace(/\.wasm$/, ""), api).map(exportedInterface)
    : [];
  const program =
    source.kind === "packed" ? packScript(await readEngine(), code, { exports }) : code;
  const files = new Map([
    [file, program],
    [`${file}.map`, map],
  ]);
  // The types of exported functions are part of the program.
  const wit = exports.length > 0 ? filesBelow(witFolder).map((path) => join(witFolder, path)) : [];
  return { files, inputs: [...inputs, ...wit] };
}

/**
 * Builds one program; nothing is written outside the language's work folder.
 * @throws {PackageError} `kit.build-failed` with the compiler's words
 */
export function buildProgram(
  file: string,
  source: ProgramSource,
  around: BuildSurroundings,
): Promise<BuiltProgram> {
  return source.kind === "component"
    ? buildComponent(source, requestFor(file, source, around), around.exporters)
    : buildScript(file, source, around);
}
