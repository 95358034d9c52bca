import { beforeAll, expect, test } from "bun:test";
import type { TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestHttpServer, TestNode } from "@kinode-ts/stdlib/testing";

const CHAT = "chat:chat:example.os";
let program: TestProgram;

beforeAll(async () => {
  program = await loadProgram(`${import.meta.dir}/chat.ts`);
});

async function startNode() {
  const node = new TestNode({ name: "alice.os" });
  const vfs = createTestVfs();
  const http = new TestHttpServer(node);
  node.addModule("vfs:distro:sys", vfs.module);
  vfs.put("chat:example.os/pkg/ui/index.html", "<p>chat</p>");
  node.start(CHAT, program);
  await node.settle();
  const get = async (path: string) => {
    const response = http.fetch(`/${CHAT}${path}`);
    await node.settle();
    return await response;
  };
  const ask = async (body: object | string, from?: string) => {
    const answer = node.ask(CHAT, body, from === undefined ? {} : { from });
    await node.advance(11_000);
    return JSON.parse((await answer).body) as unknown;
  };
  return { node, http, get, ask };
}

const HELLO = { room: "", author: "Ann", text: "hello", at: 5 };

test("a message typed on one page appears on all, and stays", async () => {
  const { node, http, get } = await startNode();
  const [first, second] = [http.connect(`/${CHAT}`), http.connect(`/${CHAT}`)];
  first.send(JSON.stringify(HELLO));
  await node.settle();
  const shown = JSON.stringify({ Message: { ...HELLO, room: "alice.os" } });
  expect(first.received).toEqual([shown]);
  expect(second.received).toEqual([shown]);
  node.kill(CHAT);
  node.start(CHAT, program);
  await node.settle();
  expect(JSON.parse((await get("/messages")).text)).toEqual([{ ...HELLO, room: "alice.os" }]);
  expect((await get("/")).text).toBe("<p>chat</p>");
});

test("the terminal can send and read", async () => {
  const { ask } = await startNode();
  expect(await ask({ Send: HELLO })).toEqual({ Ok: null });
  expect(await ask('"History"')).toEqual([{ ...HELLO, room: "alice.os" }]);
});

test("a message of another node is filed under the name of its sender", async () => {
  const { ask, http, node } = await startNode();
  const page = http.connect(`/${CHAT}`);
  await node.settle();
  node.tell(CHAT, { Deliver: { ...HELLO, room: "alice.os" } }, { from: `bob.os@${CHAT}` });
  node.tell(CHAT, { Deliver: HELLO }, { from: "bob.os@other:app:sys" });
  await node.settle();
  expect(page.received).toEqual([JSON.stringify({ Message: { ...HELLO, room: "bob.os" } })]);
  expect(await ask('"History"')).toEqual([{ ...HELLO, room: "bob.os" }]);
});

test("what cannot be delivered is not kept, and the page says so", async () => {
  const { node, http, ask } = await startNode();
  const page = http.connect(`/${CHAT}`);
  page.send(JSON.stringify({ ...HELLO, room: "far.os" }));
  page.send("{}");
  await node.settle();
  expect(page.received.sort()).toEqual([
    '{"Err":"a message is {\\"room\\", \\"author\\", \\"text\\", \\"at\\"}"}',
    '{"Err":"that node cannot be reached"}',
  ]);
  expect(await ask('"History"')).toEqual([]);
});

test("without leave to show pages it still takes messages", async () => {
  const node = new TestNode({ name: "alice.os" });
  node.addModule("vfs:distro:sys", createTestVfs().module);
  node.start(CHAT, program);
  await node.advance(20_000);
  const answer = node.ask(CHAT, { Send: HELLO });
  await node.advance(11_000);
  expect(JSON.parse((await answer).body)).toEqual({ Ok: null });
});
