import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readmeBlocks } from "./readme-blocks.ts";
import { published, readMembers, ROOT } from "./workspace.ts";

test("readmeBlocks() takes ts fences only and reads what they promise to print", () => {
  const markdown =
    "a\n```ts\nconsole.log(1 + 1); // 2\n```\n```sh\nls\n```\n```ts no-run\nx\n```\n";
  expect(readmeBlocks(markdown)).toEqual([
    { line: 2, code: "console.log(1 + 1); // 2", expected: ["2"] },
  ]);
  expect(() => readmeBlocks("```ts\n1")).toThrow("Unclosed fence in line 1");
});

const SCRATCH = ".readme-blocks";
const members = published(readMembers());

describe("the examples of package READMEs", () => {
  for (const member of members) {
    const folder = join(ROOT, member.folder);
    const readme = join(folder, "README.md");

    test(`${member.folder} has a README with at most 60 lines and a runnable example`, () => {
      expect(existsSync(readme)).toBe(true);
      const text = readFileSync(readme, "utf8");
      expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
      expect(readmeBlocks(text)).not.toEqual([]);
    });

    if (!existsSync(readme)) continue;
    for (const block of readmeBlocks(readFileSync(readme, "utf8"))) {
      test(`${member.folder}/README.md:${block.line} runs and prints what it says`, async () => {
        // Inside the package, so that imports resolve as they do for the package's own code.
        mkdirSync(join(folder, SCRATCH), { recursive: true });
        const file = join(folder, SCRATCH, `line-${block.line}.ts`);
        writeFileSync(file, `${block.code}\nexport {};\n`);
        const child = Bun.spawn([process.execPath, file], {
          stdout: "pipe",
          stderr: "pipe",
          timeout: 20_000,
        });
        const [stdout, stderr] = await Promise.all([
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        expect({ exitCode: await child.exited, stderr }).toEqual({ exitCode: 0, stderr: "" });
        if (block.expected.length > 0)
          expect(stdout.trimEnd().split("\n")).toEqual([...block.expected]);
      });
    }
  }
});

afterAll(() => {
  for (const member of members)
    rmSync(join(ROOT, member.folder, SCRATCH), { recursive: true, force: true });
});
