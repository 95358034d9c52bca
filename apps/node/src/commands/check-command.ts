/**
 * `kinode check`: what is wrong with a package folder, and what its user will be asked, before anything is installed.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeCapability } from "@kinode-ts/caps";
import { type ManifestEntry, openPackageFolder, type PackageFolder } from "@kinode-ts/kit";
import { type NodeId, parseAddress, type ProcessId } from "@kinode-ts/types";
import { type Output, plain } from "./output.ts";

const OUR = "our.local" as NodeId;
const CONFIGS = ["tsconfig.json", "jsconfig.json"];

interface Asked {
  readonly process: string;
  readonly may: string;
  readonly risk: string;
}

function asked(entry: ManifestEntry, pkg: PackageFolder): Asked[] {
  const holder = `${entry.processName}:${pkg.metadata.id}` as ProcessId;
  const requested = entry.requestCapabilities.map(({ process, params }) => ({
    process,
    params: params ?? '"messaging"',
  }));
  const networking = { process: "kernel:distro:sys" as ProcessId, params: '"network"' };
  return [...requested, ...(entry.requestNetworking ? [networking] : [])].map(
    ({ process, params }) => {
      const issuer = parseAddress(`${OUR}@${process}`);
      const { text, risk } = describeCapability({ issuer, params }, OUR, holder);
      return { process: entry.processName, may: text, risk };
    },
  );
}

/** Errors of the type checker, or `undefined` when there is nothing to check. */
async function checkTypes(folder: string): Promise<string | undefined> {
  const config = CONFIGS.find((name) => existsSync(join(folder, name)));
  if (config === undefined) return undefined;
  const child = Bun.spawn([process.execPath, "check", "--no-script", "--no-pretty", "-p", config], {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return (await child.exited) === 0 ? "" : `${out}${err}`.trim();
}

/**
 * Exit code 1 when the types are wrong.
 * @throws {PackageError} with every place where the package's files are wrong
 */
export async function checkCommand(
  path: string,
  flags: { readonly json?: boolean },
  output: Output,
): Promise<void> {
  const pkg = openPackageFolder(path);
  const capabilities = pkg.manifest.entries.flatMap((entry) => asked(entry, pkg));
  const types = await checkTypes(pkg.folder);
  if (types !== undefined && types !== "") output.exitCode = 1;
  const { id } = pkg.metadata;
  if (flags.json === true) {
    return output.line(JSON.stringify({ id, types: types ?? null, capabilities }));
  }
  output.line(`files      ${id}: manifest, metadata and programs fit together`);
  if (types !== undefined) output.line(`types      ${types === "" ? "no errors" : types}`);
  for (const { process, may } of capabilities) output.line(`asks       ${process}: ${plain(may)}`);
}
