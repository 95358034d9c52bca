/**
 * `kinode verify`: is a zip a sound package, is it what its metadata says, and does it come from its sources?
 * @module
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { errorText, isNameSafePackageId } from "@kinode-ts/types";
import type { BuildOptions } from "./build-options.ts";
import { buildPackage } from "./build-package-bun.ts";
import { API_ZIP } from "./build-api-bun.ts";
import { BuildRecord } from "./build-record-bun.ts";
import { UI_PART } from "./build-ui-bun.ts";
import { PackageError } from "./errors.ts";
import { parseMetadata } from "./metadata.ts";
import { openPackageFolder } from "./package-folder-bun.ts";
import { type PackOptions, packPackage } from "./pack-package-bun.ts";
import { filesBelow } from "./read-files-bun.ts";
import { readPackage, type Package } from "./read-package.ts";

export interface Verification {
  readonly id: string;
  readonly version: string;
  /** SHA-256 of the zip, hex. */
  readonly versionHash: string;
  /** Keccak-256 of its manifest, `0x` and hex. */
  readonly manifestHash: string;
  /**
   * `same`: a build from the sources gives these very bytes. `different`: it gives others, `differences` says where.
   * `not-tried`: there are no sources, or something to build them is missing; `reason` says so.
   */
  readonly rebuilt: "same" | "different" | "not-tried";
  readonly reason: string | undefined;
  /** Files of the zip that a build makes otherwise, or does not make, or makes besides. */
  readonly differences: readonly string[];
  /** Programs that a build takes as they stand in `pkg/`: nothing shows what they were made from. */
  readonly taken: readonly string[];
  /** Whether the metadata beside the zip lists this hash for this version; `undefined` when it lists none for it. */
  readonly isListed: boolean | undefined;
}

export type VerifyOptions = PackOptions &
  Pick<BuildOptions, "languages" | "tools" | "localDependencies" | "world"> & {
    /** Folder to build from. Default: the folder given, or the one whose `target/` the zip lies in. */
    readonly source?: string | undefined;
  };

interface Subject {
  readonly zip: Uint8Array;
  readonly id: string | undefined;
  readonly source: string | undefined;
}

const isPackageFolder = (folder: string): boolean =>
  existsSync(join(folder, "metadata.json")) && existsSync(join(folder, "pkg/manifest.json"));

/** A folder means the zip that was packed from it. */
function findSubject(path: string, source: string | undefined): Subject {
  const full = resolve(path);
  const isFolder = existsSync(full) && statSync(full).isDirectory();
  const file = isFolder ? zipOf(full) : full;
  if (!existsSync(file)) {
    throw new PackageError(
      { code: "kit.no-package", folder: full },
      isFolder
        ? `"${full}" is not packed: ${relative(full, file)} is missing`
        : `There is no file "${path}"`,
      { hint: isFolder ? 'Run "kinode package" first' : "Name a zip or a package folder" },
    );
  }
  const around = isFolder ? full : dirname(dirname(file));
  const name = basename(file, ".zip");
  return {
    zip: new Uint8Array(readFileSync(file)),
    id: isNameSafePackageId(name) ? name : undefined,
    source: source === undefined ? (isPackageFolder(around) ? around : undefined) : resolve(source),
  };
}

function zipOf(folder: string): string {
  return join(folder, "target", `${openPackageFolder(folder).metadata.id}.zip`);
}

/** Installed libraries, what toolchains keep, and the history of versions. */
function isLeftOut(path: string, below: string): boolean {
  const name = basename(path);
  if (name === "target") return below === name || existsSync(join(dirname(path), "Cargo.toml"));
  return name === "node_modules" || name === ".git";
}

/** Everything but what builds make; what is installed is linked, not copied. */
function copySources(folder: string, to: string): void {
  const pkg = openPackageFolder(folder);
  const made = new Set(
    [...pkg.sources.keys()]
      .flatMap((file) => [`pkg/${file}`, `pkg/${file}.map`])
      .concat(`pkg/${API_ZIP}`),
  );
  for (const name of pkg.settings.prebuilt) {
    for (const file of [name, `${name}.js`, `${name}.wasm`]) made.delete(`pkg/${file}`);
  }
  for (const path of new BuildRecord(folder).outputsOf(UI_PART)) {
    made.add(relative(folder, path).replaceAll("\\", "/"));
  }
  cpSync(folder, to, {
    recursive: true,
    filter: (path) => {
      const below = relative(folder, path).replaceAll("\\", "/");
      return !made.has(below) && !isLeftOut(path, below);
    },
  });
  const installed = join(folder, "node_modules");
  if (existsSync(installed)) symlinkSync(installed, join(to, "node_modules"), "dir");
  for (const path of pkg.settings.dependencies)
    linkNeighbour(resolve(folder, path), resolve(to, path));
}

/** Packages whose API is used are found beside the copy as they are beside the original. */
function linkNeighbour(folder: string, link: string): void {
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(folder, link, "dir");
}

function differences(
  a: ReadonlyMap<string, Uint8Array>,
  b: ReadonlyMap<string, Uint8Array>,
): string[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names.filter((name) => {
    const [x, y] = [a.get(name), b.get(name)];
    return x === undefined || y === undefined || !Buffer.from(x).equals(y);
  });
}

/** Deep, so that neighbours named by `../../…` are still inside the scratch folder. */
const COPY = "above/above/above/above/package";

type Rebuilt = Pick<Verification, "rebuilt" | "reason" | "differences" | "taken">;

const notTried = (reason: string): Rebuilt => ({
  rebuilt: "not-tried",
  reason,
  differences: [],
  taken: [],
});

/** Programs without sources, and those whose `package.json` says that they are prebuilt. */
function takenPrograms(folder: string): string[] {
  const { sources, settings } = openPackageFolder(folder);
  const isPrebuilt = (name: string): boolean =>
    settings.prebuilt.some((each) => name === each || name.replace(/\.[a-z]+$/, "") === each);
  return filesBelow(join(folder, "pkg")).filter(
    (name) => /^[^/]+\.(?:js|wasm)$/.test(name) && (!sources.has(name) || isPrebuilt(name)),
  );
}

/** Builds the sources in a folder of its own, so that neither what was built before nor the place can help. */
async function rebuild(pkg: Package, source: string, options: VerifyOptions): Promise<Rebuilt> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-verify-"));
  try {
    const copy = join(scratch, COPY);
    copySources(source, copy);
    const taken = takenPrograms(copy);
    await buildPackage(copy, options);
    const packed = await packPackage(copy, options);
    if (packed.versionHash === pkg.versionHash) {
      return { rebuilt: "same", reason: undefined, differences: [], taken };
    }
    const { files } = await readPackage(packed.zip);
    const found = differences(pkg.files, files);
    const reason =
      found.length === 0 ? "the files are equal, but another program packed them" : undefined;
    return { rebuilt: "different", reason, differences: found, taken };
  } catch (thrown) {
    if (!(thrown instanceof PackageError) || thrown.code !== "kit.missing-tools") throw thrown;
    return notTried(errorText(thrown));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What the metadata of the sources says of this version. */
function isListed(pkg: Package, source: string | undefined): boolean | undefined {
  if (source === undefined) return undefined;
  const { codeHashes } = parseMetadata(readFileSync(join(source, "metadata.json"), "utf8"));
  const listed = codeHashes.get(pkg.metadata.version);
  return listed === undefined || listed === "" ? undefined : listed === pkg.versionHash;
}

/**
 * Checks a zip, or the zip in `target/` of a package folder: that it can be installed, and, where there are sources,
 * that they give the same bytes when they are built again somewhere else.
 * @throws {PackageError} it is no sound package, or its sources do not build
 */
export async function verifyPackage(
  path: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const subject = findSubject(path, options.source);
  const pkg = await readPackage(subject.zip, { id: subject.id });
  const { source } = subject;
  const rebuilt: Rebuilt =
    source === undefined
      ? notTried("there are no sources beside it")
      : await rebuild(pkg, source, options);
  return {
    id: pkg.id,
    version: pkg.metadata.version,
    versionHash: pkg.versionHash,
    manifestHash: pkg.manifestHash,
    isListed: isListed(pkg, source),
    ...rebuilt,
  };
}
