/**
 * `kinode build` and `kinode pack`: packages of developers, without a node.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { assemblePackage, buildPackage, packPackage } from "@kinode-ts/kit";
import type { Output } from "./output.ts";

export async function buildCommand(
  folder: string,
  flags: { readonly json?: boolean; readonly force?: boolean },
  output: Output,
): Promise<void> {
  const report = await buildPackage(folder, { force: flags.force === true });
  const packed = await packPackage(folder);
  if (flags.json === true) {
    return output.line(JSON.stringify({ ...report, file: packed.file, hash: packed.versionHash }));
  }
  for (const file of report.built) output.line(`built      pkg/${file}`);
  for (const file of report.unchanged) output.line(`unchanged  pkg/${file}`);
  output.line(`packed     ${packed.file}`);
  output.line(`hash       ${packed.versionHash}`);
}

/** Builds in memory and writes the zip: to `--out`, else to `target/<package id>.zip` of the folder. */
export async function packCommand(
  folder: string,
  flags: { readonly json?: boolean; readonly out?: string },
  output: Output,
): Promise<void> {
  const { id, zip, versionHash: hash } = await assemblePackage(folder);
  const file = resolve(flags.out ?? join(folder, "target", `${id}.zip`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, zip);
  if (flags.json === true) return output.line(JSON.stringify({ id, file, hash }));
  output.line(`packed     ${file}`);
  output.line(`hash       ${hash}`);
}
