/** The templates whose programs are committed, driven through a node without their toolchains. */
import { expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createProject, packPackage } from "@kinode-ts/kit";
import { driveTemplate } from "./template-driver.ts";

/** A package that `make` puts into an empty folder, with the committed program in it. */
async function prebuiltPackage(name: string, make: (folder: string) => void): Promise<Uint8Array> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-prebuilt-"));
  try {
    const folder = join(scratch, "my-app");
    make(folder);
    const program = readFileSync(join(import.meta.dir, `prebuilt/${name}.wasm.zst`));
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
    const zip = await prebuiltPackage(language, (folder) =>
      createProject({ folder, language, publisher: "example.os" }),
    );
    const { memoryBytes } = await driveTemplate({ label, source: zip });
    expect(memoryBytes).toBeGreaterThan(0);
  }, 60_000);
}

const OLD = [
  ["wit-0.7", "on the bindings of kinode:process 0.7.0"],
  ["lib-0.8", "on version 0.8 of the process library, which speaks kinode:process 0.8.0"],
] as const;

for (const [name, what] of OLD) {
  test(`a package ${what} does the same`, async () => {
    const source = join(import.meta.dir, "old", name);
    const zip = await prebuiltPackage(`old-${name}`, (folder) =>
      cpSync(source, folder, { recursive: true, filter: (path) => basename(path) !== "target" }),
    );
    await driveTemplate({ label: "Rust", source: zip });
  }, 60_000);
}
