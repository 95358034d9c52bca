/** The imports of every committed component, read, put together and written again. */
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryWriter } from "../src/compose/binary.ts";
import type { ComponentImport } from "../src/compose/import-types.ts";
import { mergeImports } from "../src/compose/merge-imports.ts";
import { PREAMBLE, readComponentShape } from "../src/compose/read-shape.ts";
import { writeImports } from "../src/compose/write-imports.ts";

const ROOT = join(import.meta.dir, "../../..");
const FOLDERS = [
  "packages/testing/guests/built",
  "packages/engine/engine",
  "apps/node/test/languages/prebuilt",
];

function components(): [name: string, bytes: Uint8Array][] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => /\.wasm(?:\.zst)?$/.test(name))
      .map((name): [string, Uint8Array] => {
        const bytes = readFileSync(join(ROOT, folder, name));
        const plain = name.endsWith(".zst") ? Bun.zstdDecompressSync(bytes) : bytes;
        return [name, new Uint8Array(plain)];
      })
      .filter(([, bytes]) => PREAMBLE.every((byte, at) => bytes[at] === byte)),
  );
}

const plain = (one: ComponentImport): unknown => (one.kind === "instance" ? [...one.exports] : one);

test("imports keep their names and types", async () => {
  const all = components();
  expect(all.length).toBeGreaterThan(40);
  const texts = new Set<string>();
  for (const [name, bytes] of all) {
    const { imports, exports } = readComponentShape(bytes);
    expect(exports.size).toBeGreaterThan(0);
    const out = new BinaryWriter().raw(PREAMBLE);
    writeImports(out, mergeImports(imports, imports, new Set()));
    const written = out.finish();
    const again = readComponentShape(written).imports;
    expect([name, [...again.keys()].toSorted()]).toEqual([name, [...imports.keys()].toSorted()]);
    for (const [key, one] of imports) expect(plain(again.get(key)!)).toEqual(plain(one));
    // The common tools read it as the same world; many components have the same imports.
    const key = Bun.hash(written).toString();
    if (!texts.has(key)) expect(await componentWit(written)).toContain("world root");
    texts.add(key);
  }
});
