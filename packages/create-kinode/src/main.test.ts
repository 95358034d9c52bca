import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = mkdtempSync(join(tmpdir(), "create-kinode-"));
afterAll(() => rmSync(root, { recursive: true }));

function create(...args: string[]): { code: number; out: string; err: string } {
  const program = join(import.meta.dir, "main-bun.ts");
  const child = Bun.spawnSync([process.execPath, program, ...args], { cwd: root, stderr: "pipe" });
  return { code: child.exitCode, out: child.stdout.toString(), err: child.stderr.toString() };
}

test("a folder and nothing else gives a TypeScript package", () => {
  const { code, out, err } = create("my-app");
  expect(code, err).toBe(0);
  expect(out).toBe(
    "Made my-app:template.os in my-app. Next:\n  cd my-app\n  bun install\n  bun run build\n",
  );
  expect(existsSync(join(root, "my-app/src/counter.ts"))).toBe(true);
});

test("language and publisher are taken from the flags", () => {
  expect(create("in-c", "-t", "c", "-u", "alice.os").out).toContain("Made in-c:alice.os in in-c");
  expect(readFileSync(join(root, "in-c/metadata.json"), "utf8")).toContain('"alice.os"');
});

test("without a terminal nothing is asked: what is missing is told", () => {
  const { code, out } = create();
  expect(code).toBe(2);
  expect(out).toContain("Usage: bun create kinode <folder>");
  expect(create("--help")).toMatchObject({ code: 0 });
});

test("what cannot be made is said in one line", () => {
  expect(create("Bad Name")).toMatchObject({ code: 1 });
  expect(create("Bad Name").err).toStartWith('create-kinode: "Bad Name" cannot be the name');
  expect(create("x", "--template", "cobol").err).toContain('There is no template "cobol"');
  expect(create("x", "--what").err).toContain("--what");
  expect(existsSync(join(root, "x"))).toBe(false);
});
