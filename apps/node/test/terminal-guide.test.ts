/** docs/guides/terminal.md, typed as it is written, into a node with everything. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { typeLine } from "./type-line.ts";

const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/terminal.md"), "utf8");

interface Typed {
  readonly line: string;
  readonly shown: string;
}

/** The examples in their order: `> line`, then what comes, up to the next one. */
function examples(): Typed[] {
  const blocks = [...GUIDE.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  return blocks.flatMap((block) =>
    block
      .split(/^> /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { line: part.slice(0, end), shown: part.slice(end + 1).trimEnd() };
      }),
  );
}

/** `…` at the end of a line stands for anything. */
function pattern(shown: string): RegExp {
  const rows = shown.split("\n").map((row) => {
    const fixed = row.endsWith(" …") ? row.slice(0, -1) : row;
    const escaped = fixed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return fixed === row ? escaped : `${escaped}.*`;
  });
  return new RegExp(`^${rows.join("\n")}$`);
}

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(async () => {
  await node.stop();
});

test("each example of the guide shows what the guide says", async () => {
  const all = examples();
  expect(all.length).toBe(GUIDE.match(/^> /gm)!.length);
  for (const { line, shown } of all) {
    // oxlint-disable-next-line no-await-in-loop -- a person types one line after the other
    const { output, errors } = await typeLine(node, line);
    const text = [output, errors]
      .filter((each) => each !== "")
      .join("\n")
      .trimEnd();
    if (!pattern(shown).test(text)) expect(`> ${line}\n${text}`).toBe(`> ${line}\n${shown}`);
  }
}, 120_000);
