/** Connections that are silent: they end in time, but not while an app takes a body part by part. */
import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { APP, type Received, startWebNode, type WebNode } from "./web-node.ts";

/** The least that the host can count. */
const limits = { idleTimeoutSeconds: 4 };
const DEADLINE_MS = 30_000;
const isHttp = (received: Received) => received.http["method"] !== undefined;

interface Client {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received: string;
}

function open(node: WebNode, text: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const socket = connect(node.port, "127.0.0.1", () => {
      socket.write(text);
      resolve(client);
    });
    const client: Client = { socket, closed, received: "" };
    socket.on("data", (data) => (client.received += data.toString("latin1")));
    socket.on("close", () => close());
    socket.on("error", reject);
  });
}

async function startReading(): Promise<WebNode> {
  const node = await startWebNode({ limits });
  const fields = { path: "/up", authenticated: false, local_only: false, cache: false };
  await node.harness.ask(APP, { body: { Bind: { ...fields, stream_request: true } } });
  return node;
}

const POST = `POST /${APP}/up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
const answer = { body: { status: 200, headers: {} } };

async function read(node: WebNode, received: Received): Promise<{ json: unknown; size: number }> {
  const stream = received.http["body_stream"];
  const { json, blob } = await node.harness.ask(APP, { body: { BodyRead: { stream } } });
  return { json, size: blob?.bytes.length ?? 0 };
}

test.concurrent(
  "a connection that carried an answer in parts ends like any other when it is idle",
  async () => {
    await using node = await startWebNode({ limits });
    await node.bind(APP, "/");
    const client = await open(node, `GET /${APP} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const { id } = await node.waitFor(isHttp);
    node.harness.answer(APP, id, { body: { status: 200, headers: {}, body_stream: 1 } });
    const tell = (name: string, blob?: string) =>
      node.harness.ask(APP, { body: { [name]: { stream: 1 } }, blob });
    expect((await tell("BodyWrite", "part")).json).toEqual({ Ok: null });
    expect((await tell("BodyEnd")).json).toEqual({ Ok: null });
    await client.closed;
    expect(client.received).toEndWith("part");
  },
  DEADLINE_MS,
);

test.concurrent(
  "a body that comes slowly is read to its end, however little comes",
  async () => {
    await using node = await startReading();
    const client = await open(node, POST);
    const received = await node.waitFor(isHttp);
    const untilMs = performance.now() + 6_000;
    let sent = 0;
    let size = 0;
    const drip = setInterval(() => {
      if (performance.now() < untilMs) {
        client.socket.write("1\r\nx\r\n");
        sent++;
      } else {
        client.socket.write("0\r\n\r\n");
        clearInterval(drip);
      }
    }, 500);
    for (;;) {
      const part = await read(node, received);
      if (part.size === 0) {
        expect(part.json).toEqual({ Ok: { BodyChunk: { done: true } } });
        break;
      }
      size += part.size;
    }
    expect(size).toBe(sent);
    node.harness.answer(APP, received.id, answer);
    await client.closed;
    expect(client.received).toStartWith("HTTP/1.1 200");
  },
  DEADLINE_MS,
);

test.concurrent(
  "a sender of which nothing comes is given up, and its connection ends after the answer",
  async () => {
    await using node = await startReading();
    const client = await open(node, `${POST}1\r\nx\r\n`);
    const received = await node.waitFor(isHttp);
    expect((await read(node, received)).size).toBe(1);
    const next = read(node, received);
    await node.clock.advance(59_000);
    expect(await Promise.race([next, "waits"])).toBe("waits");
    await node.clock.advance(2_000);
    expect((await next).json).toEqual({ Err: "StreamClosed" });
    node.harness.answer(APP, received.id, answer);
    await client.closed;
    expect(client.received).toStartWith("HTTP/1.1 200");
  },
  DEADLINE_MS,
);
