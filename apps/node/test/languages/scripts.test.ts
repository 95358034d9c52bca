/** The templates in TypeScript and JavaScript, built from their sources and driven through a node. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assemblePackage, createProject, readPackage } from "@kinode-ts/kit";
import { driveTemplate } from "./template-driver.ts";

const root = mkdtempSync(join(tmpdir(), "kinode-script-templates-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

for (const [language, label] of [
  ["typescript", "TypeScript"],
  ["javascript", "JavaScript"],
] as const) {
  test(`a package in ${label} does what its template says, on the shared engine`, async () => {
    const folder = join(root, language);
    createProject({ folder, language, publisher: "example.os" });
    const { id, memoryBytes } = await driveTemplate({ label, source: folder });
    expect(id).toBe(`${language}:example.os`);
    expect(memoryBytes).toBeLessThan(8 * 1024 * 1024);
  }, 60_000);
}

test("a manifest that names a component gets one from TypeScript", async () => {
  const folder = join(root, "component");
  createProject({ folder, publisher: "example.os" });
  for (const name of ["pkg/manifest.json", "src/counter.ts"]) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("counter.js", "counter.wasm"));
  }
  const { zip } = await assemblePackage(folder);
  expect([...(await readPackage(zip)).files.keys()]).not.toContain("counter.js");
  await driveTemplate({ label: "TypeScript", source: zip });
}, 60_000);
