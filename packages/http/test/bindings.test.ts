import { expect, test } from "bun:test";
import { connect } from "node:net";
import { APP, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const OK = { Ok: null };
const MALFORMED = { Err: "MalformedRequest" };

/** Binds with fields beyond the specification. */
async function bind(
  node: WebNode,
  path: string,
  more: Readonly<Record<string, unknown>>,
  blob?: { readonly mime: string; readonly bytes: Uint8Array },
): Promise<unknown> {
  const fields = { path, authenticated: false, local_only: false, cache: blob !== undefined };
  const answer = await node.harness.ask(APP, { body: { Bind: { ...fields, ...more } }, blob });
  return answer.json;
}

const CONTENT = { mime: "text/plain", bytes: new TextEncoder().encode("0123456789") };

test("bound content has a tag, and a client that has it already gets 304 without a body", async () => {
  await using node = await startWebNode();
  await bind(node, "/f", {}, CONTENT);
  const first = await node.get(`/${APP}/f`);
  const etag = first.headers.get("etag")!;
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await node.get(`/${APP}/f`, { headers: { "if-none-match": tag } });
    expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
  }
  const other = await node.get(`/${APP}/f`, { headers: { "if-none-match": '"other"' } });
  expect([other.status, await other.text()]).toEqual([200, "0123456789"]);
  await bind(node, "/f", {}, { ...CONTENT, bytes: new TextEncoder().encode("new") });
  const changed = await node.get(`/${APP}/f`, { headers: { "if-none-match": etag } });
  expect([changed.status, await changed.text()]).toEqual([200, "new"]);
});

test("a range of bound content is 206, one outside 416, several and nonsense are answered whole", async () => {
  await using node = await startWebNode();
  await bind(node, "/f", {}, CONTENT);
  const get = async (range: string, more: Record<string, string> = {}) => {
    const response = await node.get(`/${APP}/f`, { headers: { range, ...more } });
    return [response.status, await response.text(), response.headers.get("content-range")];
  };
  expect(await get("bytes=0-3")).toEqual([206, "0123", "bytes 0-3/10"]);
  expect(await get("bytes=7-")).toEqual([206, "789", "bytes 7-9/10"]);
  expect(await get("bytes=-2")).toEqual([206, "89", "bytes 8-9/10"]);
  expect(await get("bytes=-99")).toEqual([206, "0123456789", "bytes 0-9/10"]);
  expect(await get("bytes=9-99")).toEqual([206, "9", "bytes 9-9/10"]);
  expect(await get("bytes=10-")).toEqual([416, "", "bytes */10"]);
  expect(await get("bytes=-0")).toEqual([416, "", "bytes */10"]);
  for (const whole of ["bytes=0-1,3-4", "bytes=3-1", "lines=0-1", "bytes=-", "bytes=a-b"]) {
    expect(await get(whole)).toEqual([200, "0123456789", null]);
  }
  const etag = (await node.get(`/${APP}/f`)).headers.get("etag")!;
  expect((await get("bytes=0-3", { "if-range": etag }))[0]).toBe(206);
  expect((await get("bytes=0-3", { "if-range": '"old"' }))[0]).toBe(200);
});

test("HEAD of bound content reaches the app, with head: true the server answers it with the size", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await bind(node, "/old", {}, CONTENT);
  await node.get(`/${APP}/old`, { method: "HEAD" });
  expect(node.received.map(({ http }) => http["method"])).toEqual(["HEAD"]);
  await bind(node, "/new", { head: true }, CONTENT);
  const head = await node.get(`/${APP}/new`, { method: "HEAD", headers: { range: "bytes=0-3" } });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect(head.headers.get("content-length")).toBe("10");
  expect(head.headers.get("etag")).not.toBeNull();
  expect(node.received).toHaveLength(1);
});

test("a body above the limit of its path is 413 before the app hears of it, also of unknown size", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  expect(await bind(node, "/small", { max_body_bytes: 4 })).toEqual(OK);
  const post = async (body: string | ReadableStream) =>
    (await node.get(`/${APP}/small`, { method: "POST", body })).status;
  const chunked = (text: string) =>
    new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const letter of text) {
          controller.enqueue(new TextEncoder().encode(letter));
          await Bun.sleep(1);
        }
        controller.close();
      },
    });
  expect([await post("1234"), await post("12345")]).toEqual([200, 413]);
  expect([await post(chunked("1234")), await post(chunked("12345"))]).toEqual([200, 413]);
  expect(node.received.map(({ blob }) => blob)).toEqual(["1234", "1234"]);
  const lengths = node.received.map(
    ({ http }) => (http["headers"] as Record<string, string | undefined>)["content-length"],
  );
  expect(lengths).toEqual(["4", undefined]);
  // Told by the head alone: nothing of the body was sent.
  const head = `POST /${APP}/small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n`;
  expect(await node.raw(head)).toStartWith("HTTP/1.1 413");
});

test("a path that is asked for too often answers 429 with the time to come again", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.1"] });
  node.serve(pageOf);
  const rate_limit = {
    per_address: { requests: 2, seconds: 10 },
    total: { requests: 3, seconds: 60 },
  };
  expect(await bind(node, "/r", { rate_limit })).toEqual(OK);
  const get = async (from: string) => {
    const headers = { "x-forwarded-for": from };
    const response = await node.get(`/${APP}/r`, { method: "POST", body: "x", headers });
    return [response.status, response.headers.get("retry-after")];
  };
  expect([await get("1.1.1.1"), await get("1.1.1.1")]).toEqual([
    [200, null],
    [200, null],
  ]);
  expect(await get("1.1.1.1")).toEqual([429, "5"]);
  expect((await get("2.2.2.2"))[0]).toBe(200);
  // Now all together have used theirs up.
  expect(await get("3.3.3.3")).toEqual([429, "20"]);
  expect(node.received).toHaveLength(3);
  await node.clock.advance(20_000);
  expect((await get("3.3.3.3"))[0]).toBe(200);
});

test("malformed options of a binding change nothing, null ones are none", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  for (const bad of [
    { max_body_bytes: -1 },
    { max_body_bytes: "4" },
    { stream_request: 1 },
    { head: "yes" },
    { rate_limit: {} },
    { rate_limit: [] },
    { rate_limit: { total: { requests: 0, seconds: 1 } } },
    { rate_limit: { per_address: { requests: 1 } } },
    { rate_limit: { total: { requests: 1, seconds: 100_000 } } },
  ]) {
    expect(await bind(node, "/x", bad)).toEqual(MALFORMED);
  }
  expect((await node.get(`/${APP}/x`)).status).toBe(404);
  const none = { max_body_bytes: null, stream_request: null, head: null, rate_limit: null };
  expect(await bind(node, "/x", none)).toEqual(OK);
  expect((await node.get(`/${APP}/x`, { method: "POST", body: "12345" })).status).toBe(200);
});

test("bodies for the node's own paths have its limit, whether their size is said or not", async () => {
  await using node = await startWebNode({
    limits: { maxBodyBytes: 4 },
    hostRoutes: [
      {
        prefix: "/~/own",
        handle: async (request) =>
          new Response(await request.text().catch(() => "broken"), { status: 201 }),
      },
    ],
  });
  const post = async (body: string | ReadableStream) => {
    const response = await node.get("/~/own", { method: "POST", body });
    return [response.status, await response.text()];
  };
  const parts = (text: string) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const letter of text) controller.enqueue(new TextEncoder().encode(letter));
        controller.close();
      },
    });
  expect([await post("1234"), await post(parts("1234"))]).toEqual([
    [201, "1234"],
    [201, "1234"],
  ]);
  expect(await post("12345")).toEqual([413, ""]);
  // A client that sends all of it at once may be told its size by its own library.
  expect([413, 201]).toContain((await post(parts("12345")))[0] as number);
  const chunked = `POST /~/own HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
  expect(await node.raw(`${chunked}5\r\n12345\r\n0\r\n\r\n`)).toEndWith("broken");
  expect(await node.raw(`${chunked}4\r\n1234\r\n0\r\n\r\n`)).toEndWith("1234");
});

test("bodies that arrive have a bound together: the client that has most of it gets 503, others and small ones do not", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { maxArrivingBytes: 1_600_000 },
  });
  node.serve(pageOf);
  await node.bind(APP, "/");
  const post = async (address: string, size: number): Promise<number> => {
    const headers = { "x-forwarded-for": address };
    return (await node.get(`/${APP}`, { method: "POST", body: new Uint8Array(size), headers }))
      .status;
  };
  const head = `POST /${APP} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.1.1.1\r\n`;
  const half = connect(node.port, "127.0.0.1", () => {
    half.write(`${head}Content-Length: 900000\r\n\r\n${"x".repeat(700_000)}`);
  });
  // Until all of what was sent has arrived.
  while ((await post("1.1.1.1", 200_000)) !== 503);
  expect(await post("1.1.1.2", 200_000)).toBe(200);
  expect(await post("1.1.1.1", 60_000)).toBe(200);
  half.destroy();
  while ((await post("1.1.1.1", 200_000)) !== 200);
});
