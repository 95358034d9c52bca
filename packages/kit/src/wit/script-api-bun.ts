/**
 * Runs a file of `api/` that defines an API in TypeScript, to write its WIT. It is the package's own code and runs while
 * the package is built, as build scripts of other languages do.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { errorText } from "@kinode-ts/types";
import { PackageError } from "../errors.ts";
import { versionHash } from "../hashes.ts";
import { ownPackages } from "../own-packages-bun.ts";
import { generateWit } from "./generate-wit.ts";

/**
 * The WIT interface of a TypeScript file, named as the file.
 * @param workFolder - where the bundle that is run is kept
 * @throws {PackageError} `kit.build-failed`: it does not compile or throws; `kit.bad-package`: it has no form in WIT
 */
export async function scriptApiWit(
  path: string,
  packageFolder: string,
  workFolder: string,
): Promise<string> {
  const shown = relative(packageFolder, path);
  const fail = (reason: string): PackageError =>
    new PackageError(
      { code: "kit.build-failed", entry: path, reason },
      `Cannot read the API in "${shown}":\n${reason}`,
    );
  const built = await Bun.build({
    entrypoints: [path],
    format: "esm",
    target: "bun",
    conditions: ["bun"],
    plugins: [ownPackages],
    throw: false,
  }).catch((thrown: unknown) => {
    throw fail(errorText(thrown));
  });
  if (!built.success) throw fail(built.logs.map(String).join("\n"));
  const code = new Uint8Array(await built.outputs[0]!.arrayBuffer());
  mkdirSync(workFolder, { recursive: true });
  // Modules are loaded once per path: another content needs another one.
  const name = basename(path).replace(/\.[a-z]+$/, "");
  const bundle = join(workFolder, `${name}-${versionHash(code).slice(0, 16)}.mjs`);
  writeFileSync(bundle, code);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(bundle)) as Readonly<Record<string, unknown>>;
  } catch (thrown) {
    throw fail(errorText(thrown));
  }
  return generateWit(shown, name, exported);
}
