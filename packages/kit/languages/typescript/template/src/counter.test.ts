import { beforeAll, expect, test } from "bun:test";
import {
  createTestVfs,
  loadProgram,
  TestHttpServer,
  TestNode,
  type TestProgram,
} from "@kinode-ts/stdlib/testing";

const ID = "counter:my-package:template.os";
let program: TestProgram;

beforeAll(async () => {
  program = await loadProgram(`${import.meta.dir}/counter.ts`);
});

/** A node in memory with the modules the process uses. */
async function start(node = new TestNode()) {
  const http = new TestHttpServer(node);
  node.addModule("vfs:distro:sys", createTestVfs().module);
  node.addModule("homepage:homepage:sys", (_request, reply) => reply("{}"));
  node.programs.set("/my-package:template.os/pkg/counter.js", program);
  node.start(ID, program);
  await node.settle();
  const ask = async (body: object | string) => {
    const answer = node.ask(ID, typeof body === "string" ? body : JSON.stringify(body));
    await node.advance(1_000);
    return JSON.parse((await answer).body) as unknown;
  };
  return { node, http, ask };
}

test("it counts, and goes on counting after a restart", async () => {
  const { node, ask } = await start();
  expect(await ask('"Count"')).toEqual({ Count: 1 });
  expect(await ask('"Count"')).toEqual({ Count: 2 });
  node.kill(ID);
  node.start(ID, program);
  await node.settle();
  expect(await ask('"Count"')).toEqual({ Count: 3 });
});

test("it remembers lines", async () => {
  const { ask } = await start();
  expect(await ask('"Recall"')).toEqual({ Recalled: "" });
  expect(await ask({ Remember: "milk" })).toEqual({ Remembered: 5 });
  expect(await ask({ Remember: "bread" })).toEqual({ Remembered: 11 });
  expect(await ask('"Recall"')).toEqual({ Recalled: "milk\nbread\n" });
});

test("it asks its child", async () => {
  const { ask } = await start();
  expect(await ask({ Ask: "why?" })).toEqual({ Answer: { question: "why?", answer: "WHY?" } });
});

test("it says what is wrong with a request", async () => {
  const { ask } = await start();
  expect(await ask("not json")).toHaveProperty("Error");
  expect(await ask({ Forget: 1 })).toHaveProperty("Error");
});

test("its page shows the count", async () => {
  const { http, ask, node } = await start();
  await ask('"Count"');
  const response = http.fetch(`/${ID}/`);
  await node.settle();
  const { status, text } = await response;
  expect(status).toBe(200);
  expect(text).toContain("Counted to 1.");
});
