/**
 * `kinode build` and `kinode pack`: packages of developers, without a node.
 * @module
 */
import { buildPackage, packPackage } from "@kinode-ts/kit";
import type { Output } from "./output.ts";

export async function buildCommand(
  folder: string,
  flags: { readonly json?: boolean; readonly force?: boolean },
  output: Output,
): Promise<void> {
  const report = await buildPackage(folder, { force: flags.force === true });
  const packed = packPackage(folder);
  if (flags.json === true) {
    return output.line(JSON.stringify({ ...report, file: packed.file, hash: packed.versionHash }));
  }
  for (const file of report.built) output.line(`built      pkg/${file}`);
  for (const file of report.unchanged) output.line(`unchanged  pkg/${file}`);
  output.line(`packed     ${packed.file}`);
  output.line(`hash       ${packed.versionHash}`);
}

export function packCommand(
  folder: string,
  flags: { readonly json?: boolean },
  output: Output,
): void {
  const { id, file, versionHash: hash } = packPackage(folder);
  if (flags.json === true) return output.line(JSON.stringify({ id, file, hash }));
  output.line(`packed     ${file}`);
  output.line(`hash       ${hash}`);
}
