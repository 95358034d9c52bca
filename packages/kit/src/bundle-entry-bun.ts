/**
 * One TypeScript or JavaScript entry → one file that runs in the shared engine or natively.
 * @module
 */
import { isAbsolute, relative, resolve } from "node:path";
import { errorText } from "@kinode-ts/types";
import { PackageError } from "./errors.ts";

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

/** Paths in a map must not depend on where the build was started, or equal sources give unequal packages. */
function portableMap(text: string, packageFolder: string): string {
  const map = JSON.parse(text) as SourceMap;
  delete map.debugId;
  map.sources = map.sources.map((source) =>
    relative(packageFolder, isAbsolute(source) ? source : resolve(source)).replaceAll("\\", "/"),
  );
  return JSON.stringify(map);
}

/**
 * Bundles `source` and everything it imports.
 * @throws {PackageError} `kit.build-failed` with the compiler's own messages
 */
export async function bundleEntry(source: string, packageFolder: string): Promise<Bundle> {
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
    throw: false,
  }).catch((thrown: unknown) => {
    throw fail(errorText(thrown));
  });
  if (!built.success) throw fail(built.logs.map(String).join("\n"));
  const code = built.outputs.find((output) => output.kind === "entry-point");
  const map = built.outputs.find((output) => output.kind === "sourcemap");
  if (code === undefined || map === undefined) throw fail("the bundler made no output");
  const name = source
    .split("/")
    .at(-1)!
    .replace(/\.[a-z]+$/, "");
  const text = (await code.text()).replace(DEBUG_ID, "");
  const encoder = new TextEncoder();
  return {
    code: encoder.encode(`${text.trimEnd()}\n//# sourceMappingURL=${name}.js.map\n`),
    map: encoder.encode(portableMap(await map.text(), packageFolder)),
    inputs: Object.keys(built.metafile?.inputs ?? {}).map((path) => resolve(path)),
  };
}
