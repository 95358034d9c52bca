/**
 * A package as a folder on disk: what is in it and which of its programs are built from which source.
 * Source: spec/packages-and-tools.md §2.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { badPackage, PackageError, type Problem } from "./errors.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { type Metadata, parseMetadata } from "./metadata.ts";
import { parseScripts, type Scripts } from "./scripts.ts";

export interface PackageFolder {
  readonly folder: string;
  readonly metadataText: string;
  readonly metadata: Metadata;
  readonly manifest: Manifest;
  readonly scripts: Scripts;
  /** Program file in `pkg/` (`chat.js`) → absolute path of its TypeScript or JavaScript source. */
  readonly sources: ReadonlyMap<string, string>;
}

function readText(folder: string, path: string): string {
  const full = join(folder, path);
  if (!existsSync(full)) {
    throw new PackageError(
      { code: "kit.no-package", folder },
      `"${folder}" is not a package folder: ${path} is missing`,
      { hint: "A package has metadata.json and pkg/manifest.json" },
    );
  }
  return readFileSync(full, "utf8");
}

const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).sort() : [];

function firstExisting(folder: string, candidates: readonly string[]): string | undefined {
  return candidates.map((path) => join(folder, path)).find((path) => existsSync(path));
}

function sourceOf(folder: string, name: string): string | undefined {
  const places = [`processes/${name}/main`, `processes/${name}`, `src/${name}`, `${name}/main`];
  const scriptPlaces = [`src/scripts/${name}`, `scripts/${name}`];
  return firstExisting(
    folder,
    [...places, ...scriptPlaces].flatMap((path) => [`${path}.ts`, `${path}.js`]),
  );
}

/** Sources in the script folders: each must have a key in `scripts.json`. */
function scriptSources(folder: string): string[] {
  return ["src/scripts", "scripts"].flatMap((place) =>
    namesIn(join(folder, place))
      .filter((name) => /^[a-z0-9-]+\.(?:ts|js)$/.test(name))
      .map((name) => `${place}/${name}`),
  );
}

/** Programs that a process of this package spawns: `kinode.children` in its `package.json`. */
function childNames(folder: string): string[] {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return [];
  const { kinode } = JSON.parse(readFileSync(path, "utf8")) as { kinode?: { children?: string[] } };
  return kinode?.children ?? [];
}

function checkScripts(folder: string, pkg: Omit<PackageFolder, "folder">): Problem[] {
  const listed = new Set(pkg.scripts.entries.map((entry) => entry.file));
  const problems: Problem[] = [];
  for (const { file } of pkg.scripts.entries) {
    if (pkg.sources.has(file) || existsSync(join(folder, "pkg", file))) continue;
    const name = file.replace(/\.[a-z]+$/, "");
    problems.push({
      file: "pkg/scripts.json",
      line: 0,
      message: `the script "${file}" has no file: neither pkg/${file} nor src/scripts/${name}.ts exists`,
    });
  }
  for (const path of scriptSources(folder)) {
    const name = path
      .split("/")
      .at(-1)!
      .replace(/\.[a-z]+$/, "");
    if (listed.has(`${name}.js`)) continue;
    problems.push({
      file: path,
      line: 0,
      message: `this script has no key "${name}.js" in pkg/scripts.json`,
    });
  }
  return problems;
}

function checkPrograms(folder: string, pkg: Omit<PackageFolder, "folder">): Problem[] {
  const known = new Set([
    ...pkg.manifest.entries.map((entry) => entry.path.slice(1)),
    ...pkg.scripts.entries.map((entry) => entry.file),
    ...pkg.sources.keys(),
    ...childNames(folder).flatMap((name) => [`${name}.js`, `${name}.wasm`]),
  ]);
  const missing = pkg.manifest.entries
    .filter(({ path }) => !pkg.sources.has(path.slice(1)) && !existsSync(join(folder, "pkg", path)))
    .map(({ path, processName }) => ({
      file: "pkg/manifest.json",
      line: 0,
      message: `the process "${processName}" has no program: neither pkg${path} nor src/${processName}.ts exists`,
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

/**
 * Reads and checks a package folder.
 * @throws {PackageError} a file is missing or wrong, a script has no file, or a program has no entry
 */
export function openPackageFolder(path: string): PackageFolder {
  const folder = resolve(path);
  const metadataText = readText(folder, "metadata.json");
  const metadata = parseMetadata(metadataText);
  const manifest = parseManifest(readText(folder, "pkg/manifest.json"), {
    file: "pkg/manifest.json",
  });
  const scriptsText = existsSync(join(folder, "pkg/scripts.json"))
    ? readText(folder, "pkg/scripts.json")
    : "{}";
  const scripts = parseScripts(scriptsText, { file: "pkg/scripts.json" });
  const programs = [
    ...manifest.entries.map((entry) => entry.path.slice(1)),
    ...scripts.entries.map((entry) => entry.file),
    ...childNames(folder).map((name) => `${name}.js`),
  ].filter((name) => name.endsWith(".js"));
  const sources = new Map<string, string>();
  for (const name of programs) {
    const source = sourceOf(folder, name.slice(0, -".js".length));
    if (source !== undefined) sources.set(name, source);
  }
  const pkg = { metadataText, metadata, manifest, scripts, sources };
  const problems = [...checkScripts(folder, pkg), ...checkPrograms(folder, pkg)];
  if (problems.length > 0) throw badPackage(problems);
  return { folder, ...pkg };
}

/** Every file below `pkg/`, by its path relative to it. Hidden files stay out. */
export function readPkgFiles(folder: string): Map<string, Uint8Array> {
  const root = join(folder, "pkg");
  const files = new Map<string, Uint8Array>();
  const names = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name)
      .slice(root.length + 1)
      .replaceAll("\\", "/");
    if (!entry.isFile() || path.split("/").some((part) => part.startsWith("."))) continue;
    files.set(path, new Uint8Array(readFileSync(join(root, path))));
  }
  return files;
}
