/**
 * `kinode build`, `package` and `verify`: packages of developers, without a node.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  assemblePackage,
  type BuildOptions,
  buildPackage,
  builtPath,
  openPackageFolder,
  packPackage,
  verifyPackage,
} from "@kinode-ts/kit";
import { defaultHomePath } from "../boot/home-folder.ts";
import { installedApi } from "./api-command.ts";
import type { Output } from "./output.ts";

export interface BuildFlags {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** False with `--no-ui`. */
  readonly ui?: boolean;
  readonly uiOnly?: boolean;
  readonly world?: string;
  readonly localDependency?: readonly string[];
  readonly addToApi?: readonly string[];
  /** Names separated by commas. */
  readonly features?: string;
  readonly component?: boolean;
  /** Home whose installed packages may be used. */
  readonly home?: string;
}

export function buildOptions(flags: BuildFlags): BuildOptions {
  return {
    force: flags.force === true,
    include: flags.include,
    exclude: flags.exclude,
    ui: flags.uiOnly === true ? "only" : flags.ui === false ? "none" : undefined,
    world: flags.world,
    features: flags.features?.split(",").filter((name) => name !== ""),
    localDependencies: flags.localDependency,
    addToApi: flags.addToApi?.map((path) => resolve(path)),
    installedApi: installedApi(flags.home ?? defaultHomePath()),
  };
}

export async function buildCommand(
  folder: string,
  flags: BuildFlags,
  output: Output,
): Promise<void> {
  const report = await buildPackage(folder, buildOptions(flags));
  const packed = await packPackage(folder, { component: flags.component });
  if (flags.json === true) {
    return output.line(JSON.stringify({ ...report, file: packed.file, hash: packed.versionHash }));
  }
  for (const file of report.built) output.line(`built      ${builtPath(file)}`);
  for (const file of report.unchanged) output.line(`unchanged  ${builtPath(file)}`);
  output.line(`packed     ${packed.file}`);
  output.line(`hash       ${packed.versionHash}`);
}

export interface PackFlags {
  readonly json?: boolean;
  readonly out?: string;
  readonly component?: boolean;
}

/** Builds and writes the zip: to `--out`, else to `target/<package id>.zip` of the folder. */
export async function packCommand(folder: string, flags: PackFlags, output: Output): Promise<void> {
  const options = { component: flags.component, installedApi: installedApi(defaultHomePath()) };
  const { id, zip, versionHash: hash } = await assemblePackage(folder, new Map(), options);
  const file = resolve(flags.out ?? join(folder, "target", `${id}.zip`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, zip);
  if (flags.json === true) return output.line(JSON.stringify({ id, file, hash }));
  output.line(`packed     ${file}`);
  output.line(`hash       ${hash}`);
}

export interface VerifyFlags {
  readonly json?: boolean;
  readonly source?: string;
  readonly component?: boolean;
}

const REBUILT = {
  same: "yes: the sources give these very bytes",
  different: "NO: the sources give other bytes",
  "not-tried": "not tried",
} as const;

/** Exit code 1 when the sources give something else, or the metadata lists another hash. */
export async function verifyCommand(
  path: string,
  flags: VerifyFlags,
  output: Output,
): Promise<void> {
  const { source, component } = flags;
  const found = await verifyPackage(path, { source, component });
  if (found.rebuilt === "different" || found.isListed === false) output.exitCode = 1;
  if (flags.json === true) return output.line(JSON.stringify(found));
  output.line(`package    ${found.id} ${found.version}`);
  output.line(`hash       ${found.versionHash}`);
  output.line(`manifest   ${found.manifestHash}`);
  if (found.isListed !== undefined) {
    const words = found.isListed ? "yes" : "NO: the metadata lists another hash for this version";
    output.line(`listed     ${words}`);
  }
  const reason = found.reason === undefined ? "" : `; ${found.reason}`;
  output.line(`rebuilt    ${REBUILT[found.rebuilt]}${reason}`);
  for (const file of found.differences) output.line(`differs    ${file}`);
  for (const file of found.taken) output.line(`taken      ${file}: it was not built from sources`);
}

/** Absolute path of the zip of a folder as it is built now. */
export async function packBuilt(folder: string, component?: boolean): Promise<string> {
  const pkg = openPackageFolder(folder);
  return (await packPackage(pkg.folder, { component })).file;
}
