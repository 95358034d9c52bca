/**
 * Bodies in parts of the HTTP client, giving up, and how much of the node one process or one peer can hold, against real
 * servers. Source: packages/types/src/body-stream.ts, docs/modules/http-client.md.
 * @module
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { HarnessMessage, ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Clock, RuntimeModule } from "@kinode-ts/types";
import { createHttpClient } from "../src/client/http-client-bun.ts";
import type { HttpClientOptions } from "../src/client/http-client-bun.ts";

setDefaultTimeout(120_000);

const APP = "app:test:sys";
const OTHER = "other:test:sys";
const PART = 64 * 1024;

const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

/** Gives each connection to `serve` with the first bytes that came. */
class RawServer {
  readonly sockets = new Set<Socket>();
  serve: (socket: Socket, first: Buffer) => void = () => undefined;
  readonly #server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("data", (data) => this.serve(socket, data as Buffer));
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
let endSlow: (() => void) | undefined;
const web = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") {
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue("first");
          await new Promise<void>((resolve) => (endSlow = resolve));
          controller.enqueue("second");
          controller.close();
        },
      });
      return new Response(body, { status: 201, headers: { "x-kind": "slow" } });
    }
    if (pathname === "/moved") return Response.redirect("/echo", 307);
    if (pathname === "/seen") return Response.redirect("/cookies", 303);
    if (pathname === "/cookies") {
      const headers = new Headers([
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ]);
      return new Response("cookies", { headers });
    }
    const bytes = await request.bytes();
    return new Response(`${request.method} ${bytes.length} ${Bun.hash(bytes)}`);
  },
});
const WEB = `http://127.0.0.1:${web.port}`;

beforeAll(() => raw.listen());
afterAll(async () => {
  endSlow?.();
  raw.close();
  await web.stop(true);
});

interface Client extends ModuleHarness {
  readonly module: RuntimeModule;
}

async function client(options: Partial<HttpClientOptions> = {}): Promise<Client> {
  const module = createHttpClient({ clock: realClock, ownPorts: () => [], ...options });
  const harness = createModuleHarness(module);
  await harness.start();
  return Object.assign(harness, { module });
}

const http = (
  url: string,
  fields: Record<string, unknown> = {},
  blob?: HarnessMessage["blob"],
) => ({
  body: { Http: { method: "GET", version: null, url, headers: {}, ...fields } },
  blob,
  expectsResponse: 20,
});
const post = (url: string, fields: Record<string, unknown> = {}) =>
  http(url, { method: "POST", ...fields });

const action = (name: string, fields: object, blob?: HarnessMessage["blob"]) => ({
  body: { [name]: fields },
  blob,
  expectsResponse: 20,
});

async function jsonOf(harness: ModuleHarness, message: HarnessMessage, process = APP) {
  return (await harness.ask(process, message)).json;
}

async function read(harness: ModuleHarness, stream: number, maxBytes?: number) {
  const { json, blob } = await harness.ask(
    APP,
    action("BodyRead", { stream, ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }) }),
  );
  return { json, text: blob && new TextDecoder().decode(blob.bytes) };
}

const CHUNK = { Ok: { BodyChunk: { done: false } } };
const DONE = { Ok: { BodyChunk: { done: true } } };
const OK = { Ok: null };
const CLOSED = { Err: "StreamClosed" };
const UNKNOWN = { Err: "UnknownStream" };

async function until(done: () => boolean, what: string): Promise<void> {
  const startedMs = performance.now();
  while (!done()) {
    if (performance.now() - startedMs > 60_000) throw new Error(`never: ${what}`);
    await Bun.sleep(5);
  }
}

test("the head of a response comes before its body, which is read as it comes", async () => {
  const harness = await client();
  const head = await harness.ask(APP, http(`${WEB}/slow`, { stream_response: 7 }));
  expect(head.json).toMatchObject({
    Ok: { Http: { status: 201, headers: { "X-Kind": "slow" }, body_stream: 7 } },
  });
  expect(head.blob).toBeUndefined();
  expect(await read(harness, 7, 3)).toEqual({ json: CHUNK, text: "fir" });
  expect(await read(harness, 7)).toEqual({ json: CHUNK, text: "st" });
  const late = read(harness, 7);
  endSlow!();
  expect(await late).toEqual({ json: CHUNK, text: "second" });
  expect(await read(harness, 7)).toEqual({ json: DONE, text: "" });
  expect((await read(harness, 7)).json).toEqual(UNKNOWN);
});

test("a short body that is there comes with the head, any other in parts and whole", async () => {
  const harness = await client();
  const short = await harness.ask(
    APP,
    http(`${WEB}/cookies`, { stream_response: 1, whole_up_to: 7 }),
  );
  expect(new TextDecoder().decode(short.blob!.bytes)).toBe("cookies");
  expect((await read(harness, 1)).json).toEqual(UNKNOWN);
  const long = await harness.ask(
    APP,
    http(`${WEB}/cookies`, { stream_response: 1, whole_up_to: 6 }),
  );
  expect(long.blob).toBeUndefined();
  expect(await read(harness, 1)).toEqual({ json: CHUNK, text: "cookies" });
  expect((await read(harness, 1)).json).toEqual(DONE);
  const late = await harness.ask(
    APP,
    http(`${WEB}/slow`, { stream_response: 1, whole_up_to: 1_000 }),
  );
  expect(late.blob).toBeUndefined();
  endSlow!();
  expect(await read(harness, 1)).toEqual({ json: CHUNK, text: "first" });
  expect(await read(harness, 1)).toEqual({ json: CHUNK, text: "second" });
  expect((await read(harness, 1)).json).toEqual(DONE);
  raw.serve = (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  const broken = http(raw.url, { stream_response: 1, whole_up_to: 1_000 });
  expect(await jsonOf(harness, broken)).toMatchObject({
    Err: { ExecuteRequestFailed: expect.any(String) },
  });
});

test("a stream belongs to the process that asked", async () => {
  const harness = await client();
  await harness.ask(APP, http(`${WEB}/slow`, { stream_response: 1 }));
  expect(await jsonOf(harness, action("BodyRead", { stream: 1 }), OTHER)).toEqual(UNKNOWN);
  expect(await jsonOf(harness, action("BodyAbort", { stream: 1, reading: true }), OTHER)).toEqual(
    UNKNOWN,
  );
  expect(await read(harness, 1)).toMatchObject({ text: "first" });
  endSlow!();
});

test("a server is not read faster than the process reads, and giving up ends the connection", async () => {
  const harness = await client();
  let written = 0;
  raw.serve = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const part = Buffer.alloc(PART);
    const write = (): void => {
      while (written < 100_000_000 && !socket.destroyed) {
        written += PART;
        if (!socket.write(part)) return void socket.once("drain", write);
      }
    };
    write();
  };
  await harness.ask(APP, http(raw.url, { stream_response: 1 }));
  for (let i = 0; i < 4; i++) expect((await read(harness, 1)).json).toEqual(CHUNK);
  await Bun.sleep(200); // time in which a reader without bounds would take everything
  expect(written).toBeLessThan(32_000_000);
  expect(raw.sockets.size).toBe(1);
  expect(await jsonOf(harness, action("BodyAbort", { stream: 1, reading: true }))).toEqual(OK);
  await until(() => raw.sockets.size === 0, "the end of the connection");
  expect((await read(harness, 1)).json).toEqual(UNKNOWN);
});

test("a body that breaks off is told as closed, not as done", async () => {
  const harness = await client();
  for (const head of [
    "Content-Length: 100\r\n\r\nabc",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
  ]) {
    let connection: Socket | undefined;
    raw.serve = (socket) => {
      connection = socket;
      socket.write(`HTTP/1.1 200 OK\r\n${head}`);
    };
    await harness.ask(APP, http(raw.url, { stream_response: 1 }));
    expect(await read(harness, 1)).toEqual({ json: CHUNK, text: "abc" });
    const next = read(harness, 1);
    connection!.destroy();
    expect((await next).json).toEqual(CLOSED);
  }
});

test("a request is sent as it is written, and a slow server holds back the writer", async () => {
  const harness = await client({ bodyStreamLimits: { highWaterBytes: 256 * 1024 } });
  let got = 0;
  let connection: Socket | undefined;
  raw.serve = (socket, first) => {
    connection = socket;
    got = first.length;
    socket.pause();
    socket.on("data", (data) => (got += data.length));
  };
  const answer = harness.ask(APP, post(raw.url, { stream_request: 3 }));
  let taken = 0;
  const bytes = new Uint8Array(PART);
  const writing = (async () => {
    for (; taken < 1_000; taken++) {
      const json = await jsonOf(harness, action("BodyWrite", { stream: 3 }, bytes));
      if (JSON.stringify(json) !== JSON.stringify(OK)) return json;
    }
    return undefined;
  })();
  let before = -1;
  while (taken !== before) {
    before = taken;
    await Bun.sleep(150);
  }
  expect(taken).toBeLessThan(500);
  connection!.resume();
  expect(await writing).toBeUndefined();
  expect(await jsonOf(harness, action("BodyEnd", { stream: 3 }))).toEqual(OK);
  await until(() => got > 1_000 * PART, "the whole body");
  connection!.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  expect((await answer).json).toMatchObject({ Ok: { Http: { status: 200 } } });
});

test("a body in parts arrives whole, in order", async () => {
  const harness = await client();
  const answer = harness.ask(APP, post(`${WEB}/echo`, { stream_request: 0 }));
  const all = crypto.getRandomValues(new Uint8Array(50_000));
  for (let at = 0; at < all.length; at += 7_001) {
    const part = all.slice(at, at + 7_001);
    expect(await jsonOf(harness, action("BodyWrite", { stream: 0 }, part))).toEqual(OK);
  }
  await harness.ask(APP, action("BodyEnd", { stream: 0 }));
  expect(new TextDecoder().decode((await answer).blob!.bytes)).toBe(`POST 50000 ${Bun.hash(all)}`);
});

test("a writer that gives up fails the request, and the server sees a broken body", async () => {
  const harness = await client();
  let isEnded = false;
  let text = "";
  raw.serve = (socket, first) => {
    text = first.toString("latin1");
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("close", () => (isEnded = true));
  };
  const answer = jsonOf(harness, post(raw.url, { stream_request: 1 }));
  await harness.ask(APP, action("BodyWrite", { stream: 1 }, "some"));
  await until(() => text.includes("some"), "the first part");
  expect(await jsonOf(harness, action("BodyAbort", { stream: 1 }))).toEqual(OK);
  expect(await answer).toEqual({
    Err: { ExecuteRequestFailed: "the body of the request was given up" },
  });
  await until(() => isEnded, "the end of the connection");
  expect(text).not.toContain("0\r\n\r\n");
});

test("a server that answers early wants no more of the body", async () => {
  const harness = await client();
  raw.serve = (socket) =>
    void socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const answer = jsonOf(harness, post(raw.url, { stream_request: 1 }));
  await harness.ask(APP, action("BodyWrite", { stream: 1 }, "some"));
  expect(await answer).toMatchObject({ Ok: { Http: { status: 413 } } });
  expect(await jsonOf(harness, action("BodyWrite", { stream: 1 }, "more"))).toEqual(CLOSED);
});

test("a request whose body comes in parts is not sent twice", async () => {
  const harness = await client();
  const answer = jsonOf(harness, post(`${WEB}/moved`, { stream_request: 1 }));
  await harness.ask(APP, action("BodyEnd", { stream: 1 }));
  expect(await answer).toEqual({
    Err: {
      ExecuteRequestFailed: "the server redirects, and a body in parts cannot be sent again",
    },
  });
  const both = { ...post(WEB, { stream_request: 2 }), blob: "x" };
  expect(await jsonOf(harness, both)).toEqual({
    Err: { BuildRequestFailed: "a body in parts and a blob as well" },
  });
});

test("numbers in use are refused, and free again after a request that failed", async () => {
  const harness = await client({ bodyStreamLimits: { maxStreamsPerProcess: 2 } });
  raw.serve = () => undefined;
  harness.post(APP, post(raw.url, { stream_request: 1, request_id: 1 }));
  expect(await jsonOf(harness, post(WEB, { stream_request: 1 }))).toEqual({
    Err: { BuildRequestFailed: `the stream 1 is in use, or ${APP} has too many` },
  });
  expect(await jsonOf(harness, http(WEB, { request_id: 1 }))).toEqual({
    Err: { BuildRequestFailed: "the request_id 1 is in use" },
  });
  for (let i = 0; i < 3; i++) {
    const refused = post("http://169.254.169.254/", { stream_request: 2 });
    expect(await jsonOf(harness, refused)).toMatchObject({
      Err: { ExecuteRequestFailed: expect.stringContaining("link-local") },
    });
  }
  expect(await jsonOf(harness, action("HttpAbort", { request_id: 1 }))).toEqual(OK);
  harness.post(APP, post(raw.url, { stream_request: 1 }));
  expect(await jsonOf(harness, action("BodyWrite", { stream: 1 }, "x"))).toEqual(OK);
  harness.module.processEnded!(APP as never);
});

test("a request can be given up before its answer, by its own process only", async () => {
  const harness = await client();
  let isSent = false;
  raw.serve = () => (isSent = true);
  const answer = jsonOf(harness, http(raw.url, { request_id: 9 }));
  await until(() => isSent, "the request");
  const abort = action("HttpAbort", { request_id: 9 });
  expect(await jsonOf(harness, abort, OTHER)).toEqual({ Err: "UnknownRequest" });
  expect(await jsonOf(harness, abort)).toEqual(OK);
  expect(await answer).toEqual({ Err: { ExecuteRequestFailed: "given up by the process" } });
  await until(() => raw.sockets.size === 0, "the end of the connection");
  expect(await jsonOf(harness, abort)).toEqual({ Err: "UnknownRequest" });
});

test("giving up a request breaks the body that is being read", async () => {
  const harness = await client();
  raw.serve = (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
  await harness.ask(APP, http(raw.url, { request_id: 1, stream_response: 1 }));
  await read(harness, 1);
  const next = read(harness, 1);
  expect(await jsonOf(harness, action("HttpAbort", { request_id: 1 }))).toEqual(OK);
  expect((await next).json).toEqual(CLOSED);
});

test("what a process left open ends with it", async () => {
  const harness = await client();
  raw.serve = (socket, first) => {
    if (first.toString("latin1").startsWith("GET"))
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
  };
  await harness.ask(APP, http(raw.url, { stream_response: 1 }));
  harness.post(APP, post(raw.url, { stream_request: 1 }));
  await harness.ask(APP, action("BodyWrite", { stream: 1 }, "x"));
  await until(() => raw.sockets.size === 2, "both connections");
  harness.module.processEnded!(APP as never);
  await until(() => raw.sockets.size === 0, "the end of both");
});

test("redirects are followed or not, and the answer tells the last place and every header", async () => {
  const harness = await client();
  expect(await jsonOf(harness, http(`${WEB}/seen`, { details: true }))).toMatchObject({
    Ok: {
      Http: {
        status: 200,
        url: `${WEB}/cookies`,
        headers: { "Set-Cookie": "b=2" },
        header_list: expect.arrayContaining([
          [expect.stringMatching(/set-cookie/i), "a=1"],
          [expect.stringMatching(/set-cookie/i), "b=2"],
        ]),
      },
    },
  });
  expect(await jsonOf(harness, http(`${WEB}/seen`, { redirect: "manual" }))).toMatchObject({
    Ok: { Http: { status: 303, headers: { Location: "/cookies" } } },
  });
  const inParts = http(`${WEB}/seen`, { stream_response: 1 });
  expect(await jsonOf(harness, inParts)).toMatchObject({ Ok: { Http: { status: 200 } } });
  expect(await read(harness, 1)).toMatchObject({ text: "cookies" });
});

test("extensions of the wrong kind are malformed", async () => {
  const harness = await client();
  for (const fields of [
    { request_id: -1 },
    { request_id: "1" },
    { stream_request: 2 ** 32 },
    { stream_response: 1.5 },
    { redirect: "error" },
    { details: 1 },
  ]) {
    expect(await jsonOf(harness, http(WEB, fields))).toEqual({ Err: "MalformedRequest" });
  }
  for (const [name, fields] of [
    ["HttpAbort", {}],
    ["BodyRead", { stream: -1 }],
    ["BodyWrite", []],
    ["BodyEnd", null],
  ] as const) {
    expect(await jsonOf(harness, { body: { [name]: fields } })).toEqual({
      Err: "MalformedRequest",
    });
  }
  expect(await jsonOf(harness, http(WEB, { request_id: null, details: null }))).toMatchObject({
    Ok: {},
  });
});

test("one process cannot take all places, and where they are scarce each has a few", async () => {
  const limits = {
    maxRequestsPerProcess: 6,
    maxRequests: 10,
    scarceFrom: 6,
    maxRequestsWhenScarce: 2,
  };
  const harness = await client({ limits });
  raw.serve = () => undefined;
  const hang = (process: string) => harness.post(process, http(raw.url));
  for (let i = 0; i < 6; i++) hang(APP);
  const failed = (text: string) => ({ Err: { ExecuteRequestFailed: text } });
  expect(await jsonOf(harness, http(WEB))).toEqual(
    failed(`${APP} has 6 requests on their way, its limit`),
  );
  expect(await jsonOf(harness, http(WEB), OTHER)).toMatchObject({ Ok: {} });
  for (let i = 0; i < 2; i++) hang(OTHER);
  expect(await jsonOf(harness, http(WEB), OTHER)).toEqual(
    failed(`${OTHER} has 2 requests on their way, its limit`),
  );
  for (let i = 0; i < 2; i++) hang("third:test:sys");
  expect(await jsonOf(harness, http(WEB), "fourth:test:sys")).toEqual(
    failed("the node has too many requests on their way"),
  );
  harness.module.processEnded!(APP as never);
  await until(() => raw.sockets.size === 4, "the end of the first six");
  expect(await jsonOf(harness, http(WEB), "fourth:test:sys")).toMatchObject({ Ok: {} });
  await harness.module.stop!();
});

test("a hundred peers that never answer, or never end, do not slow down one that does", async () => {
  const harness = await client();
  const p99 = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 200; i++) {
      const startedMs = performance.now();
      expect(await jsonOf(harness, http(WEB), OTHER)).toMatchObject({ Ok: {} });
      times.push(performance.now() - startedMs);
    }
    return times.sort((a, b) => a - b)[197]!;
  };
  await p99();
  const alone = await p99();
  let peers = 0;
  raw.serve = (socket) => {
    if (peers++ % 2 === 0) return;
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
  };
  for (let i = 0; i < 100; i++)
    harness.post(APP, http(raw.url, i % 3 === 0 ? { stream_response: i } : {}));
  await until(() => raw.sockets.size === 100, "all connections");
  const beside = await p99();
  // a machine that does other things as well may be slow at any time: only waiting for a peer would take seconds
  expect(beside).toBeLessThan(alone * 5 + 1_000);
  await harness.module.stop!();
  await until(() => raw.sockets.size === 0, "the end of all connections");
});
