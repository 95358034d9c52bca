import { beforeAll, expect, test } from "bun:test";
import type { TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const KEEPER = "file-keeper:file-keeper:example.os";
const COUNTER = "counter:file-keeper:example.os";
let keeper: TestProgram;
let counter: TestProgram;

beforeAll(async () => {
  keeper = await loadProgram(`${import.meta.dir}/file-keeper.ts`);
  counter = await loadProgram(`${import.meta.dir}/counter.ts`);
});

async function startNode() {
  const node = new TestNode();
  const vfs = createTestVfs();
  node.addModule("vfs:distro:sys", vfs.module);
  node.programs.set("/file-keeper:example.os/pkg/counter.js", counter);
  node.start(KEEPER, keeper, "restart");
  await node.settle();
  const ask = async (body: object | string, to = KEEPER) => {
    const answer = node.ask(to, body);
    await node.advance(6_000);
    return (await answer).body;
  };
  return { node, vfs, ask };
}

test("texts are kept in files", async () => {
  const { ask, vfs } = await startNode();
  expect(await ask({ Put: { name: "b", text: "one two\nthree" } })).toBe('{"Ok":null}');
  expect(await ask({ Put: { name: "a", text: "x" } })).toBe('{"Ok":null}');
  expect([...vfs.files.keys()]).toContain("file-keeper:example.os/files/b.txt");
  expect(await ask('"List"')).toBe('["a","b"]');
  expect(await ask({ Get: "b" })).toBe("one two\nthree");
  expect(await ask({ Delete: "a" })).toBe('{"Ok":null}');
  expect(await ask({ Get: "a" })).toBe('{"Err":"IOError: No such file or directory (os error 2)"}');
  expect(await ask({ Get: "../secret" })).toContain("a name is made of");
});

test("a child counts, and is there again after it crashed", async () => {
  const { node, ask } = await startNode();
  await ask({ Put: { name: "b", text: "one two\nthree" } });
  const counted = '{"lines":2,"words":3,"characters":13}';
  expect(await ask({ Count: "b" })).toBe(counted);
  expect(await ask({ Count: "gone" })).toContain("No such file");
  expect(await ask('"CrashCounter"')).toBe('{"Ok":null}');
  expect(node.isRunning(COUNTER)).toBe(true);
  expect(await ask({ Count: "b" })).toBe(counted);
});

test("a keeper that starts again goes on with the child that runs", async () => {
  const { node, ask } = await startNode();
  await ask({ Put: { name: "b", text: "one" } });
  node.kill(KEEPER);
  const again = node.start(KEEPER, keeper, "restart");
  // A real kernel keeps what a process holds over its restart.
  await again.saveCapabilities([{ issuer: `test.os@${COUNTER}`, params: '"messaging"' }]);
  await node.settle();
  expect(node.running.filter((id) => id === COUNTER)).toHaveLength(1);
  expect(await ask({ Count: "b" })).toBe('{"lines":1,"words":1,"characters":3}');
});
