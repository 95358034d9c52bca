/** docs/guides/terminal.md, typed as it is written, into a node with everything. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { typeLine } from "./type-line.ts";
import { shownPattern, typedExamples } from "./typed-examples.ts";

const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/terminal.md"), "utf8");

/** At the end of a row, by itself, it stands for anything. */
const ANYTHING = /(?<= )…$/gm;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(async () => {
  await node.stop();
});

test("each example of the guide shows what the guide says", async () => {
  for (const { line, shown } of typedExamples(GUIDE, "> ")) {
    // oxlint-disable-next-line no-await-in-loop -- a person types one line after the other
    const { output, errors } = await typeLine(node, line);
    const text = [output, errors]
      .filter((each) => each !== "")
      .join("\n")
      .trimEnd();
    if (!shownPattern(shown, ANYTHING).test(text))
      expect(`> ${line}\n${text}`).toBe(`> ${line}\n${shown}`);
  }
}, 120_000);
