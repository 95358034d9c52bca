import { expect, test } from "bun:test";
import { decode, encode } from "@msgpack/msgpack";
import { connect, type Socket } from "node:net";
import type { HttpServerOptions } from "../src/index.ts";
import {
  APP,
  HOMEPAGE,
  OTHER,
  OWN_ADDRESS,
  pageOf,
  startWebNode,
  type WebNode,
} from "./web-node.ts";

const OK = { Ok: null };

interface Client {
  readonly socket: WebSocket;
  readonly channel: number;
  readonly frames: (string | Uint8Array)[];
  /** The next frame that arrives. */
  next(): Promise<string | Uint8Array>;
  readonly closed: Promise<CloseEvent>;
}

async function bindSocket(
  node: WebNode,
  app: string,
  path = "/ws",
  options: { authenticated?: boolean; extension?: boolean } = {},
): Promise<void> {
  const { authenticated = false, extension = false } = options;
  const body = { WebSocketBind: { path, authenticated, extension } };
  expect((await node.harness.ask(app, { body })).json).toEqual(OK);
}

function opened(node: WebNode, count: number): Promise<number> {
  const opens = () => node.received.filter(({ json }) => "WebSocketOpen" in (json as object));
  return node
    .waitFor(() => opens().length >= count)
    .then(() => {
      const { WebSocketOpen } = opens()[count - 1]!.json as {
        WebSocketOpen: { channel_id: number };
      };
      return WebSocketOpen.channel_id;
    });
}

async function open(node: WebNode, path: string, headers = {}): Promise<Client> {
  const before = node.received.filter(({ json }) => "WebSocketOpen" in (json as object)).length;
  const socket = new WebSocket(`ws://localhost:${node.port}${path}`, { headers });
  socket.binaryType = "arraybuffer";
  const frames: (string | Uint8Array)[] = [];
  const waiting: ((frame: string | Uint8Array) => void)[] = [];
  socket.onmessage = ({ data }: MessageEvent) => {
    const frame = typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer);
    const next = waiting.shift();
    if (next === undefined) frames.push(frame);
    else next(frame);
  };
  const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.onopen = () => resolve();
  socket.onerror = () => reject(new Error("The web socket was refused"));
  await promise;
  const next = () =>
    frames.length > 0
      ? Promise.resolve(frames.shift()!)
      : new Promise<string | Uint8Array>((done) => waiting.push(done));
  return { socket, channel: await opened(node, before + 1), frames, next, closed };
}

/** Whether an upgrade is refused. */
async function isRefused(
  node: WebNode,
  path: string,
  headers = {},
  host = "localhost",
): Promise<boolean> {
  const socket = new WebSocket(`ws://${host}:${node.port}${path}`, { headers });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.onopen = () => resolve(false);
  socket.onerror = () => resolve(true);
  const refused = await promise;
  socket.close();
  return refused;
}

function push(channel: number, type = "Text"): unknown {
  return { WebSocketPush: { channel_id: channel, message_type: type } };
}

const bodyIs = (expected: unknown) => (received: { json: unknown }) =>
  Bun.deepEquals(received.json, expected);

test("[M97] open, push and close produce the documented requests, the process id stripped", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP, "/ws/:room");
  await bindSocket(node, APP, "/");
  await bindSocket(node, HOMEPAGE, "/");
  const client = await open(node, `/${APP}/ws/red?x=1`);
  const { channel } = client;
  expect(node.received[0]).toMatchObject({
    app: APP,
    json: { WebSocketOpen: { path: "/ws/red", channel_id: channel } },
    blob: undefined,
    expectsResponse: undefined,
  });
  expect(Object.keys((node.received[0]!.json as Record<string, object>)["WebSocketOpen"]!)).toEqual(
    ["path", "channel_id"],
  );
  client.socket.send("hällo");
  const text = await node.waitFor(bodyIs(push(channel)));
  expect([text.blob, text.mime]).toEqual(["hällo", undefined]);
  client.socket.send(Uint8Array.of(65, 66));
  expect((await node.waitFor(bodyIs(push(channel, "Binary")))).blob).toBe("AB");
  client.socket.ping(Buffer.from("p"));
  expect((await node.waitFor(bodyIs(push(channel, "Ping")))).blob).toBe("p");
  client.socket.close(1000, "bye");
  const gone = await node.waitFor(bodyIs({ WebSocketClose: channel }));
  expect(gone.blob).toBeUndefined();
  const close = node.received.at(-2)!;
  expect([close.json, close.blob]).toEqual([push(channel, "Close"), "bye"]);
  for (const { expectsResponse, mime } of node.received) {
    expect([expectsResponse, mime]).toEqual([undefined, undefined]);
  }
  await open(node, `/${APP}`);
  await open(node, "/");
  const paths = node.received.flatMap(({ app, json }) =>
    "WebSocketOpen" in (json as object)
      ? [[app, (json as { WebSocketOpen: { path: string } }).WebSocketOpen.path]]
      : [],
  );
  expect(paths).toEqual([
    [APP, "/ws/red"],
    [APP, "/"],
    [HOMEPAGE, "/"],
  ]);
});

test("a connection that is cut gives only the close event", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const socket = await rawUpgrade(node, `/${APP}/ws`);
  const channel = await opened(node, 1);
  socket.destroy();
  await node.waitFor(bodyIs({ WebSocketClose: channel }));
  expect(node.received).toHaveLength(2);
});

test("[M98] foreign channels, long pings and pushes without blob are refused", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const { channel, next } = await open(node, `/${APP}/ws`);
  const ask = async (app: string, body: unknown, blob?: Uint8Array | string) =>
    (await node.harness.ask(app, { body, blob })).json;
  expect(await ask(OTHER, push(channel), "x")).toEqual({ Err: "WsChannelNotFound" });
  expect(await ask(OTHER, { WebSocketClose: channel })).toEqual({ Err: "WsChannelNotFound" });
  expect(await ask(APP, push(channel ^ 1), "x")).toEqual({ Err: "WsChannelNotFound" });
  for (const type of ["Ping", "Pong"]) {
    expect(await ask(APP, push(channel, type), new Uint8Array(126))).toEqual({
      Err: "WsPingPongTooLong",
    });
    expect(await ask(APP, push(channel, type), new Uint8Array(125))).toEqual(OK);
  }
  expect(await ask(APP, push(channel))).toEqual({ Err: "NoBlob" });
  expect(await ask(APP, push(channel), Uint8Array.of(0x61, 0xff))).toEqual(OK);
  expect(await next()).toBe("a\ufffd");
  expect(await ask(APP, push(channel, "Binary"), Uint8Array.of(1, 2))).toEqual(OK);
  expect(await next()).toEqual(Uint8Array.of(1, 2));
  expect(await ask(APP, push(channel), "")).toEqual(OK);
  expect(await next()).toBe("");
});

test("[M99] WebSocketClose and push Close close the socket and the server keeps serving", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/");
  await bindSocket(node, APP);
  for (const close of [
    (channel: number) => ({ body: { WebSocketClose: channel } }),
    (channel: number) => ({ body: push(channel, "Close"), blob: "" }),
  ]) {
    const client = await open(node, `/${APP}/ws`);
    expect((await node.harness.ask(APP, close(client.channel))).json).toEqual(OK);
    expect((await client.closed).code).toBe(1000);
    await node.waitFor(bodyIs({ WebSocketClose: client.channel }));
    const late = await node.harness.ask(APP, { body: push(client.channel), blob: "x" });
    expect(late.json).toEqual({ Err: "WsChannelNotFound" });
    expect((await node.get(`/${APP}`)).status).toBe(200);
  }
  expect((await node.harness.ask(APP, { body: { WebSocketClose: 1 } })).json).toEqual(OK);
});

test("[M100] the 129th web socket is refused, and a place comes free again", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const sockets: WebSocket[] = [];
  for (let count = 0; count < 128; count++) {
    sockets.push((await open(node, `/${APP}/ws`)).socket);
  }
  expect(await isRefused(node, `/${APP}/ws`)).toBe(true);
  sockets[0]!.close();
  await node.waitFor(({ json }) => "WebSocketClose" in (json as object));
  expect(await isRefused(node, `/${APP}/ws`)).toBe(false);
});

test("[M101] an upgrade without login on an authenticated route is not upgraded", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP, "/ws", { authenticated: true });
  expect(await isRefused(node, `/${APP}/ws`)).toBe(true);
  expect(await isRefused(node, `/${APP}/ws`, { cookie: "kinode-auth_alice.os=x.y.z" })).toBe(true);
  expect(node.received).toEqual([]);
  const nothing = await rawUpgradeAnswer(node, `/${APP}/ws`);
  expect(nothing).toStartWith("HTTP/1.1 404");
  // It is answered as any other request: where a private page is, with the login page.
  await node.bind(APP, "/ws", { authenticated: true });
  const login = await rawUpgradeAnswer(node, `/${APP}/ws`);
  expect(login).toMatch(/^HTTP\/1\.1 200 [^]*\r\ncontent-type: text\/html/i);
  expect(node.received).toEqual([]);
  const client = await open(node, `/${APP}/ws`, { cookie: await node.logIn() });
  expect(client.channel).toBeNumber();
});

test("a secure socket needs its host and the process's own cookie", async () => {
  await using node = await startWebNode();
  const body = { WebSocketSecureBind: { path: "/ws", extension: false } };
  await node.harness.ask(APP, { body });
  const nodeCookie = await node.logIn();
  expect(await isRefused(node, `/${APP}/ws`, { cookie: nodeCookie })).toBe(true);
  const host = `p-x-os.localhost:${node.port}`;
  expect(await isRefused(node, `/${APP}/ws`, { cookie: nodeCookie, host })).toBe(true);
  const login = await node.get("/login", {
    method: "POST",
    body: JSON.stringify({ password_hash: "0x00ff", subdomain: APP }),
  });
  const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
  expect(await isRefused(node, `/${APP}/ws`, { cookie })).toBe(true);
  expect(await isRefused(node, `/${APP}/ws`, { cookie, host })).toBe(false);
});

test("a page of another site cannot open a socket", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const path = `/${APP}/ws`;
  expect(await isRefused(node, path, { origin: "http://evil.example" })).toBe(true);
  expect(await isRefused(node, path, { origin: "null" })).toBe(true);
  expect(await isRefused(node, path, { origin: `http://localhost:${node.port}` })).toBe(false);
});

test("WebSocketUnbind refuses new sockets and leaves open ones", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const { channel, next } = await open(node, `/${APP}/ws`);
  await node.harness.ask(APP, { body: { WebSocketUnbind: { path: "/ws" } } });
  expect(await isRefused(node, `/${APP}/ws`)).toBe(true);
  await node.harness.ask(APP, { body: push(channel), blob: "still" });
  expect(await next()).toBe("still");
});

test("sockets of a process that ended are closed", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP);
  const client = await open(node, `/${APP}/ws`);
  node.server.processEnded!(APP as never);
  expect((await client.closed).code).toBe(1001);
  expect(node.received.some(bodyIs({ WebSocketClose: client.channel }))).toBe(false);
});

test("[M102] extensions: frames are MessagePack with the request id, Responses answer the push", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP, "/ext", { extension: true });
  const { channel, next, socket } = await open(node, `/${APP}/ext`);
  const outgoing = { channel_id: channel, message_type: "Binary", desired_reply_type: "Response" };
  node.harness.post(APP, {
    body: { WebSocketExtPushOutgoing: outgoing },
    blob: Uint8Array.of(1, 200),
    id: 18446744073709551615n,
  });
  const frame = (await next()) as Uint8Array;
  expect(decode(frame, { useBigInt64: true })).toEqual({
    WebSocketExtPushData: {
      id: 18446744073709551615n,
      kinode_message_type: "Response",
      blob: [1, 200],
    },
  });
  socket.send(frame);
  const json = push(channel, "Binary");
  const answered = () => node.harness.answers.find(({ id }) => id === 18446744073709551615n);
  await until(() => answered() !== undefined);
  expect(answered()).toMatchObject({
    json,
    target: { node: "alice.os", process: APP },
    blob: { bytes: Uint8Array.of(1, 200) },
  });
  const request = { id: 5, hyperware_message_type: "Request", blob: new Uint8Array([7]) };
  socket.send(encode({ WebSocketExtPushData: request }));
  const asked = await node.waitFor(bodyIs(json));
  expect([asked.id, asked.blob]).toEqual([5, "\u0007"]);
  const later = { id: 6, since: { v: [2] }, kinode_message_type: "Request", blob: [8] };
  socket.send(encode({ WebSocketExtPushData: later }));
  expect((await node.waitFor(({ id }) => id === 6)).blob).toBe("\b");
  socket.send(Uint8Array.of(0xc1, 1, 2));
  const plain = await node.waitFor((received) => received.blob === "\ufffd\u0001\u0002");
  expect(plain.json).toEqual(json);
  expect(plain.id).not.toBe(5);
});

test("[M102] what only processes may ask of the server is dropped; other frames and text are plain pushes", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP, "/ext", { extension: true });
  const { channel, socket } = await open(node, `/${APP}/ext`);
  for (const action of [
    { WebSocketClose: channel },
    { WebSocketUnbind: { path: "/ext" } },
    { Bind: { path: "/", authenticated: false, local_only: false, cache: false } },
    { WebSocketOpen: { path: "/", channel_id: 7 } },
    push(channel, "Binary"),
  ]) {
    socket.send(encode(action));
  }
  const content = [
    encode({ WebSocketClose: "no channel" }),
    encode({ WebSocketExtPushData: { id: 1, blob: [1] } }),
    encode([{ WebSocketClose: channel }]),
  ];
  for (const bytes of content) socket.send(bytes);
  socket.send("text");
  await node.waitFor(bodyIs(push(channel)));
  expect(node.harness.sent.slice(1).map(({ blob }) => blob?.bytes)).toEqual([
    ...content,
    Buffer.from("text"),
  ]);
  expect(node.received.slice(1, -1).map(({ json }) => json)).toEqual(
    content.map(() => push(channel, "Binary")),
  );
  expect(await isRefused(node, `/${APP}/ext`)).toBe(false);
});

test("an extension's socket is for programs on this machine, and not through a proxy", async () => {
  await using node = await startWebNode({ hostname: "0.0.0.0", trustedProxies: ["127.0.0.1"] });
  await bindSocket(node, APP, "/ext", { extension: true });
  const path = `/${APP}/ext`;
  for (const name of ["x-forwarded-for", "x-real-ip", "forwarded"]) {
    expect(await isRefused(node, path, { [name]: "127.0.0.1" })).toBe(true);
  }
  if (OWN_ADDRESS !== undefined) {
    expect(await isRefused(node, path, {}, OWN_ADDRESS)).toBe(true);
    await bindSocket(node, APP, "/open");
    expect(await isRefused(node, `/${APP}/open`, {}, OWN_ADDRESS)).toBe(false);
  }
  expect(await isRefused(node, path)).toBe(false);
});

test("[M103] an extension push of Text or of nothing is NoBlob, success gives no reply", async () => {
  await using node = await startWebNode();
  await bindSocket(node, APP, "/ext", { extension: true });
  const { channel, next } = await open(node, `/${APP}/ext`);
  const outgoing = (message_type: string) => ({
    WebSocketExtPushOutgoing: { channel_id: channel, message_type, desired_reply_type: "Request" },
  });
  const text = await node.harness.ask(APP, { body: outgoing("Text"), blob: "x" });
  expect(text.json).toEqual({ Err: "NoBlob" });
  const missing = await node.harness.ask(APP, { body: outgoing("Binary") });
  expect(missing.json).toEqual({ Err: "NoBlob" });
  const foreign = await node.harness.ask(OTHER, { body: outgoing("Binary"), blob: "x" });
  expect(foreign.json).toEqual({ Err: "WsChannelNotFound" });
  const before = node.harness.answers.length;
  node.harness.post(APP, { body: outgoing("Binary"), blob: "x" });
  await next();
  expect(node.harness.answers.length).toBe(before);
});

test("[M106] a client that never reads loses its channel and delays nobody", async () => {
  await using node = await startSmall({ maxSocketBufferedBytes: 1024 * 1024 });
  node.serve(pageOf);
  await bindSocket(node, APP);
  const lazy = await rawUpgrade(node, `/${APP}/ws`);
  lazy.pause();
  const channel = await opened(node, 1);
  const block = new Uint8Array(256 * 1024);
  let answer: unknown = OK;
  let sent = 0;
  // The system's own buffers take some megabytes first.
  while (Bun.deepEquals(answer, OK) && sent < 400) {
    answer = (await node.harness.ask(APP, { body: push(channel, "Binary"), blob: block })).json;
    sent++;
    if (sent === 20) {
      expect(await node.bind(OTHER, "/")).toEqual(OK);
      expect((await node.get(`/${OTHER}`)).status).toBe(200);
    }
  }
  expect(answer).toEqual({ Err: "WsChannelNotFound" });
  expect(await node.bind(OTHER, "/later")).toEqual(OK);
  expect((await node.get(`/${OTHER}/later`)).status).toBe(200);
  await node.waitFor(bodyIs({ WebSocketClose: channel }));
  lazy.destroy();
});

test("clients that do not read share one bound: the slowest loses its channel, who reads keeps it", async () => {
  await using node = await startSmall({
    maxSocketsBufferedBytes: 2 * 1024 * 1024,
    // Nothing else ends one.
    maxSocketBufferedBytes: 1024 * 1024 * 1024,
  });
  await bindSocket(node, APP);
  const lazy = [await rawUpgrade(node, `/${APP}/ws`), await rawUpgrade(node, `/${APP}/ws`)];
  for (const socket of lazy) socket.pause();
  await opened(node, 2);
  const reader = await open(node, `/${APP}/ws`);
  const [first, second] = [await opened(node, 1), await opened(node, 2)];
  const block = new Uint8Array(256 * 1024);
  const pushTo = async (channel: number) =>
    (await node.harness.ask(APP, { body: push(channel, "Binary"), blob: block })).json;
  // The system's own buffers take some megabytes first.
  let count = 0;
  while (Bun.deepEquals(await pushTo(first), OK) && count < 1_000) count++;
  await node.waitFor(bodyIs({ WebSocketClose: first }));
  expect(count).toBeGreaterThan(8);
  expect(await pushTo(second)).toEqual(OK);
  expect(await pushTo(reader.channel)).toEqual(OK);
  expect((await reader.next()).length).toBe(block.length);
  for (const socket of lazy) socket.destroy();
});

test("a stranger gets no more than half of the web sockets, and others still get some", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { maxSocketCount: 8 },
  });
  await bindSocket(node, APP);
  const from = (address: string, more = {}) => ({ "x-forwarded-for": address, ...more });
  const path = `/${APP}/ws`;
  for (let count = 0; count < 4; count++) await open(node, path, from("1.1.1.1"));
  expect(await isRefused(node, path, from("1.1.1.1"))).toBe(true);
  for (let count = 0; count < 2; count++) await open(node, path, from("2.2.2.2"));
  expect(await isRefused(node, path, from("2.2.2.2"))).toBe(true);
  // Who is logged in, and this machine, may have what is left.
  await open(node, path, from("1.1.1.1", { cookie: await node.logIn() }));
  const last = await open(node, path);
  expect(await isRefused(node, path)).toBe(true);
  last.socket.close();
  await node.waitFor(bodyIs({ WebSocketClose: last.channel }));
  expect(await isRefused(node, path, from("3.3.3.3"))).toBe(false);
});

test("a message above the limit closes the socket", async () => {
  await using node = await startSmall({ maxSocketMessageBytes: 1_000 });
  await bindSocket(node, APP);
  const client = await open(node, `/${APP}/ws`);
  client.socket.send("x".repeat(1_000));
  await node.waitFor(bodyIs(push(client.channel)));
  client.socket.send("x".repeat(1_001));
  await client.closed;
  await node.waitFor(bodyIs({ WebSocketClose: client.channel }));
});

function startSmall(limits: NonNullable<HttpServerOptions["limits"]>): Promise<WebNode> {
  return startWebNode({ limits });
}

function upgradeText(node: WebNode, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: localhost:${node.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "\r\n",
  ].join("\r\n");
}

function rawUpgrade(node: WebNode, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(node.port, "127.0.0.1", () => socket.write(upgradeText(node, path)));
    socket.once("data", () => resolve(socket));
    socket.once("error", reject);
    socket.on("error", () => {});
  });
}

async function rawUpgradeAnswer(node: WebNode, path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(node.port, "127.0.0.1", () => socket.write(upgradeText(node, path)));
  socket.once("data", (data) => resolve(data.toString("latin1")));
  const answer = await promise;
  socket.destroy();
  return answer;
}

/** Lets the event loop turn until something is so; the test's own deadline ends a hang. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => setImmediate(resolve));
}
