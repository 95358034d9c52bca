/** Clients that go away before they have their answer: nobody waits for them, and who makes their answer may stop. */
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { APP, type Received, startWebNode, type WebNode } from "./web-node.ts";

const DEADLINE_MS = 60_000;
const isHttp = (received: Received) => received.http["method"] !== undefined;

function ask(node: WebNode, path = `/${APP}`): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(node.port, "127.0.0.1", () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

async function until(fits: () => boolean): Promise<void> {
  const dueMs = performance.now() + DEADLINE_MS;
  while (!fits()) {
    if (performance.now() > dueMs) throw new Error("It did not happen in time");
    await Bun.sleep(2);
  }
}

/** Three requests that wait: as many as may. */
async function startFull(): Promise<{ readonly node: WebNode; readonly waiting: Socket[] }> {
  const node = await startWebNode({ limits: { maxPendingCount: 3 } });
  await node.bind(APP, "/");
  const waiting = await Promise.all([ask(node), ask(node), ask(node)]);
  await until(() => node.received.filter(isHttp).length === 3);
  expect((await node.get(`/${APP}`)).status).toBe(503);
  return { node, waiting };
}

async function expectFree(node: WebNode): Promise<void> {
  const page = node.get(`/${APP}`);
  await until(() => node.received.filter(isHttp).length === 4);
  node.harness.answer(APP, node.received.findLast(isHttp)!.id, {
    body: { status: 200, headers: {} },
  });
  expect((await page).status).toBe(200);
}

test("a request whose client goes away soon gives its place back within a second", async () => {
  const { node, waiting } = await startFull();
  await using _ = node;
  for (const socket of waiting) socket.destroy();
  // Nobody looks yet, and the server has to hear of it before somebody does.
  await Bun.sleep(50);
  expect(node.server.load).toEqual({ waitingCount: 3, abandonedCount: 0 });
  await node.clock.advance(1_000);
  await until(() => node.server.load.waitingCount === 0);
  expect(node.server.load.abandonedCount).toBe(3);
  await expectFree(node);
});

test("a request that has waited for long gives its place back as soon as its client goes", async () => {
  const { node, waiting } = await startFull();
  await using _ = node;
  await node.clock.advance(5_000);
  expect(node.server.load).toEqual({ waitingCount: 3, abandonedCount: 0 });
  waiting[1]!.destroy();
  await until(() => node.server.load.waitingCount === 2);
  expect(node.server.load.abandonedCount).toBe(1);
  await expectFree(node);
  // The others are answered as ever.
  await node.clock.advance(10_000);
  expect(node.server.load).toEqual({ waitingCount: 0, abandonedCount: 1 });
});

test("an answer in parts that comes too late is told at once that nobody wants it", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const gone = await ask(node);
  const { id } = await node.waitFor(isHttp);
  await node.clock.advance(1_000);
  gone.destroy();
  await until(() => node.server.load.abandonedCount === 1);
  const late = { status: 200, headers: {}, body_stream: 7 };
  node.harness.answer(APP, id, { body: late });
  const { json } = await node.waitFor((received) => "BodyAbort" in (received.json as object));
  expect(json).toEqual({ BodyAbort: { stream: 7 } });
  const write = await node.harness.ask(APP, { body: { BodyWrite: { stream: 7 } }, blob: "part" });
  expect(write.json).toEqual({ Err: "UnknownStream" });
});

test("an answer in parts that comes too late leaves the same number alone where it is in use", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const answer = { body: { status: 200, headers: {}, body_stream: 7 } };
  const gone = await ask(node);
  const { id } = await node.waitFor(isHttp);
  await node.clock.advance(1_000);
  gone.destroy();
  await until(() => node.server.load.abandonedCount === 1);
  const page = node.get(`/${APP}`);
  await until(() => node.received.filter(isHttp).length === 2);
  node.harness.answer(APP, node.received.findLast(isHttp)!.id, answer);
  node.harness.answer(APP, id, answer);
  const write = node.harness.ask(APP, { body: { BodyWrite: { stream: 7 } }, blob: "part" });
  expect((await write).json).toEqual({ Ok: null });
  await node.harness.ask(APP, { body: { BodyEnd: { stream: 7 } } });
  expect(await (await page).text()).toBe("part");
});
