/**
 * What `install` and `start --package` are given: a zip, or a package folder.
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isNameSafePackageId } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";

/** Largest package in bytes. */
export const MAX_ZIP_BYTES = 256 * 1024 * 1024;

export interface PackageSource {
  readonly zip: Uint8Array;
  /** From the file name `<package>:<publisher>.zip`, for zips without metadata. */
  readonly id: string | undefined;
  /** Text of a `metadata.json` beside the zip or beside its `target` folder. */
  readonly metadata: string | undefined;
}

function besideZip(path: string): string | undefined {
  const folder = dirname(path);
  const places = [
    path.replace(/\.zip$/, ".json"),
    join(folder, "metadata.json"),
    ...(basename(folder) === "target" ? [join(folder, "..", "metadata.json")] : []),
  ];
  const found = places.find((place) => existsSync(place));
  return found && readFileSync(found, "utf8");
}

/**
 * Reads a zip, or builds and packs a folder in memory.
 * @throws {NodeError} nothing there
 * @throws {PackageError} the folder is no package or does not build
 */
export async function readPackageSource(path: string): Promise<PackageSource> {
  const full = resolve(path);
  if (!existsSync(full)) {
    throw new NodeError(
      { code: "node.usage", reason: "no such file" },
      `There is no file or folder "${path}"`,
      { hint: "Give a package zip or a package folder" },
    );
  }
  if (statSync(full).isDirectory()) {
    const { assemblePackage } = await import("@kinode-ts/kit");
    const { zip, id } = await assemblePackage(full);
    return { zip, id, metadata: undefined };
  }
  const { size } = statSync(full);
  if (size > MAX_ZIP_BYTES) {
    throw new NodeError(
      { code: "node.usage", reason: "package too large" },
      `"${path}" has ${size} bytes; a package may have ${MAX_ZIP_BYTES}`,
      { hint: "Leave large files out and fetch them when the package runs" },
    );
  }
  const name = basename(full, ".zip");
  return {
    zip: new Uint8Array(readFileSync(full)),
    id: isNameSafePackageId(name) ? name : undefined,
    metadata: besideZip(full),
  };
}
