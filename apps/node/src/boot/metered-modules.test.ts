import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createMeteredModules } from "./metered-modules.ts";

const root = mkdtempSync(join(tmpdir(), "kinode-kept-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const signer = createNodeSigner(new Uint8Array(32).fill(1));
let folders = 0;
const fresh = () => {
  const folder = join(root, `${folders++}`);
  return { folder, store: createMeteredModules({ folder, signer }) };
};
const BYTES = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test("what was written is read, also by the next run of the same node", async () => {
  const { folder, store } = fresh();
  expect(await store.read("a")).toBeUndefined();
  await store.write("a", BYTES);
  expect(new Uint8Array((await store.read("a"))!)).toEqual(BYTES);
  const again = createMeteredModules({ folder, signer });
  expect(new Uint8Array((await again.read("a"))!)).toEqual(BYTES);
  expect(readdirSync(folder)).toEqual(["a.wasm"]);
});

test("a file that was changed, cut off, renamed or written by another node is as good as none, and removed", async () => {
  const { folder, store } = fresh();
  const path = join(folder, "a.wasm");
  for (const spoil of [
    () => {
      const file = readFileSync(path);
      file[file.length - 1]! ^= 1;
      writeFileSync(path, file);
    },
    () => {
      const file = readFileSync(path);
      file[0]! ^= 1;
      writeFileSync(path, file);
    },
    () => writeFileSync(path, readFileSync(path).subarray(0, 20)),
    () => writeFileSync(path, ""),
    () => writeFileSync(path, readFileSync(join(folder, "b.wasm"))),
  ]) {
    await store.write("b", BYTES.slice(0, 4));
    await store.write("a", BYTES);
    spoil();
    expect(await store.read("a")).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["b.wasm"]);
  }
  await store.write("a", BYTES);
  const other = createMeteredModules({
    folder,
    signer: createNodeSigner(new Uint8Array(32).fill(2)),
  });
  expect(await other.read("a")).toBeUndefined();
});

test("the longest unused files go when there are too many bytes", async () => {
  const folder = join(root, "small");
  const store = createMeteredModules({ folder, signer, maxBytes: 400 });
  for (const [i, key] of ["a", "b", "c"].entries()) {
    await store.write(key, new Uint8Array(100));
    utimesSync(join(folder, `${key}.wasm`), 1_000 + i, 1_000 + i);
  }
  await store.read("a");
  await store.write("d", new Uint8Array(100));
  expect(readdirSync(folder).sort()).toEqual(["a.wasm", "c.wasm", "d.wasm"]);
});
