/** The root documents say what is there. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Member, readMembers, ROOT } from "../src/workspace.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/** Rows of the ladder: `4  kit  host  build …`; a row without a number continues the layer above. */
function ladder(): Map<string, { layer: number; side: string }> {
  const block = /```text\n(5[\s\S]*?)```/.exec(read("ARCHITECTURE.md"))![1]!;
  const rows = new Map<string, { layer: number; side: string }>();
  let layer = -1;
  for (const line of block.split("\n").filter((text) => text.trim() !== "")) {
    const [, number, names, side] = /^(\d?) +([a-z/* -]+?) {2,}(\w+) /.exec(line) ?? [
      undefined,
      "",
      /^ +((?:[a-z]+ )+) *(\w+) /.exec(line)?.[1] ?? "",
      /^ +(?:[a-z]+ )+ *(\w+) /.exec(line)?.[1] ?? "",
    ];
    if (number !== "" && number !== undefined) layer = Number(number);
    for (const name of names!.trim().split(" ")) rows.set(name, { layer, side: side! });
  }
  return rows;
}

const rowName = (member: Member): string => {
  const [parent, name] = member.folder.split("/");
  if (parent === "packages") return name!;
  return parent === "apps" ? member.folder : `${parent}/*`;
};

test("the ladder in ARCHITECTURE.md is the one the manifests declare", () => {
  const rows = ladder();
  for (const member of readMembers().filter(({ folder }) => folder.includes("/"))) {
    expect([member.folder, rows.get(rowName(member))]).toEqual([
      member.folder,
      { layer: member.layer, side: member.side },
    ]);
  }
});

test("every path that a root document names exists", () => {
  for (const document of DOCUMENTS) {
    const named = read(document).matchAll(
      /`((?:packages|apps|processes|examples|tools|docs|wit|bench|\.ci)\/[\w./-]+)`/g,
    );
    for (const [, path] of named) {
      expect([document, path, existsSync(join(ROOT, path!))]).toEqual([document, path, true]);
    }
  }
});

test("every path that the README of a package names exists, in the package or in the repository", () => {
  for (const { folder } of readMembers()) {
    const readme = `${folder}/README.md`;
    if (!existsSync(join(ROOT, readme))) continue;
    const named = read(readme).matchAll(
      /`((?:packages|apps|processes|examples|tools|docs|wit|bench|src|test)\/[\w./-]+)`/g,
    );
    for (const [, path = ""] of named) {
      const isThere = [folder, "."].some((from) => existsSync(join(ROOT, from, path)));
      expect([readme, path, isThere]).toEqual([readme, path, true]);
    }
  }
});

test("every source file that ARCHITECTURE.md names by its name alone exists once or more", () => {
  const files = new Set(
    readMembers().flatMap(({ folder }) =>
      existsSync(join(ROOT, folder, "src"))
        ? readdirSync(join(ROOT, folder, "src"), { recursive: true, encoding: "utf8" }).map(
            (file) => file.split("/").at(-1)!,
          )
        : [],
    ),
  );
  const named = [...read("ARCHITECTURE.md").matchAll(/[`\s]([a-z0-9-]+\.ts)\b/g)].map((m) => m[1]!);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((file) => !files.has(file))).toEqual([]);
});

test("the README's two commands are scripts of the root manifest", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const commands = [...read("README.md").matchAll(/npx -y bun@1\.4\.5 (run )?(\w+)/g)];
  expect(commands.map((match) => match[2])).toEqual(["start", "test"]);
  for (const match of commands) expect(scripts[match[2]!]).toBeDefined();
});

test("[P26] row 15: the README names the languages that have a template, a guide and tests, and no others", () => {
  const [, sentence = ""] = /`--template` takes (.+?) too/.exec(read("README.md"))!;
  const named = [...sentence.matchAll(/`([a-z]+)`/g)].map(([, name]) => name!);
  const templates = readdirSync(join(ROOT, "packages/kit/languages"), { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name);
  expect(["typescript", ...named].toSorted()).toEqual(templates.toSorted());
  const tests = ["scripts", "guides", "programs"]
    .map((name) => read(`apps/node/test/languages/${name}.test.ts`))
    .join("\n");
  for (const name of templates) {
    expect([name, existsSync(join(ROOT, `docs/guides/${name}.md`))]).toEqual([name, true]);
    expect([name, tests.includes(`"${name}"`)]).toEqual([name, true]);
  }
});
