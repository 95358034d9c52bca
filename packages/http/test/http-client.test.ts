/**
 * The HTTP client against real servers. Source: spec/runtime-modules.md §7 and §15, points M107–M114.
 * @module
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { HarnessMessage, ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Clock } from "@kinode-ts/types";
import { createHttpClient } from "../src/client/http-client-bun.ts";
import type { HttpClientOptions } from "../src/client/http-client-bun.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const APP = "app:test:sys";
const OTHER = "other:test:sys";

const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

/** Answers each connection with what `answer` writes once the request's head is there. */
class RawServer {
  readonly heads: string[] = [];
  readonly sockets = new Set<Socket>();
  answer: (socket: Socket, head: string) => void = () => undefined;
  readonly #server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const head = data.toString("latin1");
      this.heads.push(head);
      this.answer(socket, head);
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

const raw = new RawServer();
const web = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request, server) => {
    const url = new URL(request.url);
    if (url.pathname === "/socket" && server.upgrade(request)) return undefined;
    if (url.pathname === "/redirect") {
      const left = Number(url.searchParams.get("left"));
      const location = left > 0 ? `/redirect?left=${left - 1}` : "/echo";
      return new Response(null, { status: 302, headers: { location } });
    }
    if (url.pathname === "/large") return new Response(new Uint8Array(2_000_000));
    const body = await request.bytes();
    const headers = { "content-type": "text/plain", "x-method": request.method };
    return new Response(`${request.method} ${url.pathname}${url.search} ${body.length}`, {
      headers,
    });
  },
  websocket: {
    message(socket, message) {
      if (message === "drop") socket.terminate();
      else if (message === "close") socket.close(1000);
      else if (message === "ping") socket.ping();
      else socket.send(message);
    },
  },
});
const WEB = `http://127.0.0.1:${web.port}`;
const SOCKET = `ws://127.0.0.1:${web.port}/socket`;

beforeAll(() => raw.listen());
afterAll(async () => {
  raw.close();
  await web.stop(true);
});

async function client(options: Partial<HttpClientOptions> = {}): Promise<ModuleHarness> {
  const harness = createModuleHarness(
    createHttpClient({ clock: realClock, ownPorts: () => [], ...options }),
  );
  await harness.start();
  return harness;
}

const http = (
  url: string,
  fields: Record<string, unknown> = {},
  blob?: HarnessMessage["blob"],
) => ({
  body: { Http: { method: "GET", version: null, url, headers: {}, ...fields } },
  blob,
});
const open = (channelId: number, url = SOCKET) => ({
  body: { WebSocketOpen: { url, headers: {}, channel_id: channelId } },
});
const push = (channelId: number, type: string, blob?: HarnessMessage["blob"]) => ({
  body: { WebSocketPush: { channel_id: channelId, message_type: type } },
  blob,
});
const close = (channelId: number) => ({ body: { WebSocketClose: { channel_id: channelId } } });
const ACK = { Ok: "WebSocketAck" };

const decode = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder().decode(bytes);

/** Requests the module sent to a process, as their JSON, blob and id. */
const eventsOf = (harness: ModuleHarness, process = APP) =>
  harness.sent
    .filter(({ target }) => target.process === process)
    .map(({ id, body, blob, expectsResponse }) => ({
      id,
      json: JSON.parse(decode(body)!) as unknown,
      mime: blob?.mime,
      text: decode(blob?.bytes),
      expectsResponse,
    }));

async function until(done: () => boolean, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!done()) {
    if (performance.now() - startedMs > 10_000) throw new Error(`Waited for ${what} in vain`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Answers the handshake of a web socket. @returns whether it was one */
function accept(socket: Socket, head: string): boolean {
  const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1];
  if (key === undefined) return false;
  const answer = new Bun.CryptoHasher("sha1")
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
  );
  return true;
}

const waitForEvents = (harness: ModuleHarness, count: number, process = APP): Promise<void> =>
  until(() => eventsOf(harness, process).length >= count, `${count} events`);

test("[M107] a GET answers with status, capitalised headers and the body as blob, also when no response is expected", async () => {
  raw.answer = (socket) =>
    socket.end("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nConnection: close\r\n\r\nhello");
  const harness = await client();
  const answer = await harness.ask(APP, http(raw.url));
  expect(answer.json).toEqual({
    Ok: { Http: { status: 200, headers: { "Content-Type": "text/plain", Connection: "close" } } },
  });
  expect(answer.blob?.mime).toBeUndefined();
  expect(decode(answer.blob?.bytes)).toBe("hello");
  const unasked = await harness.ask(APP, { ...http(raw.url), expectsResponse: null });
  expect(unasked.json).toMatchObject({ Ok: { Http: { status: 200 } } });
  expect(decode(unasked.blob?.bytes)).toBe("hello");
});

test("of several headers of one name the last counts, and one that is not visible ASCII is empty", async () => {
  raw.answer = (socket) =>
    socket.end(
      "HTTP/1.1 200 OK\r\nx-two: 1\r\nX-TWO: 2\r\nx-odd: café\r\nCONTENT-LENGTH: 0\r\nConnection: close\r\n\r\n",
    );
  const harness = await client();
  expect((await harness.ask(APP, http(raw.url))).json).toEqual({
    Ok: {
      Http: {
        status: 200,
        headers: { "X-Two": "2", "X-Odd": "", "Content-Length": "0", Connection: "close" },
      },
    },
  });
});

test("any method carries the blob, and headers arrive as given", async () => {
  raw.answer = (socket) => socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  const harness = await client();
  for (const method of ["GET", "PURGE", "DELETE"]) {
    raw.heads.length = 0;
    const headers = { "X-One": "1", "Bad Name": "x", Host: "other.example" };
    const answer = await harness.ask(APP, http(`${raw.url}/p?q=%20`, { method, headers }, "abc"));
    expect(answer.json).toMatchObject({ Ok: { Http: { status: 204 } } });
    expect(answer.blob?.bytes.length).toBe(0);
    const head = raw.heads.join("");
    expect(head).toStartWith(`${method} /p?q=%20 HTTP/1.1\r\n`);
    expect(head).toContain("\r\nX-One: 1\r\n");
    expect(head).toContain("\r\nHost: other.example\r\n");
    expect(head).not.toContain("Bad Name");
    expect(head).toEndWith("\r\n\r\nabc");
  }
});

test("[M108] a bad method, URL or version is told by name", async () => {
  const harness = await client();
  const bad = async (fields: Record<string, unknown>, url = WEB) =>
    (await harness.ask(APP, http(url, fields))).json;
  expect(await bad({ method: " " })).toEqual({ Err: { BadMethod: { method: " " } } });
  expect(await bad({}, "nope")).toEqual({ Err: { BadUrl: { url: "nope" } } });
  expect(await bad({ version: "2" })).toEqual({ Err: { BadVersion: { version: "2" } } });
  for (const version of ["HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0", null]) {
    expect(await bad({ version })).toMatchObject({ Ok: { Http: { status: 200 } } });
  }
  expect(await bad({}, "file:///etc/passwd")).toMatchObject({
    Err: { BuildRequestFailed: expect.stringContaining("neither http: nor https:") },
  });
  for (const body of ["{", "null", { Http: { method: "GET", url: WEB } }, { Other: {} }])
    expect((await harness.ask(APP, { body })).json).toEqual({ Err: "MalformedRequest" });
});

test("[M109] a refused connection is ExecuteRequestFailed, and only told to who expects a response", async () => {
  const closed = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const url = `http://127.0.0.1:${closed.port}/`;
  await closed.stop(true);
  const harness = await client();
  const answer = await harness.ask(APP, http(url));
  expect(answer.json).toEqual({ Err: { ExecuteRequestFailed: "connection refused" } });
  harness.post(APP, { ...http(url), expectsResponse: null });
  // a later request of the same kind has had its answer: the first one gets none
  await harness.ask(APP, http(url));
  await harness.ask(APP, http(WEB));
  expect(harness.answers).toHaveLength(3);
});

test("cookies that a server sets come back to it from nobody, also on a kept connection and after a redirect", async () => {
  const harness = await client();
  raw.heads.length = 0;
  raw.answer = (socket, head) => {
    const status = head.startsWith("GET /first") ? "302 Found\r\nLocation: /second" : "200 OK";
    socket.write(`HTTP/1.1 ${status}\r\nSet-Cookie: id=secret\r\nContent-Length: 0\r\n\r\n`);
  };
  for (const app of [APP, OTHER]) {
    const { json } = await harness.ask(app, http(`${raw.url}/first`));
    expect(json).toMatchObject({ Ok: { Http: { headers: { "Set-Cookie": "id=secret" } } } });
  }
  expect(raw.heads).toHaveLength(4);
  for (const head of raw.heads) expect(head).not.toMatch(/cookie/i);
  // It was kept for the next request.
  expect(raw.sockets.size).toBe(1);
  for (const socket of raw.sockets) socket.destroy();
});

test("redirects are followed, ten at most", async () => {
  const harness = await client();
  const after = async (left: number) => harness.ask(APP, http(`${WEB}/redirect?left=${left}`));
  expect(decode((await after(9)).blob?.bytes)).toBe("GET /echo 0");
  expect((await after(10)).json).toEqual({
    Err: { ExecuteRequestFailed: "more than 10 redirects" },
  });
});

test("a body that breaks off, is too large or is compressed", async () => {
  const harness = await client({ limits: { maxResponseBytes: 1_000_000 } });
  raw.answer = (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  expect((await harness.ask(APP, http(raw.url))).json).toMatchObject({
    Err: { ExecuteRequestFailed: expect.stringMatching(/connection lost/) },
  });
  expect((await harness.ask(APP, http(`${WEB}/large`))).json).toEqual({
    Err: { ExecuteRequestFailed: "the response is larger than 1000000 bytes" },
  });
  raw.answer = (socket) =>
    socket.end("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw");
  expect(decode((await harness.ask(APP, http(raw.url))).blob?.bytes)).toBe("raw");
});

test("[M114] a server that hangs is left when the sender stops waiting", async () => {
  const harness = await client();
  raw.answer = () => undefined;
  raw.heads.length = 0;
  const startedMs = performance.now();
  const answer = await harness.ask(APP, { ...http(raw.url), expectsResponse: 1 });
  expect(answer.json).toEqual({
    Err: { ExecuteRequestFailed: "no whole response within 1 s" },
  });
  expect(performance.now() - startedMs).toBeGreaterThan(900);
  expect(raw.heads).toHaveLength(1);
  await until(() => raw.sockets.size === 0, "the end of the connection");
});

test("[M114] what nobody waits for is left after a minute, the handshake of a web socket too", async () => {
  const clock = createVirtualClock();
  const harness = await client({ clock });
  raw.answer = () => undefined;
  raw.heads.length = 0;
  const socketUrl = `${raw.url.replace("http", "ws")}/`;
  harness.post(APP, { ...http(raw.url), expectsResponse: null });
  harness.post(APP, { ...open(1, socketUrl), expectsResponse: null });
  await until(() => raw.heads.length === 2, "both requests");
  await clock.advance(59_999);
  expect(raw.sockets.size).toBe(2);
  expect(harness.answers).toEqual([]);
  await clock.advance(1);
  await until(() => raw.sockets.size === 0, "the end of both connections");
  expect(harness.answers.map(({ json }) => json)).toEqual([
    { Err: { WsOpenFailed: { url: socketUrl } } },
  ]);
});

test("requests from other nodes are dropped, and so is what belongs to a process that ended", async () => {
  const harness = await client();
  raw.heads.length = 0;
  raw.answer = () => undefined;
  harness.post(APP, { ...http(raw.url), node: "bob.os" });
  await harness.ask(APP, http(WEB));
  expect(raw.heads).toEqual([]);
  expect(harness.answers).toHaveLength(1);
  const module = createHttpClient({ clock: realClock, ownPorts: () => [] });
  const ended = createModuleHarness(module);
  await ended.start();
  ended.post(APP, http(raw.url));
  await until(() => raw.sockets.size === 1, "the connection");
  module.processEnded!(APP as never);
  await until(() => raw.sockets.size === 0, "the end of the connection");
});

test("apps cannot reach the node's own ports, under no name, nor addresses of clouds", async () => {
  const harness = await client({ ownPorts: () => [web.port!] });
  const refused = {
    Err: { ExecuteRequestFailed: expect.stringContaining("apps may not connect there") },
  };
  for (const host of [
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0.0.0.0",
    "127.1",
    "2130706433",
    "[::ffff:127.0.0.1]",
  ])
    expect((await harness.ask(APP, http(`http://${host}:${web.port}/`))).json).toMatchObject(
      refused,
    );
  expect(
    (await harness.ask(APP, http("http://169.254.169.254/latest/meta-data"))).json,
  ).toMatchObject(refused);
  raw.answer = (socket) =>
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${WEB}/echo\r\nContent-Length: 0\r\n\r\n`);
  expect((await harness.ask(APP, http(raw.url))).json).toMatchObject(refused);
  const socket = await harness.ask(APP, open(1, `ws://localhost:${web.port}/socket`));
  expect(socket.json).toEqual({
    Err: { WsOpenFailed: { url: `ws://localhost:${web.port}/socket` } },
  });
});

test("a process has a bounded number of requests on their way", async () => {
  const harness = await client({ limits: { maxRequestsPerProcess: 2 } });
  raw.answer = () => undefined;
  harness.post(APP, http(raw.url));
  harness.post(APP, http(raw.url));
  expect((await harness.ask(APP, http(WEB))).json).toEqual({
    Err: { ExecuteRequestFailed: `${APP} has 2 requests on their way, its limit` },
  });
  expect((await harness.ask(OTHER, http(WEB))).json).toMatchObject({ Ok: {} });
});

test("[M110] a web socket opens, carries text and bytes both ways, tells of pings, and closes", async () => {
  const harness = await client();
  const opened = await harness.ask(APP, open(1));
  expect(opened.json).toEqual(ACK);
  const { id } = opened;
  expect((await harness.ask(APP, push(1, "Text", "hi"))).json).toEqual(ACK);
  await waitForEvents(harness, 1);
  expect((await harness.ask(APP, push(1, "Binary", new Uint8Array([65])))).json).toEqual(ACK);
  await waitForEvents(harness, 2);
  expect((await harness.ask(APP, push(1, "Text", "ping"))).json).toEqual(ACK);
  await waitForEvents(harness, 3);
  expect((await harness.ask(APP, push(1, "Ping"))).json).toEqual(ACK);
  await waitForEvents(harness, 4);
  expect((await harness.ask(APP, close(1))).json).toEqual(ACK);
  await waitForEvents(harness, 5);
  const pushed = (type: string) => ({ WebSocketPush: { channel_id: 1, message_type: type } });
  const plain = { id, mime: undefined, text: undefined, expectsResponse: undefined };
  expect(eventsOf(harness)).toEqual([
    { ...plain, json: pushed("Text"), mime: "text/plain", text: "hi" },
    { ...plain, json: pushed("Binary"), mime: "application/octet-stream", text: "A" },
    { ...plain, json: pushed("Ping") },
    { ...plain, json: pushed("Pong") },
    { ...plain, json: { WebSocketClose: { channel_id: 1 } } },
  ]);
});

test("a web socket that cannot be opened is told with its URL, and leaves its number free", async () => {
  const harness = await client();
  const answer = await harness.ask(APP, open(1, `ws://127.0.0.1:${web.port}`));
  expect(answer.json).toEqual({ Err: { WsOpenFailed: { url: `ws://127.0.0.1:${web.port}/` } } });
  expect((await harness.ask(APP, open(1, "nope"))).json).toEqual({
    Err: { BadUrl: { url: "nope" } },
  });
  expect((await harness.ask(APP, open(1, "mailto:a@b"))).json).toEqual({
    Err: { WsOpenFailed: { url: "mailto:a@b" } },
  });
  expect((await harness.ask(APP, open(1))).json).toEqual(ACK);
  expect(eventsOf(harness)).toEqual([]);
});

test("whole responses have a bound together: who has most of it is told so, others get theirs", async () => {
  const harness = await client({ limits: { maxArrivingBytes: 4_400_000 } });
  const hold = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      const body = async function* () {
        yield new Uint8Array(1_500_000);
        await over.promise;
      };
      return new Response(body());
    },
  });
  const over = Promise.withResolvers<void>();
  const asked = harness.ask(APP, http(`http://127.0.0.1:${hold.port}/`));
  const large = (app: string) => harness.ask(app, http(`${WEB}/large`));
  // Until what is held has arrived.
  for (;;) {
    const { json } = await large(APP);
    if ("Ok" in (json as object)) continue;
    expect(json).toEqual({
      Err: {
        ExecuteRequestFailed:
          "the node has no memory for the response now: ask again later, or for the response in parts",
      },
    });
    break;
  }
  expect((await harness.ask(APP, http(`${WEB}/echo`))).json).toMatchObject({
    Ok: { Http: { status: 200 } },
  });
  over.resolve();
  expect((await asked).blob?.bytes.length).toBe(1_500_000);
  expect((await large(APP)).json).toMatchObject({ Ok: { Http: { status: 200 } } });
  await hold.stop(true);
});

test("[M111] an unknown channel, a missing blob and text that is not UTF-8 are three different errors", async () => {
  const harness = await client();
  const error = async (message: ReturnType<typeof push> | ReturnType<typeof close>) =>
    (await harness.ask(APP, message)).json;
  const unknown = { Err: { WsPushUnknownChannel: { channel_id: 1 } } };
  expect(await error(push(1, "Text", "x"))).toEqual(unknown);
  await harness.ask(APP, open(1));
  expect(await error(push(1, "Text"))).toEqual({ Err: "WsPushNoBlob" });
  expect(await error(push(1, "Text", new Uint8Array([0xff])))).toEqual({ Err: "WsPushBadText" });
  expect(await error(push(1, "Binary", new Uint8Array([0xff])))).toEqual(ACK);
  expect(await error(close(2))).toEqual({ Err: { WsCloseFailed: { channel_id: 2 } } });
  expect((await harness.ask(OTHER, push(1, "Text", "x"))).json).toEqual(unknown);
});

test("[M112] two processes use one number each for themselves, and opening it again replaces the old connection, not the new", async () => {
  const harness = await client();
  const before = web.pendingWebSockets;
  const first = await harness.ask(APP, open(7));
  const other = await harness.ask(OTHER, open(7));
  const second = await harness.ask(APP, open(7));
  expect([first.json, other.json, second.json]).toEqual([ACK, ACK, ACK]);
  await until(() => web.pendingWebSockets === before + 2, "the end of the old connection");
  for (const [process, id] of [
    [APP, second.id],
    [OTHER, other.id],
  ] as const) {
    expect((await harness.ask(process, push(7, "Text", process))).json).toEqual(ACK);
    await waitForEvents(harness, 1, process);
    expect(eventsOf(harness, process)).toMatchObject([{ id, text: process }]);
  }
  // One that cannot be opened replaces nothing.
  const url = `ws://127.0.0.1:${web.port}/`;
  expect((await harness.ask(APP, open(7, url))).json).toEqual({ Err: { WsOpenFailed: { url } } });
  expect((await harness.ask(APP, push(7, "Text", "still"))).json).toEqual(ACK);
  await waitForEvents(harness, 2);
  expect(eventsOf(harness)[1]).toMatchObject({ id: second.id, text: "still" });
});

test("what a server sends after the process has closed is dropped but for its close frame", async () => {
  const harness = await client();
  let frames = "";
  raw.answer = (socket, head) => {
    if (accept(socket, head)) return;
    frames += head;
    // The client's close frame: opcode 8, masked.
    if (frames.startsWith("\x88")) socket.end(Buffer.from("\x81\x02hi\x88\x02\x03\xe8", "latin1"));
  };
  expect((await harness.ask(APP, open(1, raw.url.replace("http", "ws")))).json).toEqual(ACK);
  expect((await harness.ask(APP, close(1))).json).toEqual(ACK);
  await waitForEvents(harness, 1);
  expect(eventsOf(harness).map(({ json }) => json)).toEqual([
    { WebSocketClose: { channel_id: 1 } },
  ]);
});

test("[M113] a server that goes without a close frame, in order or not, is told as closed", async () => {
  const harness = await client();
  await harness.ask(APP, open(1));
  await harness.ask(APP, push(1, "Text", "drop"));
  await waitForEvents(harness, 1);
  // a server of our own for the two ends of a connection: FIN and RST
  for (const [channelId, end] of [
    [2, (socket: Socket) => socket.end()],
    [3, (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    raw.answer = (socket, head) => {
      if (accept(socket, head)) setTimeout(() => end(socket), 20);
    };
    const url = raw.url.replace("http", "ws");
    expect((await harness.ask(APP, open(channelId, url))).json).toEqual(ACK);
    await waitForEvents(harness, channelId);
  }
  expect(eventsOf(harness).map(({ json }) => json)).toEqual(
    [1, 2, 3].map((id) => ({ WebSocketClose: { channel_id: id } })),
  );
  expect((await harness.ask(APP, push(1, "Text", "x"))).json).toEqual({
    Err: { WsPushUnknownChannel: { channel_id: 1 } },
  });
});

test("a web socket whose server sends a message without end is left, whatever length is said; others go on", async () => {
  const harness = await client({ limits: { maxSocketMessageBytes: 100_000 } });
  expect((await harness.ask(APP, open(1))).json).toEqual(ACK);
  const socketUrl = raw.url.replace("http", "ws");
  let heard = "";
  // RFC 6455 §5.2: one frame of 2^62 bytes, and one message of ever more parts.
  const announced = Buffer.from("\x82\x7f\x40\0\0\0\0\0\0\0", "latin1");
  const part = Buffer.concat([Buffer.from("\x7e\x40\0", "latin1"), Buffer.alloc(0x4000)]);
  const endless = (socket: Socket): void => {
    socket.write(Buffer.concat([Buffer.of(2), part]));
    const more = (): void => {
      while (socket.writable && socket.write(Buffer.concat([Buffer.of(0), part])));
    };
    socket.on("drain", more);
    more();
  };
  for (const [channelId, send] of [
    [2, (socket: Socket) => void socket.write(announced)],
    [3, endless],
  ] as const) {
    heard = "";
    raw.answer = (socket, head) => {
      if (accept(socket, head)) send(socket);
      else heard += head;
    };
    expect((await harness.ask(APP, open(channelId, socketUrl))).json).toEqual(ACK);
    await waitForEvents(harness, channelId - 1);
    await until(() => raw.sockets.size === 0, "the end of the connection");
    // Masked, of two bytes: status 1009.
    const [first, length, ...masked] = Buffer.from(heard, "latin1");
    const status = [4, 5].map((at) => masked[at]! ^ masked[at - 4]!);
    expect([first, length, ...status]).toEqual([0x88, 0x82, 1009 >> 8, 1009 & 0xff]);
  }
  expect(eventsOf(harness).map(({ json }) => json)).toEqual(
    [2, 3].map((id) => ({ WebSocketClose: { channel_id: id } })),
  );
  const whole = new Uint8Array(100_000).fill(65);
  expect((await harness.ask(APP, push(1, "Binary", whole))).json).toEqual(ACK);
  await waitForEvents(harness, 3);
  expect(eventsOf(harness)[2]?.text).toHaveLength(100_000);
  await harness.ask(APP, push(1, "Binary", new Uint8Array(100_001)));
  await waitForEvents(harness, 4);
  expect(eventsOf(harness)[3]?.json).toEqual({ WebSocketClose: { channel_id: 1 } });
});

test("a push to a server that does not read fails when as much waits for it as may; others go on", async () => {
  const harness = await client({ limits: { maxSocketBufferedBytes: 1_000_000 } });
  raw.answer = (socket, head) => {
    if (accept(socket, head)) socket.pause();
  };
  expect((await harness.ask(APP, open(1, raw.url.replace("http", "ws")))).json).toEqual(ACK);
  expect((await harness.ask(APP, open(2))).json).toEqual(ACK);
  const block = new Uint8Array(256 * 1024);
  let answer: unknown = ACK;
  // The system's own buffers take some megabytes first.
  for (let count = 0; count < 400 && Bun.deepEquals(answer, ACK); count++)
    answer = (await harness.ask(APP, push(1, "Binary", block))).json;
  expect(answer).toEqual({ Err: { WsPushUnknownChannel: { channel_id: 1 } } });
  expect((await harness.ask(APP, push(2, "Text", "hi"))).json).toEqual(ACK);
  await waitForEvents(harness, 1);
  expect(eventsOf(harness)).toMatchObject([{ text: "hi" }]);
  for (const socket of raw.sockets) socket.destroy();
});

test("messages of web sockets that are still arriving share the memory of whole responses", async () => {
  const limits = { maxArrivingBytes: 1_000_000, maxSocketMessageBytes: 10_000_000 };
  const harness = await client({ limits });
  raw.answer = (socket, head) => {
    if (!accept(socket, head)) return;
    // 10,000,000 bytes are said, a tenth of them comes.
    socket.write(Buffer.from("\x82\x7f\0\0\0\0\0\x98\x96\x80", "latin1"));
    socket.write(Buffer.alloc(1_000_000));
  };
  const socketUrl = raw.url.replace("http", "ws");
  expect((await harness.ask(APP, open(1, socketUrl))).json).toEqual(ACK);
  await waitForEvents(harness, 1);
  expect(eventsOf(harness)[0]?.json).toEqual({ WebSocketClose: { channel_id: 1 } });
  // All of it was given back.
  expect((await harness.ask(APP, http(`${WEB}/echo`, {}, new Uint8Array(10)))).json).toMatchObject({
    Ok: {},
  });
});

test("web sockets end with their process, and a slow handshake does not hold up others", async () => {
  const module = createHttpClient({ clock: realClock, ownPorts: () => [] });
  const harness = createModuleHarness(module);
  await harness.start();
  raw.answer = () => undefined;
  harness.post(OTHER, open(1, raw.url.replace("http", "ws")));
  expect((await harness.ask(APP, open(1))).json).toEqual(ACK);
  const before = web.pendingWebSockets;
  module.processEnded!(APP as never);
  await until(() => web.pendingWebSockets === before - 1, "the end of the web socket");
  expect(eventsOf(harness)).toEqual([]);
  await module.stop?.();
  await until(() => raw.sockets.size === 0, "the end of the handshake");
});
