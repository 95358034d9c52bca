/**
 * Builds everything in a package folder that has changed, and first the packages whose API it uses.
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BuildOptions } from "./build-options.ts";
import { PackageBuild } from "./package-build-bun.ts";
import { openPackageFolder, type PackageFolder } from "./package-folder-bun.ts";
import { processWitText } from "./wit-folder-bun.ts";
import {
  type DependencyApi,
  preparePackageApi,
  readApiFolder,
  readDependencyApi,
} from "./wit/package-api-bun.ts";

export interface BuildReport {
  readonly id: string;
  /** Names of files that were written; `ui` for the web interface. `builtPath` says where they stand. */
  readonly built: readonly string[];
  /** Files whose sources have not changed since they were built. */
  readonly unchanged: readonly string[];
}

/**
 * Builds every program of a package, its web interface and its API into `pkg/`. What has the same content as at the
 * last build, made with the same tools, is not built again.
 * @throws {PackageError} the folder is no package or is inconsistent; `kit.missing-tools` names all tools that are
 *   missing; `kit.build-failed` with the compiler's words
 */
export async function buildPackage(path: string, options: BuildOptions = {}): Promise<BuildReport> {
  return await buildAfterDependencies(path, options, new Set());
}

/** @param above - folders that wait for this one: packages may use each other's APIs */
async function buildAfterDependencies(
  path: string,
  options: BuildOptions,
  above: ReadonlySet<string>,
): Promise<BuildReport> {
  const pkg = openPackageFolder(path, options.languages);
  writeVersion(pkg);
  const { tools, languages, installedApi, features } = options;
  const here = new Set([...above, pkg.folder]);
  const dependencies: DependencyApi[] = [];
  for (const folder of dependencyFolders(pkg, options)) {
    if (!here.has(folder)) {
      const same: BuildOptions = { tools, languages, installedApi, features, ui: "none" };
      await buildAfterDependencies(folder, same, here);
    }
    dependencies.push(await readDependencyApi(folder));
  }
  for (const id of pkg.metadata.dependencies) {
    const folder = dependencies.some((each) => each.id === id) ? undefined : installedApi?.(id);
    if (folder !== undefined) dependencies.push(readApiFolder(id, folder));
  }
  const processWit = processWitText(pkg.metadata);
  const api = await preparePackageApi({ ...pkg, processWit, dependencies });
  const build = new PackageBuild(pkg, options, api, dependencies);
  await build.run();
  return { id: pkg.metadata.id, built: build.built, unchanged: build.unchanged };
}

/** The version that was settled on is written down, as the existing kit does. */
function writeVersion({ folder, metadataText }: PackageFolder): void {
  const file = join(folder, "metadata.json");
  if (readFileSync(file, "utf8") !== metadataText) writeFileSync(file, metadataText);
}

/** Folders asked for, and those that `package.json` names: `"kinode": { "dependencies": ["../chat"] }`. */
function dependencyFolders(pkg: PackageFolder, options: BuildOptions): string[] {
  const asked = (options.localDependencies ?? []).map((folder) => resolve(folder));
  const named = pkg.settings.dependencies.map((folder) => resolve(pkg.folder, folder));
  return [...new Set([...asked, ...named])].filter((folder) => folder !== pkg.folder);
}
