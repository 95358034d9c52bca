/**
 * One TypeScript or JavaScript entry → one file that runs in the shared engine or natively.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { errorText } from "@kinode-ts/types";
import { PackageError } from "./errors.ts";
import { ownPackages } from "./own-packages-bun.ts";

export interface Bundle {
  readonly code: Uint8Array;
  readonly map: Uint8Array;
  /** Absolute paths of everything that went in. */
  readonly inputs: readonly string[];
}

interface SourceMap {
  sources: string[];
  debugId?: string;
}

const DEBUG_ID = /\n\/\/# debugId=[0-9A-F]+\s*$/;

/** Folder and name of the npm package a file belongs to. */
function ownerOf(file: string): { readonly folder: string; readonly name: string } | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: string };
      if (name !== undefined) return { folder, name };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The name of a source in a map: relative to the package, or to the library it comes from. Where either lies on this
 * machine must not matter, or equal sources give unequal packages.
 */
function portableSource(source: string, packageFolder: string): string {
  const full = isAbsolute(source) ? source : resolve(source);
  const inside = relative(packageFolder, full).replaceAll("\\", "/");
  if (!inside.startsWith("../") && !inside.includes("node_modules/")) return inside;
  const owner = ownerOf(full);
  if (owner === undefined) return basename(full);
  return `${owner.name}/${relative(owner.folder, full).replaceAll("\\", "/")}`;
}

function portableMap(text: string, packageFolder: string): string {
  const map = JSON.parse(text) as SourceMap;
  delete map.debugId;
  map.sources = map.sources.map((source) => portableSource(source, packageFolder));
  return JSON.stringify(map);
}

/**
 * Bundles `source` and everything it imports.
 * @param program - name of the file the code will have, e.g. `chat.js`: it names its map
 * @throws {PackageError} `kit.build-failed` with the compiler's own messages
 */
export async function bundleEntry(
  source: string,
  packageFolder: string,
  program: string,
): Promise<Bundle> {
  const fail = (reason: string) =>
    new PackageError(
      { code: "kit.build-failed", entry: source, reason },
      `Cannot build "${relative(packageFolder, source)}":\n${reason}`,
    );
  const built = await Bun.build({
    entrypoints: [source],
    format: "iife",
    target: "browser",
    conditions: ["bun"],
    sourcemap: "external",
    metafile: true,
    minify: { whitespace: true, syntax: true, identifiers: false },
    naming: "[name].js",
    plugins: [ownPackages],
    throw: false,
  }).catch((thrown: unknown) => {
    throw fail(errorText(thrown));
  });
  if (!built.success) throw fail(built.logs.map(String).join("\n"));
  const code = built.outputs.find((output) => output.kind === "entry-point");
  const map = built.outputs.find((output) => output.kind === "sourcemap");
  if (code === undefined || map === undefined) throw fail("the bundler made no output");
  const text = (await code.text()).replace(DEBUG_ID, "");
  const encoder = new TextEncoder();
  return {
    code: encoder.encode(`${text.trimEnd()}\n//# sourceMappingURL=${program}.map\n`),
    map: encoder.encode(portableMap(await map.text(), packageFolder)),
    inputs: Object.keys(built.metafile?.inputs ?? {}).map((path) => resolve(path)),
  };
}
