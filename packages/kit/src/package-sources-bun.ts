/**
 * Which program of a package is built from what, found by the names of files and folders.
 * Source: spec/packages-and-tools.md §2.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Language } from "./languages/contract.ts";
import { languageOf } from "./languages.ts";
import { type KinodeSettings, parseSettings } from "./settings.ts";

/** What one program file of `pkg/` is made from. Paths are absolute. */
export type ProgramSource =
  /** TypeScript or JavaScript → a script `.js`. */
  | { readonly kind: "script"; readonly entry: string }
  /** The same, packed with the engine into a component `.wasm`. */
  | { readonly kind: "packed"; readonly entry: string }
  /** A folder of another language → a component `.wasm`. */
  | { readonly kind: "component"; readonly folder: string; readonly language: Language };

const NOT_PROCESSES = new Set(["api", "node_modules", "pkg", "target", "test", "ui"]);
const FOLDER_NAME = /^[a-z0-9][a-z0-9_-]*$/;

export const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).sort() : [];

/** Programs are named in kebab case; folders of Rust crates may have underscores. */
const programName = (folderName: string): string => folderName.replaceAll("_", "-");

/**
 * Reads `kinode` of `package.json`; packages without one have nothing of it.
 * @throws {PackageError} with file and line
 */
export function readSettings(folder: string): KinodeSettings {
  const path = join(folder, "package.json");
  return parseSettings(existsSync(path) ? readFileSync(path, "utf8") : undefined);
}

function firstExisting(folder: string, candidates: readonly string[]): string | undefined {
  return candidates.map((path) => join(folder, path)).find((path) => existsSync(path));
}

/** The TypeScript or JavaScript entry of a program. */
function entryOf(folder: string, name: string): string | undefined {
  const places = [`processes/${name}/main`, `processes/${name}`, `src/${name}`, `${name}/main`];
  const scriptPlaces = [`src/scripts/${name}`, `scripts/${name}`];
  return firstExisting(
    folder,
    [...places, ...scriptPlaces].flatMap((path) => [`${path}.ts`, `${path}.js`]),
  );
}

/** Folders that a language knows as a process: those of the package and those below `processes/`. */
function languageFolders(
  folder: string,
  languages: readonly Language[],
): Map<string, ProgramSource> {
  const found = new Map<string, ProgramSource>();
  for (const parent of [folder, join(folder, "processes")]) {
    const entries = existsSync(parent) ? readdirSync(parent, { withFileTypes: true }) : [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isDirectory() || !FOLDER_NAME.test(entry.name)) continue;
      if (parent === folder && NOT_PROCESSES.has(entry.name)) continue;
      const source = join(parent, entry.name);
      const language = languageOf(source, languages);
      if (language === undefined) continue;
      found.set(`${programName(entry.name)}.wasm`, { kind: "component", folder: source, language });
    }
  }
  return found;
}

/** Folders of TypeScript or JavaScript that end in `-api`: they export functions to other programs. */
function exporterEntries(folder: string): Map<string, ProgramSource> {
  const names = [folder, join(folder, "processes")]
    .flatMap(namesIn)
    .filter((name) => FOLDER_NAME.test(name) && name.endsWith("-api"));
  return new Map(
    names.flatMap((name) => {
      const entry = entryOf(folder, name);
      return entry === undefined ? [] : [[`${name}.wasm`, { kind: "packed", entry }] as const];
    }),
  );
}

/** Sources in the script folders, relative: each must have a key in `scripts.json`. */
export function scriptSources(folder: string): string[] {
  return ["src/scripts", "scripts"].flatMap((place) =>
    namesIn(join(folder, place))
      .filter((name) => /^[a-z0-9-]+\.(?:ts|js)$/.test(name))
      .map((name) => `${place}/${name}`),
  );
}

/**
 * Finds the sources of a package's programs.
 * @param listed - program files that the manifest and `scripts.json` name, e.g. `chat.js`
 */
export function findSources(
  folder: string,
  listed: readonly string[],
  settings: KinodeSettings,
  languages: readonly Language[],
): Map<string, ProgramSource> {
  const sources = new Map([...exporterEntries(folder), ...languageFolders(folder, languages)]);
  const children = settings.children.map((name) =>
    /\.(?:js|wasm)$/.test(name) || sources.has(`${name}.wasm`) ? name : `${name}.js`,
  );
  for (const file of [...listed, ...children]) {
    const name = file.replace(/\.[a-z]+$/, "");
    if (sources.has(file) || file === name) continue;
    const entry = entryOf(folder, name);
    if (entry === undefined) continue;
    sources.set(file, { kind: file.endsWith(".js") ? "script" : "packed", entry });
  }
  return sources;
}
