import { expect, test } from "bun:test";
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "blank:my-package:template.os";

test("it starts, and stays", async () => {
  const node = new TestNode();
  node.start(ID, await loadProgram(`${import.meta.dir}/blank.ts`));
  await node.settle();
  expect(node.isRunning(ID)).toBe(true);
});
