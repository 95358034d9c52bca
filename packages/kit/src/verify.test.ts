/** Same input, same zip; and a zip that says where it came from can be held to it. */
import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  assemblePackage,
  buildPackage,
  createProject,
  packPackage,
  packZip,
  readPackage,
  verifyPackage,
} from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "kit-verify-"));
afterAll(() => rmSync(root, { recursive: true }));

async function packed(name: string) {
  const folder = join(root, name);
  createProject({ folder, name: "notes", publisher: "alice.os" });
  await buildPackage(folder);
  return { folder, ...(await packPackage(folder)) };
}

/** Builds and packs in a program of its own, as another person would. */
function packElsewhere(folder: string, env: Record<string, string>, umask: string): string {
  const code = `process.umask(${umask}); const kit = await import(${JSON.stringify(join(import.meta.dir, "index.ts"))}); await kit.buildPackage(${JSON.stringify(folder)}, { force: true }); console.log((await kit.packPackage(${JSON.stringify(folder)})).versionHash);`;
  const child = Bun.spawnSync([process.execPath, "-e", code], {
    cwd: tmpdir(),
    env: { ...process.env, ...env },
    stderr: "inherit",
  });
  return child.stdout.toString().trim();
}

/** The same files with other times and modes, made in the opposite order. */
function disturbedCopy(from: string, to: string): void {
  for (const name of readdirSync(from).toReversed()) {
    if (name !== "target") cpSync(join(from, name), join(to, name), { recursive: true });
  }
  for (const name of ["metadata.json", "src/counter.ts", "pkg/manifest.json"]) {
    utimesSync(join(to, name), new Date(2001, 1, 1), new Date(2001, 1, 1));
    chmodSync(join(to, name), 0o600);
  }
  // Another order of the folder's entries where the file system keeps one.
  renameSync(join(to, "src/page.ts"), join(to, "src/x.tmp"));
  renameSync(join(to, "src/x.tmp"), join(to, "src/page.ts"));
}

test("[P8] equal sources give an equal zip whatever the folder, times, modes, order, umask, locale and time zone", async () => {
  const { folder, versionHash } = await packed("first");
  const other = join(root, "a", "second folder");
  disturbedCopy(folder, other);
  const turkish = { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Auckland" };
  expect(packElsewhere(other, turkish, "0o077")).toBe(versionHash);
  expect(packElsewhere(other, { LANG: "C", LC_ALL: "C", TZ: "UTC" }, "0o000")).toBe(versionHash);
  writeFileSync(join(other, "src/page.ts"), "export const page = (n: number) => `${n}!`;\n");
  expect(packElsewhere(other, turkish, "0o077")).not.toBe(versionHash);
}, 120_000);

test("a zip that comes from its sources is verified, by its folder or by its file", async () => {
  const { folder, file, versionHash } = await packed("honest");
  const expected = {
    id: "notes:alice.os",
    version: "0.1.0",
    versionHash,
    rebuilt: "same",
    differences: [],
  };
  expect(await verifyPackage(folder)).toMatchObject(expected);
  expect(await verifyPackage(file)).toMatchObject(expected);
  expect((await assemblePackage(folder)).versionHash).toBe(versionHash);
});

test("a package that uses the API of a neighbour is built again with it", async () => {
  const used = join(root, "around/used");
  createProject({ folder: used, publisher: "bob.os" });
  mkdirSync(join(used, "api"));
  writeFileSync(join(used, "api/used:bob.os-v0.wit"), "interface used { type word = string; }\n");
  const folder = join(root, "around/below/user");
  createProject({ folder, publisher: "alice.os" });
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, kinode: { dependencies: ["../../used"] } }));
  await buildPackage(folder);
  await packPackage(folder);
  expect(readFileSync(join(folder, "target/wit/used:bob.os-v0.wit"), "utf8")).toContain("word");
  expect(await verifyPackage(folder)).toMatchObject({ rebuilt: "same", id: "user:alice.os" });
});

test("programs that no build makes are named", async () => {
  const { folder } = await packed("with-prebuilt");
  expect((await verifyPackage(folder)).taken).toEqual([]);
  writeFileSync(join(folder, "pkg/helper.wasm"), "made elsewhere");
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...manifest, kinode: { children: ["helper"] } }));
  await packPackage(folder);
  expect(await verifyPackage(folder)).toMatchObject({ rebuilt: "same", taken: ["helper.wasm"] });
});

test("what was changed behind the sources' back is named", async () => {
  const { folder, zip } = await packed("dishonest");
  const { files } = await readPackage(zip);
  const changed = new Map(files);
  changed.set("counter.js", new TextEncoder().encode("steal()"));
  changed.set("extra.txt", new Uint8Array());
  writeFileSync(join(folder, "target/notes:alice.os.zip"), packZip(changed));
  expect(await verifyPackage(folder)).toMatchObject({
    rebuilt: "different",
    differences: ["counter.js", "extra.txt"],
  });
});

test("a hash in the metadata is compared with the zip's", async () => {
  const { folder, versionHash } = await packed("listed");
  const path = join(folder, "metadata.json");
  const list = (hash: string): void => {
    const value = JSON.parse(readFileSync(path, "utf8")) as { properties: { code_hashes: object } };
    value.properties.code_hashes = { "0.1.0": hash };
    writeFileSync(path, JSON.stringify(value));
  };
  expect((await verifyPackage(folder)).isListed).toBeUndefined();
  list(versionHash);
  expect(await verifyPackage(folder)).toMatchObject({ isListed: true, rebuilt: "same" });
  list("00".repeat(32));
  expect((await verifyPackage(folder)).isListed).toBe(false);
});

test("a zip without sources is checked for soundness alone, and an unsound one is refused", async () => {
  const { zip } = await packed("alone");
  const file = join(root, "notes:alice.os.zip");
  writeFileSync(file, zip);
  expect(await verifyPackage(file)).toMatchObject({ rebuilt: "not-tried", id: "notes:alice.os" });
  writeFileSync(file, zip.slice(0, 200));
  await expect(verifyPackage(file)).rejects.toThrow("zip");
  await expect(verifyPackage(join(root, "nothing.zip"))).rejects.toThrow("There is no file");
});
