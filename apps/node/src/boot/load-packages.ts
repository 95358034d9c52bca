/**
 * What a node brings along: the packages of the release and those named at its start.
 * @module
 */
import { type Package, readPackage } from "@kinode-ts/kit";
import { readPackageSource } from "../commands/package-source.ts";
import type { BundledPackage } from "../packages/bundled.ts";
import { loadBundledPackages } from "./bundled-packages.ts";

async function loadExtraPackages(paths: readonly string[]): Promise<Package[]> {
  return await Promise.all(
    paths.map(async (path) => {
      const { zip, id, metadata } = await readPackageSource(path);
      return await readPackage(zip, { id, metadata });
    }),
  );
}

/**
 * The packages of the release and of `--package`, read and checked.
 * @throws {KinodeError} one of them is missing or is no package
 */
export async function loadPackages(paths: readonly string[]): Promise<BundledPackage[]> {
  const [release, extra] = await Promise.all([loadBundledPackages(), loadExtraPackages(paths)]);
  return [
    ...release.map((each): BundledPackage => ({ package: each, by: "release" })),
    ...extra.map((each): BundledPackage => ({ package: each, by: "start --package" })),
  ];
}
