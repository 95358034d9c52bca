import { expect, test } from "bun:test";
import { loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "echo:my-package:template.os";

test("a request that is JSON is printed and acknowledged", async () => {
  const node = new TestNode();
  node.start(ID, await loadProgram(`${import.meta.dir}/echo.ts`));
  const acknowledged = node.ask(ID, { hello: 1 });
  const refused = node.ask(ID, "no json");
  await node.settle();
  expect((await acknowledged).body).toBe('"Ack"');
  expect(JSON.parse((await refused).body)).toHaveProperty("Error");
  expect(node.lines.map(({ text }) => text)).toEqual(['test.os@tester:tester:sys: {"hello":1}']);
});
