/** Caching is correct: what a task depends on is in its hash, and nothing else is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMembers, ROOT } from "../src/workspace.ts";

const TURBO = join(ROOT, "node_modules/.bin/turbo");
const ROOT_FILES = ["package.json", "bun.lock", "bunfig.toml", "tsconfig.base.json", "turbo.json"];

let tree: string;
let before: Map<string, string>;

/** Hashes of all tasks, e.g. `@kinode-ts/caps#build` → `0f3a…`. */
function hashes(): Map<string, string> {
  const result = Bun.spawnSync(
    [process.execPath, TURBO, "run", "build", "check", "test", "--dry=json", "--cwd", tree],
    {
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
    },
  );
  if (result.exitCode !== 0) throw new Error(result.stderr.toString());
  const { tasks } = JSON.parse(result.stdout.toString()) as {
    tasks: { taskId: string; hash: string }[];
  };
  return new Map(tasks.map((task) => [task.taskId, task.hash]));
}

/** Tasks whose hash changes when `change` is applied; the change is taken back. */
function changedBy(file: string, text: string): string[] {
  appendFileSync(join(tree, file), text);
  const after = hashes();
  cpSync(join(ROOT, file), join(tree, file));
  return [...after].filter(([task, hash]) => before.get(task) !== hash).map(([task]) => task);
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "kinode-turbo-"));
  for (const file of ROOT_FILES) cpSync(join(ROOT, file), join(tree, file));
  for (const { folder } of readMembers()) {
    cpSync(join(ROOT, folder), join(tree, folder), {
      recursive: true,
      filter: (path) =>
        !/(^|\/)(node_modules|dist|\.turbo|target|\.readme-blocks)(\/|$)/.test(path),
    });
  }
  before = hashes();
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

test("an unchanged tree changes no hash", () => {
  const after = hashes();
  expect([...after].filter(([task, hash]) => before.get(task) !== hash)).toEqual([]);
});

test("a change in a package reaches all that depend on it, and nobody else", () => {
  const changed = changedBy("packages/crypto/src/index.ts", "\n// changed\n");
  for (const name of ["crypto", "caps", "kernel"]) {
    expect(changed).toContain(`@kinode-ts/${name}#build`);
    expect(changed).toContain(`@kinode-ts/${name}#check`);
    expect(changed).toContain(`@kinode-ts/${name}#test`);
  }
  for (const name of ["types", "codec", "stdlib"]) {
    expect(changed.filter((task) => task.startsWith(`@kinode-ts/${name}#`))).toEqual([]);
  }
});

test("a change in a test builds nothing again", () => {
  const changed = changedBy("packages/types/src/index.test.ts", "\n// changed\n");
  expect(changed).toContain("@kinode-ts/types#test");
  expect(changed.filter((task) => task.endsWith("#build"))).toEqual([]);
});

test("a change of the root configuration or the build script builds everything again", () => {
  const builds = [...before.keys()].filter((task) => task.endsWith("#build"));
  expect(changedBy("tsconfig.base.json", "\n")).toEqual(expect.arrayContaining(builds));
  const built = changedBy("tools/src/build-package.ts", "\n// changed\n");
  for (const name of ["types", "kernel"]) expect(built).toContain(`@kinode-ts/${name}#build`);
});
