/**
 * A zip → a checked package. Nothing of it has run, and nothing was written anywhere.
 * Source: spec/packages-and-tools.md §8.
 * @module
 */
import { isNameSafePackageId, type PackageId } from "@kinode-ts/types";
import { readZip } from "@kinode-ts/vfs/zip";
import { badPackage, PackageError, type Problem } from "./errors.ts";
import { manifestHash, versionHash } from "./hashes.ts";
import { type ManifestEntry, parseManifest } from "./manifest.ts";
import { type Metadata, parseMetadata } from "./metadata.ts";
import type { ReadOptions } from "./problems.ts";
import { parseScripts, type ScriptEntry } from "./scripts.ts";

export interface Package {
  readonly id: PackageId;
  readonly metadata: Metadata;
  readonly processes: readonly ManifestEntry[];
  readonly scripts: readonly ScriptEntry[];
  /** By path relative to the root of the zip. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly zip: Uint8Array;
  /** SHA-256 of the zip, hex. */
  readonly versionHash: string;
  /** Keccak-256 of `manifest.json`, `0x` and hex. */
  readonly manifestHash: string;
  /** What lax reading skipped. */
  readonly problems: readonly Problem[];
}

export interface ReadPackageOptions extends Pick<ReadOptions, "mode"> {
  /** Text of a `metadata.json` that came beside the zip; the zip's own wins. */
  readonly metadata?: string | undefined;
  /** Known id (e.g. from the name `<package>:<publisher>.zip`), used when there is no metadata at all. */
  readonly id?: string | undefined;
}

function withoutMetadata(id: string | undefined): Metadata {
  if (id === undefined || !isNameSafePackageId(id)) {
    throw new PackageError(
      { code: "kit.bad-zip", reason: "no metadata" },
      "The zip has no metadata.json, so its name and publisher are not known",
      {
        hint: 'Put metadata.json into the zip or beside it, or name the file "<package>:<publisher>.zip"',
      },
    );
  }
  const [packageName, publisher] = id.split(":") as [string, string];
  return {
    id,
    name: undefined,
    description: undefined,
    image: undefined,
    packageName,
    publisher,
    version: "0.0.0",
    mirrors: [],
    codeHashes: new Map(),
    witVersion: undefined,
    dependencies: [],
    apiIncludes: [],
  };
}

function missingPrograms(
  processes: readonly ManifestEntry[],
  files: ReadonlyMap<string, Uint8Array>,
): Problem[] {
  return processes
    .filter(({ path }) => !files.has(path.slice(1)))
    .map(({ path, processName }) => ({
      file: "manifest.json",
      line: 0,
      message: `the process "${processName}" has no program: ${path.slice(1)} is not in the zip`,
    }));
}

/**
 * Reads and checks a package zip: safe paths, bounded size, valid manifest, metadata and scripts, all programs there.
 * @throws {PackageError} with file and line of every problem
 * @throws {KinodeError} `zip.…` not a zip, or an unsafe one
 */
export async function readPackage(
  zip: Uint8Array,
  options: ReadPackageOptions = {},
): Promise<Package> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readZip(zip)) {
    if (entry.kind === "file") files.set(entry.path, entry.bytes);
  }
  const text = (name: string): string | undefined => {
    const bytes = files.get(name);
    return bytes && new TextDecoder().decode(bytes);
  };
  const manifestText = text("manifest.json");
  if (manifestText === undefined) {
    throw new PackageError(
      { code: "kit.bad-zip", reason: "no manifest" },
      "The zip is not a package: manifest.json is missing at its root",
      { hint: "Pack the content of the pkg folder, not the folder itself" },
    );
  }
  const metadataText = text("metadata.json") ?? options.metadata;
  const metadata =
    metadataText === undefined ? withoutMetadata(options.id) : parseMetadata(metadataText);
  const manifest = parseManifest(manifestText, options);
  const scripts = parseScripts(text("scripts.json") ?? "{}", options);
  const missing = missingPrograms(manifest.entries, files);
  if (missing.length > 0 && options.mode !== "lax") throw badPackage(missing);
  return {
    id: metadata.id,
    metadata,
    processes: manifest.entries.filter(({ path }) => files.has(path.slice(1))),
    scripts: scripts.entries,
    files,
    zip,
    versionHash: versionHash(zip),
    manifestHash: manifestHash(files.get("manifest.json")!),
    problems: [...manifest.problems, ...scripts.problems, ...missing],
  };
}
