/**
 * The programs of language templates, built once for the main test suite, which must not need compilers.
 * Compressed with zstd: a template's component has up to 4 MB.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPackage, createProject, type LanguageId } from "@kinode-ts/kit";
import type { Fixture } from "./fixture-list.ts";
import { ROOT } from "./workspace.ts";

const BUILT = "apps/node/test/languages/prebuilt";
const KIT = "packages/kit";

async function buildTemplate(language: LanguageId): Promise<Uint8Array> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-template-"));
  try {
    const folder = join(scratch, "my-app");
    createProject({ folder, language, publisher: "example.os" });
    await buildPackage(folder);
    return new Uint8Array(readFileSync(join(folder, "pkg/counter.wasm")));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
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
      const compressed = Bun.zstdCompressSync(await buildTemplate(language), { level: 19 });
      writeFileSync(join(ROOT, output), compressed);
    },
  };
}
