/** The templates for TypeScript and JavaScript, built as they are and driven through a node. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProject } from "@kinode-ts/kit";
import { driveTemplate } from "./template-driver.ts";

const SCRIPTS = [
  ["typescript", "TypeScript"],
  ["javascript", "JavaScript"],
] as const;

for (const [language, label] of SCRIPTS) {
  test(`a package in ${label} does what its template says, and again after a crash of the node`, async () => {
    const scratch = mkdtempSync(join(tmpdir(), "kinode-script-"));
    try {
      const source = join(scratch, "my-app");
      createProject({ folder: source, language, publisher: "example.os" });
      expect((await driveTemplate({ label, source })).id).toBe("my-app:example.os");
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }, 120_000);
}
