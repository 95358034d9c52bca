/**
 * A package folder → the zip that is installed, published and hashed.
 * Source: spec/packages-and-tools.md §8.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readEngine } from "@kinode-ts/engine";
import type { BuildOptions } from "./build-options.ts";
import { buildPackage } from "./build-package-bun.ts";
import { buildProgram, type BuildSurroundings } from "./build-program-bun.ts";
import { hasUi } from "./build-ui-bun.ts";
import { versionHash } from "./hashes.ts";
import { openPackageFolder, type PackageFolder } from "./package-folder-bun.ts";
import { packZip } from "./pack-zip.ts";
import { makePortable } from "./portable.ts";
import { filesBelow, readPkgFiles } from "./read-files-bun.ts";
import { createToolRunner } from "./tool-runner-bun.ts";
import { NO_API } from "./wit/package-api-bun.ts";

export interface PackedPackage {
  readonly id: string;
  readonly zip: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the zip, hex. */
  readonly versionHash: string;
}

export interface PackOptions {
  /** Pack scripts with the engine into components, for nodes that know no scripts. */
  readonly component?: boolean | undefined;
}

/** A zip cannot name its own hash, so the metadata that travels in it lists none. */
function travellingMetadata(text: string): Uint8Array {
  const value = JSON.parse(text) as { properties: { code_hashes: object } };
  value.properties.code_hashes = {};
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`);
}

async function pack(
  pkg: PackageFolder,
  files: Map<string, Uint8Array>,
  options: PackOptions,
): Promise<PackedPackage> {
  if (!files.has("metadata.json")) files.set("metadata.json", travellingMetadata(pkg.metadataText));
  if (options.component === true) {
    const listed = [
      ...pkg.manifest.entries.map((entry) => entry.path.slice(1)),
      ...pkg.scripts.entries.map((entry) => entry.file),
    ];
    makePortable(files, [...new Set([...listed, ...pkg.sources.keys()])], await readEngine());
  }
  const zip = packZip(files);
  return { id: pkg.metadata.id, zip, versionHash: versionHash(zip) };
}

/**
 * Packs `pkg/` as it stands, with a copy of `metadata.json`, and writes `target/<package id>.zip`.
 * @throws {PackageError} the folder is no package or is inconsistent
 */
export async function packPackage(
  path: string,
  options: PackOptions & Pick<BuildOptions, "languages"> = {},
): Promise<PackedPackage & { readonly file: string }> {
  const pkg = openPackageFolder(path, options.languages);
  const packed = await pack(pkg, readPkgFiles(pkg.folder), options);
  const target = join(pkg.folder, "target");
  mkdirSync(target, { recursive: true });
  const file = join(target, `${packed.id}.zip`);
  writeFileSync(file, packed.zip);
  return { ...packed, file };
}

/** Whether more than scripts has to be built, which needs other tools and places on disk. */
function needsTools(pkg: PackageFolder, options: BuildOptions): boolean {
  const kinds = [...pkg.sources.values()].map(({ kind }) => kind);
  return (
    kinds.includes("component") ||
    pkg.settings.dependencies.length > 0 ||
    (pkg.metadata.dependencies.length > 0 && options.installedApi !== undefined) ||
    (options.localDependencies ?? []).length > 0 ||
    hasUi(pkg.folder) ||
    filesBelow(join(pkg.folder, "api")).length > 0
  );
}

/**
 * Builds and packs. A package of scripts alone is built in memory and nothing is written into its folder; other
 * packages are built as `buildPackage` does.
 * @param extra - files to add or to put in place of the folder's own, by path below `pkg/`
 */
export async function assemblePackage(
  path: string,
  extra: ReadonlyMap<string, Uint8Array> = new Map(),
  options: PackOptions & BuildOptions = {},
): Promise<PackedPackage> {
  const pkg = openPackageFolder(path, options.languages);
  const isBuilt = needsTools(pkg, options);
  if (isBuilt) await buildPackage(path, options);
  const files = readPkgFiles(pkg.folder);
  const around: BuildSurroundings = {
    ...{ pkg, tools: createToolRunner(), witFolder: "", world: undefined },
    ...{ api: NO_API, exporters: [] },
  };
  const programs = isBuilt ? [] : [...pkg.sources];
  const built = await Promise.all(
    programs.map(([file, source]) => buildProgram(file, source, around)),
  );
  for (const part of built) for (const [name, bytes] of part.files) files.set(name, bytes);
  for (const [name, bytes] of extra) files.set(name, bytes);
  return pack(pkg, files, options);
}
