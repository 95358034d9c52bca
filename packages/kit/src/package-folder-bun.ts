/**
 * A package as a folder on disk: what is in it, and whether its parts fit together.
 * Source: spec/packages-and-tools.md §2.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { badPackage, PackageError, type Problem } from "./errors.ts";
import type { Language } from "./languages/contract.ts";
import { LANGUAGES } from "./languages.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type Metadata, parseMetadata } from "./metadata.ts";
import {
  findSources,
  namesIn,
  type ProgramSource,
  readSettings,
  scriptSources,
} from "./package-sources-bun.ts";
import { parseScripts, type Scripts } from "./scripts.ts";
import type { KinodeSettings } from "./settings.ts";
import { settledVersion, withVersion } from "./versions.ts";

export interface PackageFolder {
  readonly folder: string;
  /** Of `metadata.json`; its `current_version` is settled, which the file's may not be yet. */
  readonly metadataText: string;
  readonly metadata: Metadata;
  readonly manifest: Manifest;
  readonly scripts: Scripts;
  readonly settings: KinodeSettings;
  /** Program file in `pkg/` (`chat.js`) → what it is built from; programs that stand in `pkg/` are not in it. */
  readonly sources: ReadonlyMap<string, ProgramSource>;
}

type Content = Omit<PackageFolder, "folder">;

function readText(folder: string, path: string): string {
  const full = join(folder, path);
  if (!existsSync(full)) {
    throw new PackageError(
      { code: "kit.no-package", folder },
      `"${folder}" is not a package folder: ${path} is missing`,
      { hint: 'A package has metadata.json and pkg/manifest.json; "kinode new" makes one' },
    );
  }
  return readFileSync(full, "utf8");
}

const withoutExtension = (file: string): string => file.replace(/\.[a-z]+$/, "");

/** A program in the folder of another language ends in `-api`: other packages link it, nobody starts it. */
export const isExporter = (program: string): boolean => program.endsWith("-api.wasm");

function checkScripts(folder: string, pkg: Content): Problem[] {
  const listed = new Set(pkg.scripts.entries.map((entry) => withoutExtension(entry.file)));
  const problems: Problem[] = [];
  for (const { file } of pkg.scripts.entries) {
    if (pkg.sources.has(file) || existsSync(join(folder, "pkg", file))) continue;
    problems.push({
      file: "pkg/scripts.json",
      line: 0,
      message: `the script "${file}" has no file: neither pkg/${file} nor src/scripts/${withoutExtension(file)}.ts exists`,
    });
  }
  for (const path of scriptSources(folder)) {
    const name = withoutExtension(path.split("/").at(-1)!);
    if (listed.has(name)) continue;
    problems.push({
      file: path,
      line: 0,
      message: `this script has no key "${name}.js" in pkg/scripts.json`,
    });
  }
  return problems;
}

function checkPrograms(folder: string, pkg: Content): Problem[] {
  const known = new Set([
    ...pkg.manifest.entries.map((entry) => entry.path.slice(1)),
    ...pkg.scripts.entries.map((entry) => entry.file),
    ...pkg.sources.keys(),
    ...pkg.settings.children.flatMap((name) => [name, `${name}.js`, `${name}.wasm`]),
  ]);
  const missing = pkg.manifest.entries
    .filter(({ path }) => !pkg.sources.has(path.slice(1)) && !existsSync(join(folder, "pkg", path)))
    .map(({ path, processName }) => ({
      file: "pkg/manifest.json",
      line: 0,
      message: `the process "${processName}" has no program: neither pkg${path} nor src/${processName}.ts exists, and no folder ${withoutExtension(path.slice(1))} in a language this kit knows`,
    }));
  const unlisted = namesIn(join(folder, "pkg"))
    .filter((name) => /\.(?:wasm|js)$/.test(name) && !known.has(name))
    .map((name) => ({
      file: `pkg/${name}`,
      line: 0,
      message: `no process and no script uses this program; list it in scripts.json, in manifest.json, or under "kinode.children" in package.json if a process spawns it`,
    }));
  return [...missing, ...unlisted];
}

/** The metadata, at the version that it says is the newest. */
function readMetadata(folder: string): { readonly text: string; readonly metadata: Metadata } {
  const text = readText(folder, "metadata.json");
  const metadata = parseMetadata(text);
  const version = settledVersion(metadata);
  if (version === metadata.version) return { text, metadata };
  return { text: withVersion(text, version), metadata: { ...metadata, version } };
}

/**
 * Reads and checks a package folder.
 * @param languages - those whose folders are known as processes
 * @throws {PackageError} a file is missing or wrong, a script has no file, or a program has no entry
 */
export function openPackageFolder(
  path: string,
  languages: readonly Language[] = LANGUAGES,
): PackageFolder {
  const folder = resolve(path);
  const { text: metadataText, metadata } = readMetadata(folder);
  const manifest = parseManifest(readText(folder, "pkg/manifest.json"), {
    file: "pkg/manifest.json",
  });
  const hasScripts = existsSync(join(folder, "pkg/scripts.json"));
  const scripts = parseScripts(hasScripts ? readText(folder, "pkg/scripts.json") : "{}", {
    file: "pkg/scripts.json",
  });
  const listed = [
    ...manifest.entries.map((entry) => entry.path.slice(1)),
    ...scripts.entries.map((entry) => entry.file),
  ];
  const settings = readSettings(folder);
  const sources = findSources(folder, listed, settings, languages);
  const pkg = { metadataText, metadata, manifest, scripts, settings, sources };
  const problems = [...checkScripts(folder, pkg), ...checkPrograms(folder, pkg)];
  if (problems.length > 0) throw badPackage(problems);
  return { folder, ...pkg };
}
