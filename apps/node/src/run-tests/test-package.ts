/**
 * Packages of a test, built: what is installed, what is written to the drives of the tester, and what a test may do.
 * Source: spec/packages-and-tools.md §20.3.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  buildPackage,
  type CapabilityEntry,
  openPackageFolder,
  type PackageFolder,
  packPackage,
} from "@kinode-ts/kit";
import { TESTER_API_FOLDER } from "../boot/bundled-packages.ts";
import { NodeError } from "../boot/errors.ts";
import { defaultHomePath } from "../boot/home-folder.ts";
import { installedApi } from "../commands/api-command.ts";

const TESTER_ID = "tester:sys";
/** The feature that Rust crates may have for their tests. */
const FEATURES = ["test"] as const;

export interface BuiltPackage {
  readonly id: string;
  readonly zip: Uint8Array;
  /** Programs and what belongs to them, by name of the file. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** An element of `capabilities.json`. */
export interface RightsEntry {
  readonly request_capabilities: readonly string[];
  readonly grant_capabilities: readonly string[];
}

export interface BuiltTest extends BuiltPackage {
  /** Name of its program without the ending. */
  readonly name: string;
  readonly rights: RightsEntry;
}

/** @param dependencies - folders of packages whose APIs it uses. @throws {PackageError} it does not build */
export async function buildSetup(
  folder: string,
  dependencies: readonly string[],
): Promise<BuiltPackage> {
  return (await build(folder, dependencies)).built;
}

/** @throws {PackageError | NodeError} it does not build, or is no test */
export async function buildTest(
  folder: string,
  dependencies: readonly string[],
): Promise<BuiltTest> {
  const { built, pkg } = await build(folder, dependencies);
  const name = nameOf(pkg, built.files);
  const entries = pkg.manifest.entries;
  const entry = entries.find(({ path }) => withoutEnding(path.slice(1)) === name) ?? entries[0];
  return {
    ...built,
    name,
    rights: {
      request_capabilities: (entry?.requestCapabilities ?? []).map(requestText),
      grant_capabilities: (entry?.grantCapabilities ?? []).map(grantText),
    },
  };
}

async function build(
  folder: string,
  dependencies: readonly string[],
): Promise<{ readonly built: BuiltPackage; readonly pkg: PackageFolder }> {
  await buildPackage(folder, {
    features: FEATURES,
    // Those without an API are named for what they are installed for.
    localDependencies: dependencies.filter(
      (each) => each !== folder && (existsSync(join(each, "api")) || !existsSync(each)),
    ),
    installedApi: apiOf,
  });
  const pkg = openPackageFolder(folder);
  const { id, zip } = await packPackage(folder);
  return { built: { id, zip, files: programsIn(join(folder, "pkg")) }, pkg };
}

/** APIs of packages that are nowhere else: those of the tester, and of what the person's own node has. */
function apiOf(id: string): string | undefined {
  return id === TESTER_ID ? TESTER_API_FOLDER : installedApi(defaultHomePath())(id);
}

/** Traces of scripts need the maps that lie beside them. */
function programsIn(folder: string): Map<string, Uint8Array> {
  const names = readdirSync(folder).filter((name) => /\.(?:wasm|js|js\.map)$/.test(name));
  return new Map(
    names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))] as const),
  );
}

const withoutEnding = (file: string): string => file.replace(/\.(?:wasm|js)$/, "");

/** As the folder is called, else as its only process is. */
function nameOf(pkg: PackageFolder, files: ReadonlyMap<string, Uint8Array>): string {
  const called = [basename(pkg.folder), basename(pkg.folder).replaceAll("_", "-")];
  const found = called.find((name) => files.has(`${name}.wasm`) || files.has(`${name}.js`));
  if (found !== undefined) return found;
  const [only, ...more] = pkg.manifest.entries;
  if (only !== undefined && more.length === 0) return withoutEnding(only.path.slice(1));
  throw new NodeError(
    { code: "node.test-run", reason: "no test" },
    `"${pkg.folder}" is no test: it has no program ${called[0]} and not exactly one process`,
    { hint: "A test package has one process, whose program is the test" },
  );
}

/** A process id, or JSON text of a capability (§20.1). */
function requestText({ process, params }: CapabilityEntry): string {
  return params === undefined ? process : JSON.stringify({ issuer: `our@${process}`, params });
}

/** A process id, or JSON text of `[process id, params]`. */
function grantText({ process, params }: CapabilityEntry): string {
  return params === undefined ? process : JSON.stringify([process, params]);
}
