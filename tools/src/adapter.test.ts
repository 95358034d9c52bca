import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./workspace.ts";

test("the kit's copy of the adapter is that of the pinned jco", () => {
  const name = "wasi_snapshot_preview1.reactor.wasm";
  const jco = fileURLToPath(import.meta.resolve("@bytecodealliance/jco"));
  const copy = readFileSync(join(ROOT, "packages/kit/languages/adapter", name));
  expect(copy.equals(readFileSync(join(jco, "../../lib", name)))).toBe(true);
});
