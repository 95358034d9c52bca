/**
 * Builds the programs of a package folder, and packs it.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, bundleEntry } from "./bundle-entry-bun.ts";
import { versionHash } from "./hashes.ts";
import { type PackageFolder, openPackageFolder, readPkgFiles } from "./package-folder-bun.ts";
import { packZip } from "./pack-zip.ts";

export interface BuildReport {
  readonly id: string;
  /** Files of `pkg/` that were written. */
  readonly built: readonly string[];
  /** Files whose sources have not changed since they were built. */
  readonly unchanged: readonly string[];
}

export interface PackedPackage {
  readonly id: string;
  readonly zip: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the zip, hex. */
  readonly versionHash: string;
}

/** program file → input path → content hash, and the hash of what was written. */
type BuildRecord = Record<string, { inputs: Record<string, string>; output: string }>;

const RECORD = "target/build-inputs.json";
const hashFile = (path: string): string => versionHash(new Uint8Array(readFileSync(path)));

function readRecord(folder: string): BuildRecord {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), "utf8")) as BuildRecord;
  } catch {
    // No record, or one we cannot read: everything is built again.
    return {};
  }
}

function isUnchanged(folder: string, program: string, record: BuildRecord): boolean {
  const known = record[program];
  const output = join(folder, "pkg", program);
  if (known === undefined || !existsSync(output) || hashFile(output) !== known.output) return false;
  return Object.entries(known.inputs).every(
    ([path, hash]) => existsSync(path) && hashFile(path) === hash,
  );
}

function writeBundle(folder: string, program: string, bundle: Bundle, record: BuildRecord): void {
  writeFileSync(join(folder, "pkg", program), bundle.code);
  writeFileSync(join(folder, "pkg", `${program}.map`), bundle.map);
  record[program] = {
    inputs: Object.fromEntries(bundle.inputs.map((path) => [path, hashFile(path)])),
    output: versionHash(bundle.code),
  };
}

/**
 * Builds every TypeScript and JavaScript program of a package into `pkg/`; `.wasm` files are left alone. A program
 * whose sources have the same content as at the last build is not built again.
 * @throws {PackageError} the folder is no package, is inconsistent, or a source does not compile
 */
export async function buildPackage(
  path: string,
  options: { readonly force?: boolean } = {},
): Promise<BuildReport> {
  const pkg = openPackageFolder(path);
  const record = readRecord(pkg.folder);
  const built: string[] = [];
  const unchanged: string[] = [];
  for (const [program, source] of pkg.sources) {
    if (options.force !== true && isUnchanged(pkg.folder, program, record)) {
      unchanged.push(program);
      continue;
    }
    writeBundle(pkg.folder, program, await bundleEntry(source, pkg.folder), record);
    built.push(program);
  }
  if (built.length > 0) {
    mkdirSync(join(pkg.folder, "target"), { recursive: true });
    writeFileSync(join(pkg.folder, RECORD), JSON.stringify(record));
  }
  return { id: pkg.metadata.id, built, unchanged };
}

/** A zip cannot name its own hash, so the metadata that travels in it lists none. */
function travellingMetadata(text: string): Uint8Array {
  const value = JSON.parse(text) as { properties: { code_hashes: object } };
  value.properties.code_hashes = {};
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`);
}

function pack(pkg: PackageFolder, files: Map<string, Uint8Array>): PackedPackage {
  if (!files.has("metadata.json")) files.set("metadata.json", travellingMetadata(pkg.metadataText));
  const zip = packZip(files);
  return { id: pkg.metadata.id, zip, versionHash: versionHash(zip) };
}

/**
 * Packs `pkg/` as it stands, with a copy of `metadata.json`, and writes `target/<package id>.zip`.
 * @throws {PackageError} the folder is no package or is inconsistent
 */
export function packPackage(path: string): PackedPackage & { readonly file: string } {
  const pkg = openPackageFolder(path);
  const packed = pack(pkg, readPkgFiles(pkg.folder));
  const target = join(pkg.folder, "target");
  mkdirSync(target, { recursive: true });
  const file = join(target, `${packed.id}.zip`);
  writeFileSync(file, packed.zip);
  return { ...packed, file };
}

/**
 * Builds and packs without writing anything into the folder: for packages that are part of a release.
 * @param extra - files to add or to put in place of the folder's own, by path below `pkg/`
 */
export async function assemblePackage(
  path: string,
  extra: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<PackedPackage> {
  const pkg = openPackageFolder(path);
  const files = readPkgFiles(pkg.folder);
  const bundles = await Promise.all(
    [...pkg.sources].map(async ([program, source]) => ({
      program,
      bundle: await bundleEntry(source, pkg.folder),
    })),
  );
  for (const { program, bundle } of bundles) {
    files.set(program, bundle.code);
    files.set(`${program}.map`, bundle.map);
  }
  for (const [name, bytes] of extra) files.set(name, bytes);
  return pack(pkg, files);
}
