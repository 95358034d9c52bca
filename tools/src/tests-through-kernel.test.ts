import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testsWithHarness } from "./tests-through-kernel.ts";

const folder = mkdtempSync(join(tmpdir(), "through-kernel-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
}

test("tests that come to the stand-in of the kernel, by others too, are found, and no others", () => {
  write("src/direct.test.ts", 'import { x } from "@kinode-ts/testing/module-harness";');
  write("src/other.test.ts", 'import { x } from "./plain.ts";\nimport "bun:test";');
  write("src/plain.ts", 'import { y } from "./missing.ts";');
  write("test/around.test.ts", 'import {\n  a,\n} from "./one.ts";');
  write("test/one.ts", 'import type { B } from "./two.ts";\nexport { c } from "../src/plain.ts";');
  write("test/two.ts", 'import { a } from "./one.ts";\nimport { s } from "./harness.ts";');
  write("test/harness.ts", 'export { s } from "@kinode-ts/testing/module-harness";');
  write("node_modules/p/a.test.ts", 'import { x } from "@kinode-ts/testing/module-harness";');
  expect(testsWithHarness(folder)).toEqual(["src/direct.test.ts", "test/around.test.ts"]);
});
