/** docs/guides/api.md, done as it is written. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { TestNode, useHost } from "@kinode-ts/stdlib/testing";
import { readZip } from "@kinode-ts/vfs/zip";
import { buildPackage } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-guide-api-"));
afterAll(() => rmSync(folder, { recursive: true }));

const guide = readFileSync(join(import.meta.dir, "../../../docs/guides/api.md"), "utf8");
const files = new Map(
  [...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(
    ([, name = "", text = ""]) => [name, text] as const,
  ),
);
for (const [name, text] of files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function start(node: TestNode, id: string, program: string): void {
  node.start(id, (host) => {
    useHost(host);
    new Function("kinode", readFileSync(join(folder, program), "utf8"))(host);
  });
}

test("the guide to APIs works as it is written", async () => {
  expect(files.size).toBe(16);
  await buildPackage(join(folder, "diary"));
  const node = new TestNode();
  start(node, "notes:notes:example.os", "notes/pkg/notes.js");
  start(node, "diary:diary:example.os", "diary/pkg/diary.js");
  const answer = node.ask("diary:diary:example.os", "ship it #work");
  await node.settle();
  expect(JSON.parse((await answer).body)).toEqual({
    ...{ id: 1, about: ["ship it #work"], error: "there is no note 1" },
  });
  useHost(undefined);

  await buildPackage(join(folder, "shapes"));
  const zip = new Uint8Array(readFileSync(join(folder, "shapes/pkg/api.zip")));
  const wit = (await readZip(zip)).find(({ path }) => path.endsWith(".wit"));
  const text = new TextDecoder().decode(wit?.kind === "file" ? wit.bytes : undefined);
  expect(text).toEndWith(files.get("shapes.wit")!);

  expect((await buildPackage(join(folder, "scores"))).built).toEqual([
    "scores-api.wasm",
    "api.zip",
  ]);

  // All of it has the types that it seems to have.
  const scope = join(folder, "node_modules/@kinode-ts");
  mkdirSync(scope, { recursive: true });
  const stdlib = dirname(Bun.resolveSync("@kinode-ts/stdlib/package.json", import.meta.dir));
  symlinkSync(stdlib, join(scope, "stdlib"));
  const base = join(import.meta.dir, "../../../tsconfig.base.json");
  const lib = ["ES2024", "ESNext.Disposable", "ESNext.Collection", "DOM"];
  const compilerOptions = { lib, declaration: false };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: base, compilerOptions }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const checked = Bun.spawnSync(["bun", "check", "--no-script"], { cwd: folder });
  expect(checked.stdout.toString() + checked.stderr.toString()).toContain("No type errors");
});
