/** The templates whose programs are committed, driven through a node without their toolchains. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProject, type LanguageId, packPackage } from "@kinode-ts/kit";
import { driveTemplate } from "./template-driver.ts";

/** The package as `kinode new` and `kinode build` make it, with the committed program in it. */
async function prebuiltPackage(language: LanguageId): Promise<Uint8Array> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-prebuilt-"));
  try {
    const folder = join(scratch, "my-app");
    createProject({ folder, language, publisher: "example.os" });
    const program = readFileSync(join(import.meta.dir, `prebuilt/${language}.wasm.zst`));
    mkdirSync(join(folder, "pkg"), { recursive: true });
    writeFileSync(join(folder, "pkg/counter.wasm"), Bun.zstdDecompressSync(program));
    return (await packPackage(folder)).zip;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const PREBUILT = [
  ["c", "C"],
  ["cpp", "C++"],
  ["go", "Go"],
  ["rust", "Rust"],
] as const;

for (const [language, label] of PREBUILT) {
  test(`a package in ${label} does what its template says, and again after a crash of the node`, async () => {
    const zip = await prebuiltPackage(language);
    const { memoryBytes } = await driveTemplate({ label, source: zip });
    expect(memoryBytes).toBeGreaterThan(0);
  }, 60_000);
}
