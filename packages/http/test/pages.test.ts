import { expect, test } from "bun:test";
import { APP, HOMEPAGE, OTHER, pageOf, startWebNode, type Received } from "./web-node.ts";

const OK = { Ok: null };

test("[M76] Bind /x serves below the process id; x and /x/ are the same binding", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  expect(await node.bind(APP, "/x")).toEqual(OK);
  expect(await (await node.get(`/${APP}/x`)).text()).toBe(`page of /${APP}/x`);
  for (const path of ["x", "/x/"]) {
    await node.bind(APP, "/x", { cached: "first" });
    await node.bind(APP, path, { cached: path });
    expect(await (await node.get(`/${APP}/x`)).text()).toBe(path);
  }
  expect(await (await node.get(`/${APP}/x/`)).text()).toBe("/x/");
});

test("[M77] the homepage binds without prefix, / is the site root", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(HOMEPAGE, "/");
  await node.bind(HOMEPAGE, "/apps");
  expect(await (await node.get("/")).text()).toBe("page of ");
  expect(await (await node.get("/apps")).text()).toBe("page of /apps");
  expect(node.received[0]!.http["url"]).toBe("http://localhost");
});

test("[M78] unknown paths are 404 and empty; an app bound at / gets what is below it", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  const unknown = await node.get(`/${APP}/nothing`);
  expect([unknown.status, await unknown.text()]).toEqual([404, ""]);
  expect(unknown.headers.get("content-type")).toBe("application/octet-stream");
  await node.bind(APP, "/");
  expect(await (await node.get(`/${APP}/some/where`)).text()).toBe(`page of /${APP}`);
  expect((await node.get(`/${OTHER}/some`)).status).toBe(404);
});

test("[M79] Unbind makes a path 404, also when the base is bound", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/");
  await node.bind(APP, "/x");
  expect((await node.harness.ask(APP, { body: { Unbind: { path: "/x" } } })).json).toEqual(OK);
  expect((await node.get(`/${APP}/x`)).status).toBe(404);
  expect((await node.get(`/${APP}/y`)).status).toBe(200);
  expect((await node.harness.ask(APP, { body: { Unbind: { path: "/never" } } })).json).toEqual(OK);
  expect((await node.get(`/${APP}/never`)).status).toBe(404);
  // Patterns, too, by any names; a web socket's path is another matter.
  await node.bind(APP, "/p/:id");
  expect(await (await node.get(`/${APP}/p/1`)).text()).toBe(`page of /${APP}/p/:id`);
  await node.harness.ask(APP, { body: { WebSocketUnbind: { path: "/p/:id" } } });
  expect((await node.get(`/${APP}/p/1`)).status).toBe(200);
  await node.harness.ask(APP, { body: { Unbind: { path: "p/:other/" } } });
  expect((await node.get(`/${APP}/p/1`)).status).toBe(404);
  expect(await (await node.get(`/${APP}/p/1/2`)).text()).toBe(`page of /${APP}`);
  expect(await node.bind(APP, "/x")).toEqual(OK);
  expect(await (await node.get(`/${APP}/x`)).text()).toBe(`page of /${APP}/x`);
});

test("[M80] of paths that fit, literals come before parameters and these before wildcards", async () => {
  await using node = await startWebNode();
  node.serve(({ http }) => ({
    body: { status: 200, headers: {} },
    blob: JSON.stringify([http["bound_path"], http["url_params"]]),
  }));
  const bound = ["/", "/x/*rest", "/x/:id", "/x/new", "/x/*y/end", "/files/*rest", "/v/:file.json"];
  for (const path of bound) expect(await node.bind(APP, path)).toEqual(OK);
  const find = async (path: string): Promise<unknown> => {
    const [stored, params] = (await (await node.get(`/${APP}${path}`)).json()) as [string, unknown];
    return [stored.slice(APP.length + 1), params];
  };
  expect(await find("/x/new")).toEqual(["/x/new", {}]);
  expect(await find("/x/1.json")).toEqual(["/x/:id", { id: "1.json" }]);
  expect(await find("/x/1/2")).toEqual(["/x/*rest", { rest: "1/2" }]);
  expect(await find("/x/q/end")).toEqual(["/x/*y/end", { y: "q" }]);
  expect(await find("/files/a/b.c")).toEqual(["/files/*rest", { rest: "a/b.c" }]);
  // A wildcard wants something: this is the base's.
  for (const path of ["/files", "/files/"]) expect(await find(path)).toEqual(["", {}]);
  expect(await find("/v/a.b.json")).toEqual(["/v/:file.json", { file: "a.b" }]);
  // Two patterns that differ in names alone are one path, the last one's.
  expect(await node.bind(APP, "/x/:other")).toEqual(OK);
  expect(await find("/x/1")).toEqual(["/x/:other", { other: "1" }]);
});

test("[M81] an encoded letter in the path does not match the letter", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(HOMEPAGE, "/apps");
  await node.bind(APP, "/");
  await node.bind(APP, "/abc");
  const pageAt = async (path: string) => (await node.get(path)).text();
  expect((await node.get("/apps")).status).toBe(200);
  expect((await node.get("/%61pps")).status).toBe(404);
  expect((await node.get(`/${APP}`)).status).toBe(200);
  expect((await node.get(`/${APP.replace(":", "%3A")}`)).status).toBe(404);
  expect(await pageAt(`/${APP}/abc`)).toBe(`page of /${APP}/abc`);
  expect(await pageAt(`/${APP}/%61bc`)).toBe(`page of /${APP}`);
});

test("[M82] the message to an app has the documented fields", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/games/:id");
  await node.get(`/${APP}/games/7.json?q=a%20b&q=c+d&empty`, {
    method: "POST",
    body: "hello",
    headers: { "X-Mixed-Case": "Yes", "x-odd": "gr\u00fc\u00dfe", cookie: "theme=dark" },
  });
  const { http, blob, mime, expectsResponse } = node.received[0]!;
  expect(http).toMatchObject({
    method: "POST",
    url: `http://localhost/${APP}/games/7.json`,
    bound_path: `/${APP}/games/:id`,
    url_params: { id: "7.json" },
    query_params: { q: "c d", empty: "" },
  });
  expect(http["source_socket_addr"] as string).toMatch(/^127\.0\.0\.1:\d+$/);
  const headers = http["headers"] as Record<string, string>;
  expect(headers["x-mixed-case"]).toBe("Yes");
  expect(headers["x-odd"]).toBe("");
  expect(headers["cookie"]).toBe("theme=dark");
  expect(headers["host"]).toBe(`localhost:${node.port}`);
  expect([blob, mime, expectsResponse]).toEqual(["hello", undefined, 15]);
  await node.get(`/${APP}/games/8`);
  expect(node.received[1]!.blob).toBe("");
});

test("a request of HTTP/1.0 may name no host: the app reads localhost", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/");
  await node.bind(APP, "/s/:x");
  const answer = await node.raw(`GET /${APP}/s/1/?a=b HTTP/1.0\r\n\r\n`);
  expect(answer).toStartWith("HTTP/1.1 200");
  expect(answer).toEndWith(`page of /${APP}/s/:x`);
  expect(node.received[0]!.http).toMatchObject({
    url: `http://localhost/${APP}/s/1`,
    query_params: { a: "b" },
    headers: {},
  });
  for (const own of ["/login", "/~/api/node"]) {
    expect(await node.raw(`GET ${own} HTTP/1.0\r\n\r\n`)).toStartWith("HTTP/1.1 400");
  }
});

test("the node's own login cookies are not shown to apps", async () => {
  await using node = await startWebNode();
  node.serve(pageOf);
  await node.bind(APP, "/", { authenticated: true });
  const cookie = await node.logIn();
  await node.get(`/${APP}`, { headers: { cookie: `a=1; ${cookie}; b=2` } });
  await node.get(`/${APP}`, { headers: { cookie } });
  // However a client that is no browser writes them.
  await node.bind(APP, "/open");
  for (const line of [`a=1;${cookie};b=2`, ` ${cookie} ;`, `b=2 ;  ${cookie}`]) {
    await node.get(`/${APP}/open`, { headers: { cookie: line } });
  }
  const seen = node.received.map(
    ({ http }) => (http["headers"] as Record<string, string>)["cookie"],
  );
  expect(seen).toEqual(["a=1; b=2", undefined, "a=1;b=2", undefined, "b=2"]);
});

test("[M83] status, headers and blob of the answer reach the client", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const headers = {
    "content-TYPE": "text/css",
    "X-App": "1",
    "Set-Cookie": "c=1; Path=/",
    "bad name": "x",
    "X-Bad": "a\nb",
  };
  node.serve(() => ({ body: { status: 201, headers }, blob: "made" }));
  const response = await node.get(`/${APP}`);
  expect([response.status, await response.text()]).toEqual([201, "made"]);
  expect(response.headers.get("content-type")).toBe("text/css");
  expect(response.headers.get("x-app")).toBe("1");
  expect(response.headers.get("set-cookie")).toBe("c=1; Path=/");
  expect(response.headers.get("x-bad")).toBeNull();
  node.serve(() => ({ body: { status: 200, headers: {} }, blob: "bytes" }));
  const plain = await node.get(`/${APP}`);
  expect(plain.headers.get("content-type")).toBe("application/octet-stream");
  node.serve(() => ({ body: { status: 200, headers: { "Content-Type": "" } }, blob: "bytes" }));
  const unnamed = await node.get(`/${APP}`);
  expect(unnamed.headers.get("content-type")).toBe("application/octet-stream");
  node.serve(() => ({ body: { status: 404, headers: {} } }));
  const empty = await node.get(`/${APP}`);
  expect([empty.status, (await empty.bytes()).length]).toEqual([404, 0]);
  node.serve(() => ({ body: { status: 204, headers: {} }, blob: "not allowed here" }));
  expect((await node.get(`/${APP}`)).status).toBe(204);
});

test("an app cannot set the node's login cookie", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  for (const cookie of ["kinode-auth_alice.os=x", "  kinode-auth_alice.os@a:b:c.os=x; Path=/"]) {
    node.serve(() => ({ body: { status: 200, headers: { "set-cookie": cookie } } }));
    expect((await node.get(`/${APP}`)).headers.get("set-cookie")).toBeNull();
  }
});

test("requests that wait when the server stops get 503", async () => {
  const node = await startWebNode();
  await node.bind(APP, "/");
  const waiting = node.get(`/${APP}`);
  await node.waitFor(({ app }) => app === APP);
  await node.server.stop();
  expect((await waiting).status).toBe(503);
  expect(node.get(`/${APP}`)).rejects.toThrow();
});

test("a stream of events of the node arrives piece by piece", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const stream = new ReadableStream({
    async start(controller) {
      controller.enqueue("data: 1\n\n");
      await ended;
      controller.enqueue("data: 2\n\n");
      controller.close();
    },
  });
  const headers = { "content-type": "text/event-stream" };
  await using node = await startWebNode({
    hostRoutes: [{ prefix: "/~/api/", handle: () => new Response(stream, { headers }) }],
  });
  const response = await node.get("/~/api/events");
  const pieces = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  expect((await pieces.next()).value).toBe("data: 1\n\n");
  end();
  expect((await pieces.next()).value).toBe("data: 2\n\n");
});

test("[M84] no answer within 15 s is 408, a malformed answer is 500", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const waiting = node.get(`/${APP}`);
  await node.waitFor(({ app }) => app === APP);
  await node.clock.advance(14_999);
  expect(await Promise.race([waiting, Promise.resolve("still waiting")])).toBe("still waiting");
  await node.clock.advance(1);
  const late = await waiting;
  expect([late.status, await late.text()]).toEqual([408, ""]);
  for (const body of [
    "no json",
    [],
    { status: 200 },
    { headers: {} },
    { status: 99, headers: {} },
  ]) {
    node.serve(() => ({ body, blob: "not for the client" }));
    const failed = await node.get(`/${APP}`);
    expect([failed.status, await failed.text()]).toEqual([500, ""]);
    expect(failed.headers.get("content-type")).toBe("application/octet-stream");
  }
});

test("requests in flight time out each at its own moment", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const first = node.get(`/${APP}/1`);
  await node.waitFor(({ http }) => String(http["url"]).endsWith("/1"));
  await node.clock.advance(10_000);
  const second = node.get(`/${APP}/2`);
  await node.waitFor(({ http }) => String(http["url"]).endsWith("/2"));
  await node.clock.advance(5_000);
  expect((await first).status).toBe(408);
  await node.clock.advance(5_000);
  node.harness.answer(APP, node.received[1]!.id, { body: { status: 200, headers: {} } });
  expect((await second).status).toBe(200);
});

test("only the bound app answers its requests", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  const waiting = node.get(`/${APP}`);
  const { id } = await node.waitFor(({ app }) => app === APP);
  node.harness.answer(OTHER, id, { body: { status: 200, headers: {} }, blob: "forged" });
  node.harness.answer(APP, id, { body: { status: 200, headers: {} }, blob: "real" });
  node.harness.answer(APP, id, { body: { status: 200, headers: {} }, blob: "twice" });
  expect(await (await waiting).text()).toBe("real");
});

test("[M85] cached content: NoBlob without one, mime or text/plain on GET, POST reaches the app", async () => {
  await using node = await startWebNode();
  node.serve((received: Received) => ({
    body: { status: 200, headers: {} },
    blob: `app saw ${String(received.http["method"])}`,
  }));
  const body = { Bind: { path: "/c", authenticated: false, local_only: false, cache: true } };
  expect((await node.harness.ask(APP, { body })).json).toEqual({ Err: "NoBlob" });
  const secure = { SecureBind: { path: "/c", cache: true } };
  expect((await node.harness.ask(APP, { body: secure })).json).toEqual({ Err: "NoBlob" });
  expect((await node.get(`/${APP}/c`)).status).toBe(404);
  await node.bind(APP, "/c", { cached: "" });
  const empty = await node.get(`/${APP}/c`);
  expect([empty.status, await empty.text()]).toEqual([200, ""]);
  await node.bind(APP, "/c", { cached: "content" });
  const plain = await node.get(`/${APP}/c`);
  expect([plain.headers.get("content-type"), await plain.text()]).toEqual([
    "text/plain",
    "content",
  ]);
  await node.bind(APP, "/c", { cached: { mime: "text/html", text: "<p>" } });
  expect((await node.get(`/${APP}/c`)).headers.get("content-type")).toBe("text/html");
  expect(await (await node.get(`/${APP}/c`, { method: "POST" })).text()).toBe("app saw POST");
  expect(node.received).toHaveLength(1);
});

test("[M104] binding from an id with _ or upper case is InvalidSourceProcess", async () => {
  await using node = await startWebNode();
  for (const app of ["my_app:p:x.os", "Main:p:x.os", "main:p_q:x.os", "main:p:X.os"]) {
    for (const body of [
      { Bind: { path: "/", authenticated: false, local_only: false, cache: false } },
      { SecureBind: { path: "/", cache: false } },
      { WebSocketBind: { path: "/", authenticated: false, extension: false } },
      { WebSocketSecureBind: { path: "/", extension: false } },
    ]) {
      expect((await node.harness.ask(app, { body })).json).toEqual({ Err: "InvalidSourceProcess" });
    }
  }
  expect((await node.get("/my_app:p:x.os")).status).toBe(404);
});

test("[M105] an old encrypted key is ignored, a missing extension is malformed", async () => {
  await using node = await startWebNode();
  const ask = async (WebSocketBind: unknown) =>
    (await node.harness.ask(APP, { body: { WebSocketBind } })).json;
  expect(await ask({ path: "/", authenticated: false, encrypted: true, extension: false })).toEqual(
    OK,
  );
  const malformed = { Err: "MalformedRequest" };
  expect(await ask({ path: "/", authenticated: false, encrypted: true })).toEqual(malformed);
  expect(await ask({ path: "/", authenticated: false, extension: null })).toEqual(malformed);
  const askSecure = async (WebSocketSecureBind: unknown) =>
    (await node.harness.ask(APP, { body: { WebSocketSecureBind } })).json;
  expect(await askSecure({ path: "/", encrypted: false, extension: false })).toEqual(OK);
  expect(await askSecure({ path: "/", encrypted: false })).toEqual(malformed);
});

test("malformed requests and requests only the server sends are refused once", async () => {
  await using node = await startWebNode();
  for (const body of [
    "{",
    '"Bind"',
    { Bind: { path: "/" } },
    { WebSocketOpen: { path: "/", channel_id: 7 } },
    { WebSocketExtPushData: { id: 1, kinode_message_type: "Response", blob: [1] } },
    '{"WebSocketClose":7.0}',
  ]) {
    expect((await node.harness.ask(APP, { body })).json).toEqual({ Err: "MalformedRequest" });
  }
  expect(node.harness.answers).toHaveLength(6);
});

test("requests of other nodes have no effect", async () => {
  await using node = await startWebNode();
  const body = { Bind: { path: "/", authenticated: false, local_only: false, cache: false } };
  node.harness.post(APP, { body, node: "evil.os" });
  expect(node.harness.answers).toEqual([]);
  expect((await node.get(`/${APP}`)).status).toBe(404);
});

test("replies: success only when somebody expects it, errors always and to the source", async () => {
  await using node = await startWebNode();
  const rsvp = { node: "alice.os", process: OTHER as never };
  const good = { Unbind: { path: "/x" } };
  node.harness.post(APP, { body: good, expectsResponse: null });
  expect(node.harness.answers).toEqual([]);
  expect((await node.harness.ask(APP, { body: good, rsvp })).target.process as string).toBe(OTHER);
  node.harness.post(APP, { body: "{", expectsResponse: null, id: 90 });
  const failed = await node.harness.ask(APP, { body: "{", rsvp });
  expect(node.harness.answers.find(({ id }) => id === 90)!.target.process as string).toBe(APP);
  expect(failed.target.process as string).toBe(APP);
});

test("a process that is gone answers 503 at once, also with content cached and in flight", async () => {
  await using node = await startWebNode();
  await node.bind(APP, "/");
  await node.bind(APP, "/c", { cached: "content" });
  const waiting = node.get(`/${APP}`);
  await node.waitFor(({ app }) => app === APP);
  node.harness.setExists((process: string) => process !== APP);
  node.server.processEnded!(APP as never);
  expect((await waiting).status).toBe(503);
  expect((await node.get(`/${APP}/x`)).status).toBe(503);
  expect((await node.get(`/${APP}/c`)).status).toBe(503);
});

test("bodies above the limit get 413, at the limit they pass", async () => {
  await using node = await startWebNode({ limits: { maxBodyBytes: 1_000 } });
  node.serve(pageOf);
  await node.bind(APP, "/");
  const post = (length: number) =>
    node.get(`/${APP}`, { method: "POST", body: new Uint8Array(length) });
  expect((await post(1_000)).status).toBe(200);
  expect((await post(1_001)).status).toBe(413);
});

test("paths, patterns and content of one process are bounded, at the bound and one past it", async () => {
  await using node = await startWebNode({
    limits: {
      maxRoutesPerProcess: 3,
      maxPatternsPerProcess: 1,
      maxDynamicSegmentCount: 2,
      maxStaticBytesPerProcess: 5,
    },
  });
  const refused = { Err: "MalformedRequest" };
  expect(await node.bind(APP, "/:a/:b/:c")).toEqual(refused);
  expect(await node.bind(APP, "/:a/:b")).toEqual(OK);
  expect(await node.bind(APP, "/:other/*names")).toEqual(refused);
  expect(await node.bind(APP, "/1", { cached: "12345" })).toEqual(OK);
  expect(await node.bind(APP, "/2", { cached: "1" })).toEqual(refused);
  expect(await node.bind(APP, "/1", { cached: "1" })).toEqual(OK);
  expect(await node.bind(APP, "/2", { cached: "1234" })).toEqual(OK);
  expect(await node.bind(APP, "/3")).toEqual(refused);
  expect(await node.bind(OTHER, "/3")).toEqual(OK);
});

test("a bad Host header is 400", async () => {
  await using node = await startWebNode();
  const answer = await node.raw("GET / HTTP/1.1\r\nHost: a b/..\r\nConnection: close\r\n\r\n");
  expect(answer).toStartWith("HTTP/1.1 400");
});

test("host routes know who asks", async () => {
  await using node = await startWebNode({
    hostRoutes: [
      {
        prefix: "/~/api/",
        handle: (_request, { authenticated, loopback, sameOrigin }) =>
          Response.json([authenticated, loopback, sameOrigin]),
      },
    ],
  });
  const ask = async (headers: Record<string, string>) =>
    (await node.get("/~/api/x", { headers })).json();
  expect(await ask({})).toEqual([false, true, true]);
  expect(await ask({ authorization: "Bearer local-token" })).toEqual([true, true, true]);
  expect(await ask({ authorization: "Bearer local-toker" })).toEqual([false, true, true]);
  expect(await ask({ cookie: await node.logIn() })).toEqual([true, true, true]);
  expect(await ask({ origin: "http://evil.example", "x-forwarded-for": "1.2.3.4" })).toEqual([
    false,
    false,
    false,
  ]);
  expect((await node.get("/~/other")).status).toBe(404);
});

test("a taken port is a clear error", async () => {
  await using node = await startWebNode();
  expect(startWebNode({ port: node.port })).rejects.toThrow(
    `Cannot listen on 127.0.0.1:${node.port}. Stop what uses the port, or choose another one with --port`,
  );
});
