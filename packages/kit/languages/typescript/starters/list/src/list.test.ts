import { expect, test } from "bun:test";
import { createTestVfs, loadProgram, TestHttpServer, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "list:my-package:template.os";
const program = loadProgram(`${import.meta.dir}/list.ts`);

async function start() {
  const node = new TestNode();
  const http = new TestHttpServer(node);
  const vfs = createTestVfs();
  vfs.put("my-package:template.os/pkg/ui/index.html", "<p>the list");
  node.addModule("vfs:distro:sys", vfs.module);
  node.addModule("homepage:homepage:sys", (_request, reply) => reply("{}"));
  node.start(ID, await program);
  await node.settle();
  const call = async (method: string, path: string, body = "") => {
    const response = http.fetch(`/${ID}${path}`, { method, body });
    await node.advance(1_000);
    return await response;
  };
  return { node, http, call };
}

test("items are added and removed, and kept over a restart", async () => {
  const { node, call } = await start();
  expect((await call("POST", "/items", "milk")).status).toBe(201);
  await call("POST", "/items", "bread");
  expect((await call("DELETE", "/items/0")).text).toBe('["bread"]');
  node.kill(ID);
  node.start(ID, await program);
  await node.advance(1_000);
  expect((await call("GET", "/items")).text).toBe('["bread"]');
});

test("what cannot be done is refused", async () => {
  const { call } = await start();
  expect((await call("POST", "/items", "  ")).status).toBe(400);
  expect((await call("POST", "/items", "x".repeat(1_001))).status).toBe(400);
  expect((await call("DELETE", "/items/0")).status).toBe(404);
  expect((await call("DELETE", "/items/x")).status).toBe(404);
  expect((await call("PUT", "/items")).status).toBe(405);
});

test("open pages hear of changes, and the page is served", async () => {
  const { http, node, call } = await start();
  expect((await call("GET", "/")).text).toBe("<p>the list");
  const socket = http.connect(`/${ID}/changes`);
  await node.settle();
  await call("POST", "/items", "milk");
  expect(socket.received).toEqual(['{"items":["milk"]}']);
});
