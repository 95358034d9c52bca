/** The process in the root README is a process. */
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readmeBlocks } from "../src/readme-blocks.ts";
import { ROOT } from "../src/workspace.ts";

test("the process in README.md answers every request with what it said", async () => {
  const [block, ...rest] = readmeBlocks(readFileSync(join(ROOT, "README.md"), "utf8"));
  expect(rest).toEqual([]);
  // Inside an example, so that the import resolves as it does for the author of a process.
  const folder = join(ROOT, "examples/chat/.readme-blocks");
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, "process.ts"), block!.code);
    const node = new TestNode({ name: "alice.os" });
    node.start("echo:echo:example.os", await loadProgram(join(folder, "process.ts")));
    await node.settle();
    const answer = node.ask("echo:echo:example.os", "hello");
    await node.settle();
    expect((await answer).body).toBe("hello");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
