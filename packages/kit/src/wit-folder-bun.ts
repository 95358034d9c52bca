/**
 * The WIT that a component of this package is built against, gathered in `target/wit`.
 * Source: spec/packages-and-tools.md §23.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Metadata } from "./metadata.ts";
import { filesBelow, sourceFiles } from "./read-files-bun.ts";

interface ProcessWit {
  /** File in this package's `wit/`. */
  readonly file: string;
  /** The world a process is built for unless its package has an own one. */
  readonly world: string;
}

const PROCESS_WIT = {
  "0.7.0": { file: "kinode-process-0.7.0.wit", world: "process" },
  "0.8.0": { file: "kinode-process-0.8.0.wit", world: "process-v0" },
  "1.0.0": { file: "kinode-process-1.0.0.wit", world: "process-v1" },
} satisfies Record<string, ProcessWit>;

function processWit({ witVersion }: Metadata): ProcessWit {
  if (witVersion === undefined) return PROCESS_WIT["0.7.0"];
  return witVersion === 0 ? PROCESS_WIT["0.8.0"] : PROCESS_WIT["1.0.0"];
}

/** Text of the process interface that a package is written for. */
export function processWitText(metadata: Metadata): string {
  return readFileSync(join(import.meta.dir, "../wit", processWit(metadata).file), "utf8");
}

function apiFiles(folder: string): string[] {
  const api = join(folder, "api");
  return filesBelow(api)
    .filter((path) => path.endsWith(".wit"))
    .map((path) => join(api, path));
}

/**
 * Writes `target/wit`: the process interface, the package's own API files and those of the packages it uses. Files
 * that are right already are not touched, so that toolchains which look at times do not build again.
 * @param more - files besides those in `api/`, by name: of the packages it uses, and those that were made
 * @returns the folder
 */
export function prepareWit(
  folder: string,
  metadata: Metadata,
  more: ReadonlyMap<string, string>,
): string {
  const target = join(folder, "target/wit");
  mkdirSync(target, { recursive: true });
  const wanted = new Map([["process.wit", processWitText(metadata)], ...more]);
  for (const file of apiFiles(folder)) wanted.set(basename(file), readFileSync(file, "utf8"));
  for (const name of readdirSync(target)) if (!wanted.has(name)) rmSync(join(target, name));
  for (const [name, text] of wanted) {
    const path = join(target, name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  return target;
}

/**
 * The world to build a process for: the one asked for, else the package's own if the process's source names it, else
 * that of the process interface.
 */
export function chooseWorld(
  sourceFolder: string,
  witFolder: string,
  metadata: Metadata,
  asked?: string,
): string {
  if (asked !== undefined) return asked;
  const standard = processWit(metadata).world;
  const own = filesBelow(witFolder)
    .filter((name) => name !== "process.wit")
    .flatMap((name) => worldsIn(readFileSync(join(witFolder, name), "utf8")));
  if (own.length === 0) return standard;
  const text = sourceFiles(sourceFolder)
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  // The longest first: one world's name may begin with another's.
  const named = own.toSorted((a, b) => b.length - a.length).find((world) => names(text, world));
  return named ?? standard;
}

function worldsIn(wit: string): string[] {
  return [...wit.matchAll(/^\s*world\s+%?([a-z][a-z0-9-]*)/gm)].map((match) => match[1]!);
}

function names(text: string, world: string): boolean {
  return new RegExp(`(?<![a-z0-9-])${world}(?![a-z0-9-])`).test(text);
}
