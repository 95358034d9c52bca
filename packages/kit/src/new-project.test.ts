/** New packages from templates, in folders outside this repository. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { assemblePackage, createProject, listTemplates, readPackage } from "./index.ts";
import { checkPackageName, rewriteNames } from "./project-names.ts";
import { sourceFiles } from "./read-files-bun.ts";

const root = mkdtempSync(join(tmpdir(), "kit-new-"));
afterAll(() => rmSync(root, { recursive: true }));

const run = (folder: string, ...args: string[]) => {
  const child = Bun.spawnSync([process.execPath, ...args], { cwd: folder, stderr: "pipe" });
  return { code: child.exitCode, text: child.stdout.toString() + child.stderr.toString() };
};

test("[P24] the package and the publisher are named in all their forms, in one pass", () => {
  const text =
    "my-package my_package MyPackage template.os template-dot-os template_dot_os TemplateDotOs";
  expect(rewriteNames(text, "to-do2", "my.alice-b.os")).toBe(
    "to-do2 to_do2 ToDo2 my.alice-b.os my-dot-alice-b-dot-os my_dot_alice_b_dot_os MyDotAliceBDotOs",
  );
  expect(rewriteNames("my-package:template.os", "template", "my-package.os")).toBe(
    "template:my-package.os",
  );
});

test("[P22] the names api and test are refused, and so are names that are no identifiers", () => {
  for (const name of [
    "api",
    "test",
    "",
    "Notes",
    "a_b",
    "a b",
    "../a",
    "-a",
    "a-",
    "a--b",
    "9a",
    "ä",
  ]) {
    expect(() => checkPackageName(name), name).toThrow("cannot be the name of a package");
  }
  checkPackageName("a".repeat(64));
  expect(() => checkPackageName("a".repeat(65))).toThrow("65 characters, 64 are allowed");
});

test("every name that is allowed leaves nothing of the template's", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,2}$/);
  fc.assert(
    fc.property(name, (text) => {
      fc.pre(!/my-package/.test(text) && text !== "api" && text !== "test");
      checkPackageName(text);
      expect(rewriteNames("a my-package my_package b", text, "a.os")).not.toMatch(/my.package/);
    }),
  );
});

for (const { language, label } of listTemplates()) {
  test(`the template ${label} becomes a package of the given name, with no trace of its own`, () => {
    const folder = join(root, `new-${language}`);
    const report = createProject({ folder, name: "to-do", publisher: "alice.os", language });
    expect(report).toMatchObject({ folder, id: "to-do:alice.os", language });
    for (const path of sourceFiles(folder)) {
      const text = readFileSync(path, "utf8");
      expect(`${path} ${text}`).not.toMatch(/my.?package|template\.os/i);
    }
    const metadata = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as object;
    expect(metadata).toMatchObject({
      name: "to-do",
      properties: { package_name: "to-do", publisher: "alice.os" },
    });
    expect(report.files).toContain(".gitignore");
    expect(report.files).toContain("pkg/manifest.json");
  });
}

for (const [language, label] of [
  ["typescript", "TypeScript"],
  ["javascript", "JavaScript"],
] as const) {
  test(`a new ${label} package builds, passes its test and the type checker without installing anything`, async () => {
    const folder = join(root, `fresh-${language}`);
    createProject({ folder, name: "fresh", publisher: "alice.os", language });
    const tested = run(folder, "test");
    expect(tested.code, tested.text).toBe(0);
    expect(tested.text).toContain("5 pass");
    const checked = run(folder, "run", "check");
    expect(checked.code, checked.text).toBe(0);
    const { zip } = await assemblePackage(folder);
    const pkg = await readPackage(zip);
    expect(pkg.processes.map(({ processName, path }) => [processName, path])).toEqual([
      ["counter", "/counter.js"],
    ]);
    expect(new TextDecoder().decode(pkg.files.get("counter.js"))).toContain(`Hello from ${label}`);
  }, 120_000);
}

for (const starter of listTemplates().find((each) => each.language === "typescript")!.starters) {
  test(`the starter ${starter} builds, and passes its test and the type checker`, async () => {
    const folder = join(root, `start-${starter}`);
    createProject({ folder, name: "begun", publisher: "alice.os", starter });
    const tested = run(folder, "test");
    expect(tested.code, tested.text).toBe(0);
    const places = existsSync(join(folder, "ui")) ? [".", "ui"] : ["."];
    for (const place of places) {
      const checked = run(join(folder, place), "check", "--no-script");
      expect(checked.code, checked.text).toBe(0);
    }
    const pkg = await readPackage((await assemblePackage(folder)).zip);
    expect(pkg.files.has("ui/index.html")).toBe(places.length === 2);
    expect(pkg.id as string).toBe("begun:alice.os");
    expect(pkg.processes.map(({ processName }) => processName)).toEqual([starter]);
  }, 120_000);
}

test("without node_modules at all a package is built with the kit's own libraries, to the same bytes", async () => {
  const folder = join(root, "bare");
  createProject({ folder, publisher: "alice.os" });
  const linked = await assemblePackage(folder);
  rmSync(join(folder, "node_modules"), { recursive: true });
  expect((await assemblePackage(folder)).versionHash).toBe(linked.versionHash);
});

test("a folder that has something in it is left alone; an empty one and a fresh repository are taken", () => {
  const full = join(root, "full");
  mkdirSync(full);
  writeFileSync(join(full, "precious.txt"), "x");
  expect(() => createProject({ folder: full })).toThrow("is not empty");
  expect(existsSync(join(full, "metadata.json"))).toBe(false);
  const repository = join(root, "repository");
  mkdirSync(join(repository, ".git"), { recursive: true });
  expect(createProject({ folder: repository }).id).toBe("repository:template.os");
});

test("what does not exist is named with what does", () => {
  const folder = join(root, "none");
  expect(() => createProject({ folder, language: "cobol" as "c" })).toThrow(
    /"cobol"\. There are typescript, /,
  );
  expect(() => createProject({ folder, starter: "nothing" })).toThrow('no starter "nothing"');
  expect(() => createProject({ folder, publisher: "No Node" })).toThrow("not the name of a node");
  expect(existsSync(folder)).toBe(false);
});
