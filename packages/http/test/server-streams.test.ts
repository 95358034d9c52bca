import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { APP, OTHER, pageOf, startWebNode, type Received, type WebNode } from "./web-node.ts";

const OK = { Ok: null };
const DEADLINE_MS = 60_000;
const PART_BYTES = 256 * 1024;

async function bindStreamed(node: WebNode, more: Readonly<Record<string, unknown>> = {}) {
  const fields = { path: "/up", authenticated: false, local_only: false, cache: false };
  const Bind = { ...fields, stream_request: true, ...more };
  expect((await node.harness.ask(APP, { body: { Bind } })).json).toEqual(OK);
}

async function read(node: WebNode, stream: number, max_bytes?: number, app = APP) {
  const answer = await node.harness.ask(app, { body: { BodyRead: { stream, max_bytes } } });
  return { json: answer.json, text: new TextDecoder().decode(answer.blob?.bytes) };
}

async function write(node: WebNode, stream: number, blob: string | Uint8Array) {
  return (await node.harness.ask(APP, { body: { BodyWrite: { stream } }, blob })).json;
}

async function end(node: WebNode, stream: number, name: "BodyEnd" | "BodyAbort" = "BodyEnd") {
  return (await node.harness.ask(APP, { body: { [name]: { stream } } })).json;
}

const chunk = (done: boolean) => ({ Ok: { BodyChunk: { done } } });
const isHttp = (received: Received) => received.http["method"] !== undefined;
const isAbort = (received: Received) =>
  typeof received.json === "object" && received.json !== null && "BodyAbort" in received.json;

/** Answers every request with a body that the app writes to `stream`. */
function serveStream(node: WebNode, stream: number, status = 200): void {
  const headers = { "Content-Type": "text/plain" };
  node.serve(() => ({ body: { status, headers, body_stream: stream } }));
}

/** Settles when the app's answer is there; the head leaves with the first part. */
async function answered(node: WebNode, count = 1): Promise<void> {
  await until(() => node.received.filter(isHttp).length >= count);
  await Bun.sleep(0);
}

function open(node: WebNode, text: string): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const socket: Socket = connect(node.port, "127.0.0.1", () => {
    socket.write(text);
    resolve(socket);
  });
  socket.on("error", () => {});
  return promise;
}

async function until(fits: () => boolean): Promise<void> {
  const dueMs = performance.now() + DEADLINE_MS;
  while (!fits()) {
    if (performance.now() > dueMs) throw new Error("It did not happen in time");
    await Bun.sleep(2);
  }
}

test("an app reads a request's body in parts, before the client has sent all of it, and answers", async () => {
  await using node = await startWebNode();
  await bindStreamed(node);
  let feed!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (feed = controller) });
  const page = fetch(`${node.url}/${APP}/up`, { method: "POST", body });
  feed.enqueue(new TextEncoder().encode("first"));
  const { id, http, blob, mime } = await node.waitFor(isHttp);
  expect([blob, mime]).toEqual([undefined, undefined]);
  const stream = http["body_stream"] as number;
  expect(await read(node, stream, 3)).toEqual({ json: chunk(false), text: "fir" });
  expect(await read(node, stream)).toEqual({ json: chunk(false), text: "st" });
  expect((await read(node, stream, 1, OTHER)).json).toEqual({ Err: "UnknownStream" });
  const late = read(node, stream);
  feed.enqueue(new TextEncoder().encode("second"));
  expect((await late).text).toBe("second");
  feed.close();
  expect(await read(node, stream)).toEqual({ json: chunk(true), text: "" });
  expect((await read(node, stream)).json).toEqual({ Err: "UnknownStream" });
  node.harness.answer(APP, id, { body: { status: 201, headers: {} }, blob: "thanks" });
  const response = await page;
  expect([response.status, await response.text()]).toEqual([201, "thanks"]);
});

test("a request without body reads as done, and a binding that did not ask for streams gets blobs", async () => {
  await using node = await startWebNode();
  await bindStreamed(node);
  await node.bind(APP, "/plain");
  const page = node.get(`/${APP}/up`);
  const { id, http } = await node.waitFor(isHttp);
  expect((await read(node, http["body_stream"] as number)).json).toEqual(chunk(true));
  node.harness.answer(APP, id, { body: { status: 204, headers: {} } });
  expect((await page).status).toBe(204);
  node.serve(pageOf);
  await node.get(`/${APP}/plain`, { method: "POST", body: "whole" });
  const plain = node.received.at(-1)!;
  expect([plain.blob, plain.http["body_stream"]]).toEqual(["whole", undefined]);
});

test("time to answer starts anew with each part that is read, and ends like any other", async () => {
  await using node = await startWebNode();
  await bindStreamed(node);
  let feed!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (feed = controller) });
  feed.enqueue(new Uint8Array(30));
  const page = fetch(`${node.url}/${APP}/up`, { method: "POST", body });
  const { http } = await node.waitFor(isHttp);
  for (let part = 0; part < 3; part++) {
    await node.clock.advance(14_000);
    expect((await read(node, http["body_stream"] as number, 10)).json).toEqual(chunk(false));
  }
  let status: number | undefined;
  void page.then((response) => (status = response.status));
  // A client that takes its time costs the app nothing.
  const waiting = read(node, http["body_stream"] as number);
  for (let quarter = 0; quarter < 3; quarter++) await node.clock.advance(15_000);
  await Bun.sleep(20);
  expect(status).toBeUndefined();
  feed.enqueue(new Uint8Array(1));
  expect((await waiting).json).toEqual(chunk(false));
  await node.clock.advance(15_000);
  expect((await page).status).toBe(408);
});

test("a client that goes away while its body is read is StreamClosed", async () => {
  await using node = await startWebNode();
  await bindStreamed(node);
  const head = `POST /${APP}/up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc`;
  const socket = await open(node, head);
  const stream = (await node.waitFor(isHttp)).http["body_stream"] as number;
  expect((await read(node, stream)).text).toBe("abc");
  const waiting = read(node, stream);
  socket.destroy();
  expect((await waiting).json).toEqual({ Err: "StreamClosed" });
  expect((await read(node, stream)).json).toEqual({ Err: "StreamClosed" });
});

test("a streamed body above the limit of its path is 413, whether its size is said or not", async () => {
  await using node = await startWebNode();
  await bindStreamed(node, { max_body_bytes: 4 });
  const url = `${node.url}/${APP}/up`;
  expect((await fetch(url, { method: "POST", body: "12345" })).status).toBe(413);
  expect(node.received).toHaveLength(0);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(5)),
  });
  const page = fetch(url, { method: "POST", body });
  const stream = (await node.waitFor(isHttp)).http["body_stream"] as number;
  expect((await read(node, stream)).json).toEqual({ Err: "StreamClosed" });
  expect((await page).status).toBe(413);
});

test("a sender is held back while the app does not read: the node keeps a part of the body, not all", async () => {
  await using node = await startWebNode();
  await bindStreamed(node);
  const total = 200 * 1024 * 1024;
  const socket = await open(
    node,
    `POST /${APP}/up HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${total}\r\n\r\n`,
  );
  const stream = (await node.waitFor(isHttp)).http["body_stream"] as number;
  const part = new Uint8Array(PART_BYTES);
  let sent = 0;
  while (sent < total && socket.write(part)) sent += part.length;
  let drained = 0;
  socket.on("drain", () => {
    drained++;
    while (sent < total && socket.write(part)) sent += part.length;
  });
  await Bun.sleep(300);
  // Buffers of the system and of the host: a few MiB.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  const before = drained;
  await until(() => {
    void read(node, stream, 4 * 1024 * 1024);
    return drained > before;
  });
  socket.destroy();
});

test("an app writes an answer in parts that arrive one by one, and ends it", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 7, 202);
  const page = node.get(`/${APP}`);
  await answered(node);
  expect(await write(node, 7, "one ")).toEqual(OK);
  const response = await page;
  expect([response.status, response.headers.get("content-type")]).toEqual([202, "text/plain"]);
  const reader = response.body!.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toBe("one ");
  expect(await write(node, 7, "two")).toEqual(OK);
  expect(await next()).toBe("two");
  expect(await end(node, 7)).toEqual(OK);
  expect((await reader.read()).done).toBe(true);
  expect(await write(node, 7, "late")).toEqual({ Err: "UnknownStream" });
  expect(node.received.some(isAbort)).toBe(false);
});

test("an answer given up arrives broken, not short", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 1);
  const page = node.get(`/${APP}`);
  await answered(node);
  await write(node, 1, "some");
  const response = await page;
  expect(await end(node, 1, "BodyAbort")).toEqual(OK);
  await expect(response.text()).rejects.toThrow();
});

test("an answer whose app ends arrives broken, one whose end was said whole", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 1);
  const first = node.get(`/${APP}`);
  await answered(node);
  await write(node, 1, "some");
  const open = await first;
  serveStream(node, 2);
  const second = node.get(`/${APP}`);
  await answered(node, 2);
  await write(node, 2, "all");
  await end(node, 2);
  const ended = await second;
  node.server.processEnded?.(APP as never);
  await expect(open.text()).rejects.toThrow();
  expect(await ended.text()).toBe("all");
});

test("a client that goes away is told to the app, and the next write is StreamClosed", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 3);
  const socket = await open(node, `GET /${APP} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await answered(node);
  expect(await write(node, 3, "x")).toEqual(OK);
  socket.destroy();
  expect((await node.waitFor(isAbort)).json).toEqual({ BodyAbort: { stream: 3 } });
  expect(await write(node, 3, "x")).toEqual({ Err: "StreamClosed" });
});

test("a client that does not read holds back its writer alone, and loses the stream after the idle time", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 1);
  const socket = await open(node, `GET /${APP} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.pause();
  await answered(node);
  const part = new Uint8Array(PART_BYTES);
  let taken = 0;
  let last: unknown;
  const writing = (async () => {
    for (;;) {
      last = await write(node, 1, part);
      if (last === undefined || (last as { Ok?: null }).Ok !== null) return;
      taken += part.length;
    }
  })();
  let before = -1;
  await until(() => {
    const isStuck = taken > 0 && taken === before;
    before = taken;
    return isStuck;
  });
  expect(taken).toBeLessThan(32 * 1024 * 1024);
  node.serve(pageOf);
  const startedMs = performance.now();
  expect((await node.get(`/${APP}`)).status).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(DEADLINE_MS);
  for (let quarter = 0; quarter < 6; quarter++) await node.clock.advance(15_000);
  await writing;
  expect(last).toEqual({ Err: "StreamClosed" });
  await node.waitFor(isAbort);
  socket.destroy();
});

test("HEAD and a status without body get no stream, and the app is told at once", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 1);
  const head = await node.get(`/${APP}`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await node.waitFor(isAbort)).json).toEqual({ BodyAbort: { stream: 1 } });
  serveStream(node, 2, 304);
  expect((await node.get(`/${APP}`)).status).toBe(304);
  expect(node.received.filter(isAbort)).toHaveLength(2);
});

test("a number of a stream that is taken is 503 and leaves the first one alone", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  serveStream(node, 1);
  const first = node.get(`/${APP}`);
  await answered(node);
  expect((await node.get(`/${APP}`)).status).toBe(503);
  await write(node, 1, "still here");
  await end(node, 1);
  expect(await (await first).text()).toBe("still here");
});

test("streams of one app are bounded, and other apps do not notice", async () => {
  await using node = await startWebNode({ limits: { bodyStreams: { maxStreamsPerProcess: 2 } } });
  await node.bind(APP, "/");
  await node.bind(OTHER, "/");
  let stream = 0;
  const headers = {};
  node.serve(() => ({ body: { status: 200, headers, body_stream: ++stream } }));
  const pages = [APP, APP].map((app) => node.get(`/${app}`));
  await answered(node, 2);
  expect((await node.get(`/${APP}`)).status).toBe(503);
  const other = node.get(`/${OTHER}`);
  await answered(node, 4);
  const ended = await node.harness.ask(OTHER, { body: { BodyEnd: { stream: 4 } } });
  expect(ended.json).toEqual(OK);
  expect((await other).status).toBe(200);
  for (const id of [1, 2]) expect(await end(node, id)).toEqual(OK);
  expect((await Promise.all(pages)).map(({ status }) => status)).toEqual([200, 200]);
});

test("a stranger gets no more than half of an app's streams, and gives them back when they end", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { bodyStreams: { maxStreamsPerProcess: 8 } },
  });
  await node.bind(APP, "/");
  const cookie = await node.logIn();
  let count = 0;
  node.serve(() => ({ body: { status: 200, headers: {}, body_stream: count } }));
  const pages: Response[] = [];
  /** The status of one more page, which stays open if it opens. */
  const visit = async (address: string, more = {}): Promise<number> => {
    count++;
    const page = node.get(`/${APP}`, { headers: { "x-forwarded-for": address, ...more } });
    await answered(node, count);
    await write(node, count, "part");
    pages.push(await page);
    return pages.at(-1)!.status;
  };
  const visits = async (times: number, address: string): Promise<number[]> => {
    const statuses: number[] = [];
    for (let time = 0; time < times; time++) statuses.push(await visit(address));
    return statuses;
  };
  expect(await visits(5, "1.1.1.1")).toEqual([200, 200, 200, 200, 503]);
  expect(await visits(3, "2.2.2.2")).toEqual([200, 200, 503]);
  // Who is logged in may have what is left.
  expect([await visit("1.1.1.1", { cookie }), await visit("1.1.1.1", { cookie })]).toEqual([
    200, 200,
  ]);
  expect(await visit("3.3.3.3")).toBe(503);
  // Ended, given up, left: all of them come back.
  await end(node, 1);
  await end(node, 2, "BodyAbort");
  await pages[2]!.body!.cancel();
  await node.waitFor(({ json }) => Bun.deepEquals(json, { BodyAbort: { stream: 3 } }));
  expect(await visits(3, "3.3.3.3")).toEqual([200, 200, 503]);
  expect(await visit("1.1.1.1", { cookie })).toBe(200);
});

test("a stranger gets no more than half of the bodies that an app reads at a time", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { bodyStreams: { maxStreamsPerProcess: 8 } },
  });
  await bindStreamed(node);
  const post = (address: string) =>
    node.get(`/${APP}/up`, {
      method: "POST",
      headers: { "x-forwarded-for": address },
      body: "some",
    });
  const waiting = Array.from({ length: 4 }, () => post("1.1.1.1"));
  await until(() => node.received.filter(isHttp).length === 4);
  expect((await post("1.1.1.1")).status).toBe(503);
  const other = post("2.2.2.2");
  await until(() => node.received.filter(isHttp).length === 5);
  for (const { id } of [...node.received]) {
    node.harness.answer(APP, id, { body: { status: 200, headers: {} } });
  }
  const answers = await Promise.all([...waiting, other]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const again = post("1.1.1.1");
  await until(() => node.received.filter(isHttp).length === 6);
  node.harness.answer(APP, node.received.findLast(isHttp)!.id, {
    body: { status: 200, headers: {} },
  });
  expect((await again).status).toBe(200);
});

test("malformed actions on streams are told so", async () => {
  await using node = await startWebNode();
  const ask = async (body: unknown) => (await node.harness.ask(APP, { body })).json;
  for (const body of [
    { BodyRead: {} },
    { BodyRead: { stream: -1 } },
    { BodyRead: { stream: 1, max_bytes: 0 } },
    { BodyWrite: { stream: 2 ** 32 } },
    { BodyEnd: { stream: "1" } },
    { BodyAbort: { stream: 1, reading: "yes" } },
    { BodyAbort: 1 },
  ]) {
    expect(await ask(body)).toEqual({ Err: "MalformedRequest" });
  }
  expect(await ask({ BodyRead: { stream: 1 } })).toEqual({ Err: "UnknownStream" });
  expect(await ask({ BodyWrite: { stream: 1 } })).toEqual({ Err: "UnknownStream" });
});

test("an answer whose stream is no number is 500", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  node.serve(() => ({ body: { status: 200, headers: {}, body_stream: "one" } }));
  expect((await node.get(`/${APP}`)).status).toBe(500);
});

test("a body that is read in parts may be larger than one that is kept whole", async () => {
  const limits = { maxBodyBytes: 4, maxStreamedBodyBytes: 10 };
  await using node = await startWebNode({ limits });
  await bindStreamed(node);
  await node.bind(APP, "/whole");
  const post = (path: string, body: string) => node.get(`/${APP}${path}`, { method: "POST", body });
  expect((await post("/whole", "12345")).status).toBe(413);
  expect((await post("/up", "12345678901")).status).toBe(413);
  const page = post("/up", "1234567890");
  const { id, http } = await node.waitFor(isHttp);
  expect((await read(node, http["body_stream"] as number)).text).toBe("1234567890");
  node.harness.answer(APP, id, { body: { status: 200, headers: {} } });
  expect((await page).status).toBe(200);
});
