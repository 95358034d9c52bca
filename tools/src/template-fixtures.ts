/**
 * The programs of language templates, built once for the main test suite, which must not need compilers.
 * Compressed with zstd: a template's component has up to 4 MB.
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildPackage, createProject, type LanguageId } from "@kinode-ts/kit";
import type { Fixture } from "./fixture-list.ts";
import { ROOT } from "./workspace.ts";

const BUILT = "apps/node/test/languages/prebuilt";
const KIT = "packages/kit";

/** The program of a package that `make` puts into an empty folder. */
async function buildCounter(make: (folder: string) => void): Promise<Uint8Array> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-template-"));
  try {
    const folder = join(scratch, "my-app");
    make(folder);
    await buildPackage(folder);
    return new Uint8Array(readFileSync(join(folder, "pkg/counter.wasm")));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function writeCompressed(output: string, program: Uint8Array): void {
  writeFileSync(join(ROOT, output), Bun.zstdCompressSync(program, { level: 19 }));
}

/**
 * A fixture of one language's template.
 * @param tools - those whose version decides about the bytes
 * @param more - sources besides those of the language itself, relative to the kit
 */
export function templateFixture(
  language: LanguageId,
  tools: readonly (readonly string[])[],
  more: readonly string[] = [],
): Fixture {
  const output = `${BUILT}/${language}.wasm.zst`;
  return {
    name: `template-${language}`,
    outputs: [output],
    sources: [
      `${KIT}/languages/${language}`,
      `${KIT}/src/languages/${language}-bun.ts`,
      `${KIT}/src/languages/make-component-bun.ts`,
      ...more.map((path) => `${KIT}/${path}`),
      "wit/kinode-process-1.0.0",
    ],
    tools,
    build: async () => {
      const make = (folder: string) => createProject({ folder, language, publisher: "example.os" });
      writeCompressed(output, await buildCounter(make));
    },
  };
}

/**
 * A fixture of a package that is written for an interface of the past.
 * @param source - folder of the package, relative to the root
 */
export function oldPackageFixture(source: string, tools: readonly (readonly string[])[]): Fixture {
  const name = `old-${basename(source)}`;
  const output = `${BUILT}/${name}.wasm.zst`;
  return {
    name,
    outputs: [output],
    sources: [source],
    tools,
    build: async () => {
      const make = (folder: string) =>
        cpSync(join(ROOT, source), folder, {
          recursive: true,
          filter: (path) => basename(path) !== "target",
        });
      writeCompressed(output, await buildCounter(make));
    },
  };
}
