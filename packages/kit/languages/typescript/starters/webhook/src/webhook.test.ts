import { expect, test } from "bun:test";
import { loadProgram, TestHttpServer, TestNode } from "@kinode-ts/stdlib/testing";

const ID = "webhook:my-package:template.os";

async function start() {
  const node = new TestNode();
  const http = new TestHttpServer(node);
  node.start(ID, await loadProgram(`${import.meta.dir}/webhook.ts`));
  await node.settle();
  const ask = async (body: object | string) => {
    const answer = node.ask(ID, body);
    await node.settle();
    return JSON.parse((await answer).body) as unknown;
  };
  const call = async (secret: string, body = "event", method = "POST") => {
    const response = http.fetch(`/${ID}/hook?secret=${secret}`, { method, body });
    await node.settle();
    return (await response).status;
  };
  return { ask, call };
}

test("a call with the secret is kept", async () => {
  const { ask, call } = await start();
  expect(await ask({ Secret: "s3cret" })).toEqual({ Ok: null });
  expect(await call("s3cret", "one")).toBe(200);
  expect(await call("s3cret", "two")).toBe(200);
  expect(await ask('"Events"')).toEqual({ Events: ["one", "two"] });
});

test("a call without it is refused, also before there is one", async () => {
  const { ask, call } = await start();
  expect(await call("")).toBe(403);
  await ask({ Secret: "s3cret" });
  expect(await call("guess")).toBe(403);
  expect(await call("s3cret", "x".repeat(10_001))).toBe(413);
  expect(await ask('"Events"')).toEqual({ Events: [] });
});

test("what it cannot do is told", async () => {
  const { ask } = await start();
  for (const body of ["null", '"x"', "no json"]) expect(await ask(body)).toHaveProperty("Error");
});
