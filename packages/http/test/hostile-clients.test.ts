/** Clients that do nothing, or hardly anything: they cost what they hold, and nobody else's time. */
import { afterEach, expect, test } from "bun:test";
import { isThroughKernel } from "@kinode-ts/testing/module-harness";
import { connect, type Socket } from "node:net";
import { APP, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const MIB = 1024 * 1024;
/** Guards against waiting for the clients, which takes ten seconds and more: the machine of the tests has other things to do. */
const P99_LIMIT_MS = 3_000;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function open(port: number, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      if (text !== "") socket.write(text);
      resolve(socket);
    });
    sockets.push(socket);
    socket.on("error", reject);
  });
}

/** How long pages take that others ask for meanwhile, the slowest hundredth apart. */
async function p99Ms(node: WebNode): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 200; round++) {
    const startedMs = performance.now();
    const page = await node.get(`/${APP}`);
    await page.text();
    if (page.status !== 200) throw new Error(`A page has status ${page.status}`);
    times.push(performance.now() - startedMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

async function startServing(): Promise<WebNode> {
  const node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/");
  return node;
}

test("2,000 connections that say nothing leave pages fast and cost little memory", async () => {
  await using node = await startServing();
  await p99Ms(node);
  Bun.gc(true);
  const beforeBytes = process.memoryUsage.rss();
  // Both ends are in this process: 2,000 connections are 4,000 files, which every system allows.
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 100 }, () => open(node.port, "")));
  }
  expect(await p99Ms(node)).toBeLessThan(P99_LIMIT_MS);
  Bun.gc(true);
  expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(100 * MIB);
}, 120_000);

test("200 senders of half a head or half a body hold up nobody, and reach no app", async () => {
  await using node = await startServing();
  const halfHead = `POST /${APP} HTTP/1.1\r\nHost: localhost\r\nX-Slow: `;
  const halfBody = `POST /${APP} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc`;
  const texts = [halfHead, halfBody];
  const slow = await Promise.all(
    Array.from({ length: 200 }, (_, index) => open(node.port, texts[index % 2]!)),
  );
  const drip = setInterval(() => {
    for (const socket of slow) socket.write("x");
  }, 100);
  try {
    expect(await p99Ms(node)).toBeLessThan(P99_LIMIT_MS);
    expect(node.received.some(({ http }) => http["method"] === "POST")).toBe(false);
  } finally {
    clearInterval(drip);
  }
}, 120_000);

test.skipIf(isThroughKernel())(
  "20 web sockets and 20 downloads that are never read hold up nobody, and memory is bounded",
  async () => {
    await using node = await startWebNode({ limits: { maxSocketBufferedBytes: MIB } });
    await node.bind(APP, "/");
    const ask = (body: unknown, blob?: Uint8Array) => node.harness.ask(APP, { body, blob });
    await ask({ WebSocketBind: { path: "/ws", authenticated: false, extension: false } });
    const upgrade = `GET /${APP}/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
    for (let count = 0; count < 20; count++) (await open(node.port, upgrade)).pause();
    await node.waitFor(() => channelsOf(node).length === 20);
    let stream = 0;
    node.serve(() => ({ body: { status: 200, headers: {}, body_stream: ++stream } }));
    const get = `GET /${APP} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (let count = 0; count < 20; count++) (await open(node.port, get)).pause();
    while (stream < 20) await Bun.sleep(1);
    await Bun.sleep(0);
    node.serve(pageOf);
    const beforeBytes = process.memoryUsage.rss();
    const part = new Uint8Array(MIB);
    const answers: unknown[] = [];
    for (let round = 0; round < 8; round++) {
      for (const channel_id of channelsOf(node)) {
        void ask({ WebSocketPush: { channel_id, message_type: "Binary" } }, part);
      }
      for (let id = 1; id <= 20; id++) {
        void ask({ BodyWrite: { stream: id } }, part).then(({ json }) => answers.push(json));
      }
    }
    expect(await p99Ms(node)).toBeLessThan(P99_LIMIT_MS);
    // 160 MiB were sent each way; the streams together may keep 32.
    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(400 * MIB);
    expect(answers).toContainEqual({ Err: "StreamClosed" });
    const closed = node.received.filter(({ json }) => "WebSocketClose" in (json as object));
    expect(closed).toHaveLength(20);
  },
  120_000,
);

function channelsOf(node: WebNode): number[] {
  return node.received.flatMap(({ json }) => {
    const opened = (json as { WebSocketOpen?: { channel_id: number } }).WebSocketOpen;
    return opened === undefined ? [] : [opened.channel_id];
  });
}

test("a client that lets too many requests wait gets 503, others and this machine do not", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { maxPendingPerNetwork: 3 },
  });
  await node.bind(APP, "/");
  const ask = (address?: string): Promise<Response> =>
    node.get(`/${APP}`, address === undefined ? {} : { headers: { "x-forwarded-for": address } });
  const waiting = [ask("1.1.1.1"), ask("1.1.1.1"), ask("1.1.1.1")];
  await node.waitFor(() => node.received.length === 3);
  const refused = await ask("1.1.1.1");
  expect([refused.status, await refused.text()]).toEqual([503, ""]);
  for (const address of ["1.1.1.2", undefined, undefined, undefined, undefined]) {
    waiting.push(ask(address));
  }
  await node.waitFor(() => node.received.length === 8);
  for (const { id } of [...node.received]) {
    node.harness.answer(APP, id, { body: { status: 200, headers: {} } });
  }
  const answers = await Promise.all(waiting);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const free = ask("1.1.1.1");
  await node.waitFor(() => node.received.length === 9);
  node.harness.answer(APP, node.received[8]!.id, { body: { status: 200, headers: {} } });
  expect((await free).status).toBe(200);
});
