/** The templates whose programs are committed, driven through a node without their toolchains. */
import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { createProject, packPackage } from "@kinode-ts/kit";
import { withPrebuilt } from "./prebuilt-package.ts";
import { driveTemplate } from "./template-driver.ts";

const PREBUILT = [
  ["c", "C"],
  ["cpp", "C++"],
  ["go", "Go"],
  ["rust", "Rust"],
] as const;

const pack = async (folder: string): Promise<Uint8Array> => (await packPackage(folder)).zip;

for (const [language, label] of PREBUILT) {
  test(`a package in ${label} does what its template says, and again after a crash of the node`, async () => {
    const make = (folder: string) => createProject({ folder, language, publisher: "example.os" });
    const zip = await withPrebuilt(language, make, pack);
    const { memoryBytes } = await driveTemplate({ label, source: zip });
    expect(memoryBytes).toBeGreaterThan(0);
  }, 120_000);
}

const OLD = [
  ["wit-0.7", "on the bindings of kinode:process 0.7.0"],
  ["lib-0.8", "on version 0.8 of the process library, which speaks kinode:process 0.8.0"],
] as const;

for (const [name, what] of OLD) {
  test(`a package ${what} does the same`, async () => {
    const source = join(import.meta.dir, "old", name);
    const make = (folder: string) =>
      cpSync(source, folder, { recursive: true, filter: (path) => basename(path) !== "target" });
    const zip = await withPrebuilt(`old-${name}`, make, pack);
    expect((await driveTemplate({ label: "Rust", source: zip })).id).toBe("my-package:template.os");
  }, 120_000);
}
