/** The HTTP server of the library in a sandboxed script, asked by real clients. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import {
  cookie, createHttpServer, eventStream, type EventSink, HttpServerError, Response,
} from "@kinode-ts/stdlib/http";
import { createDrive, createFile } from "@kinode-ts/stdlib/vfs";

const server = createHttpServer();
const open = { authenticated: false };
const log: string[] = [];
const sinks: EventSink[] = [];

export default defineProcess(async () => {
  const ready = (async () => {
    await server.bind("/log", open, () => Response.json(log.splice(0)));
    await server.bind("/form", open, async (request) => {
      const fields = [];
      for (const [name, value] of await request.formData()) {
        fields.push(
          typeof value === "string"
            ? [name, value]
            : [name, value.name, value.type, [...new Uint8Array(await value.arrayBuffer())].slice(0, 300)],
        );
      }
      return Response.json(fields);
    });
    await server.bind("/cookies", open, (request) =>
      Response.json([...request.cookies], {
        headers: { "set-cookie": cookie("seen", "a; b", { maxAge: "1h", sameSite: "Strict" }) },
      }),
    );
    await server.bind("/upload", { ...open, streamBody: true }, async (request) => {
      let length = 0, parts = 0, sum = 0;
      for await (const part of request.body) {
        length += part.length;
        parts++;
        for (const byte of part.subarray(0, 16)) sum += byte;
      }
      return Response.json({ length, inParts: parts > 1 });
    });
    await server.bind("/collected", { ...open, streamBody: true }, async (request) =>
      Response.json([await request.text(), (await request.text()).length]),
    );
    await server.bind("/first", { ...open, streamBody: true }, async (request) => {
      try {
        for await (const part of request.body) return new Response(part.slice(0, 3));
        return new Response("nothing");
      } catch (thrown) {
        log.push(String((thrown as { code?: string }).code));
        return new Response("broken", { status: 400 });
      }
    });
    await server.bind("/count/:to", open, (request) => {
      const to = Number(request.kinode.params["to"]);
      return new Response(
        (async function* () {
          try {
            for (let i = 1; i <= to; i++) yield i + "\\n";
          } finally {
            log.push("counted");
          }
        })(),
        { headers: { "content-type": "text/x-numbers" } },
      );
    });
    await server.bind("/endless", open, () =>
      new Response(
        (async function* () {
          try {
            for (;;) yield new Uint8Array(100_000);
          } finally {
            log.push("endless ended");
          }
        })(),
      ),
    );
    await server.bind("/breaks", open, () =>
      new Response((async function* () {
        yield "some";
        throw new Error("a secret reason");
      })()),
    );
    await server.bind("/events", open, (request) =>
      eventStream(request, async (events) => {
        sinks.push(events);
        await events.send({ data: { from: events.lastEventId ?? null }, event: "hello", id: "1" });
        await events.send("two\\nlines");
        await events.closed;
        log.push("gone " + (await events.send("late")));
      }),
    );
    await server.bind("/tell", open, async () => Response.json(await Promise.all(sinks.map((sink) => sink.send("told")))));
    await server.bind("/finish", open, () => (sinks.forEach((sink) => sink.close()), new Response("ok")));
    await server.bind("/small", { ...open, maxBodyBytes: 3 }, async (request) => new Response(await request.bytes()));
    await server.bind("/rare", { ...open, rateLimit: { total: { requests: 1, per: "10s" } } }, () => new Response("rare"));
    await server.static("/static", "0123456789", { ...open, mime: "text/x-static" });
    await server.bindAll(["/a", "/b"], open, (request) => new Response(request.kinode.boundPath));
    await server.bind("/gone", open, () => new Response("here"));
    await server.unbindHttpPath("/gone");
    await server.bind("/private", open, () => new Response("secret"));
    await server.modifyHttpPath("/private", { authenticated: true });
    log.push(await server.unbindHttpPath("/never").then(() => "?", (thrown) => (thrown as HttpServerError).code));
    await server.bind("/secure", { secure: true }, () => new Response("secure"));
    await server.ws("/closed", open, {});
    await server.modifyWsPath("/closed", { authenticated: true });
    log.push(await server.modifyWsPath("/never", {}).then(() => "?", (thrown) => (thrown as HttpServerError).code));
    await server.bind("/info", open, (request) => {
      const { method, url, path, kinode } = request;
      return Response.json({ method, url, path, agent: request.headers.get("user-agent"), query: kinode.query, from: kinode.sourceSocketAddress });
    });
    const drive = await createDrive("files");
    const file = await createFile("/" + String(drive).replace(/^\\//, "") + "/page.html");
    await file.write("<p>from a file</p>");
    await server.file(file.path, ["/file"], open);
    await server.ui("ui", ["/old"], open);
    await server.unserveUi("ui");
    const unknown = await server.unserveUi("ui").then(() => "?", (thrown) => (thrown as HttpServerError).code);
    if (unknown !== "UnknownPath") throw new Error(unknown);
    await server.ui("ui", ["/ui"], open);
    await server.ws("/ws", open, {
      open: (channel) => channel.send({ open: channel.path, channels: server.channels("/ws").length }),
      message: (_channel, frame) => server.broadcast("/ws", frame.type === "Binary" ? frame.bytes : "all: " + frame.text()),
      close: () => void log.push("socket closed " + server.channels("/ws").length),
    });
    log.push("ready");
  })();
  ready.catch((thrown) => log.push("failed: " + String(thrown)));
  await serve();
});
`;

/** Does all that an app does, but its manifest lets nobody answer it. */
const MUTE = `
import { defineProcess, json, send, serve } from "@kinode-ts/stdlib";

const Bind = { path: "/", authenticated: false, local_only: false, cache: false };

export default defineProcess(() => {
  send("our@http-server:distro:sys", json({ Bind }));
  return serve(() => json({ status: 200, headers: {} }));
});
`;

const APP = "/web:web:example.os";
const MODULES = ["http-server:distro:sys", "timer:distro:sys", "vfs:distro:sys"];

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  await installScript(node, "web", SOURCE, {
    request: MODULES,
    grant: MODULES,
    files: { "pkg/ui/index.html": "<p>ui</p>", "pkg/ui/sub/a.css": "p{}" },
  });
  let said: string[] = [];
  while (!said.includes("ready")) {
    const page = await node.during(fetch(`${node.url}${APP}/log`));
    if (page.status === 200) said = [...said, ...((await page.json()) as string[])];
    const failed = said.find((line) => line.startsWith("failed"));
    if (failed !== undefined) throw new Error(failed);
  }
  expect(said).toEqual(["UnknownPath", "UnknownPath", "ready"]);
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

/** A whole answer. */
async function get(path: string, init: RequestInit = {}) {
  return await node.during(
    (async () => {
      const response = await fetch(`${node.url}${APP}${path}`, { redirect: "manual", ...init });
      const { status, headers } = response;
      return { status, headers, text: await response.text() };
    })(),
  );
}

async function json(path: string, init: RequestInit = {}): Promise<unknown> {
  return JSON.parse((await get(path, init)).text);
}

/** What the script noted, once it has noted this. */
async function noted(line: string): Promise<string[]> {
  const all: string[] = [];
  while (!all.some((each) => each.includes(line))) all.push(...((await json("/log")) as string[]));
  return all;
}

test("a form with files arrives with names, types and bytes; one that is none is 400", async () => {
  const form = new FormData();
  form.append("title", 'Grüße "quoted"');
  form.append("empty", "");
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  form.append(
    "file",
    new File([bytes, "\r\n--not a boundary\r\n"], 'a "b".bin', { type: "application/x-own" }),
  );
  const sent = await json("/form", { method: "POST", body: form });
  const tail = [...new TextEncoder().encode("\r\n--not a boundary\r\n")];
  expect(sent).toEqual([
    ["title", 'Grüße "quoted"'],
    ["empty", ""],
    ["file", 'a "b".bin', "application/x-own", [...bytes, ...tail]],
  ]);
  const plain = new URLSearchParams({ a: "1 2", b: "ü" });
  expect(await json("/form", { method: "POST", body: plain })).toEqual([
    ["a", "1 2"],
    ["b", "ü"],
  ]);
  for (const [type, body] of [
    ["text/plain", "a=1"],
    ["multipart/form-data", "x"],
    ["multipart/form-data; boundary=b", "nothing"],
    ["multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'],
    ["multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--"],
  ] as const) {
    const answer = await get("/form", { method: "POST", body, headers: { "content-type": type } });
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining("The form cannot be read"),
    ]);
  }
});

test("cookies are read, and one can be set", async () => {
  const { headers, text } = await get("/cookies", { headers: { cookie: "a=1; b=x%20y; a=2" } });
  expect(JSON.parse(text)).toEqual([
    ["a", "1"],
    ["b", "x y"],
  ]);
  expect(headers.get("set-cookie")).toBe(
    "seen=a%3B%20b; Path=/; SameSite=Strict; Max-Age=3600; HttpOnly",
  );
});

test("an upload is read part by part, is collected on demand, and can be given up", async () => {
  const body = new Uint8Array(3_000_000).fill(7);
  expect(await json("/upload", { method: "POST", body })).toEqual({
    length: 3_000_000,
    inParts: true,
  });
  expect(await json("/upload", { method: "POST", body: "" })).toEqual({
    length: 0,
    inParts: false,
  });
  expect(await json("/collected", { method: "POST", body: "twice" })).toEqual(["twice", 5]);
  expect((await get("/first", { method: "POST", body: "abcdef" })).text).toBe("abc");
});

test("an upload that breaks off is an error of the loop", async () => {
  const stop = new AbortController();
  const body = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const asking = fetch(`${node.url}${APP}/first`, { method: "POST", body, signal: stop.signal });
  const outcome = asking.then(
    () => "answered",
    () => "aborted",
  );
  await node.during(Bun.sleep(50));
  stop.abort();
  expect(await node.during(outcome)).toBe("aborted");
  expect(await noted("StreamClosed")).toContain("StreamClosed");
});

test("an answer in parts arrives whole and in order, with its head", async () => {
  const { status, headers, text } = await get("/count/500");
  expect([status, headers.get("content-type")]).toEqual([200, "text/x-numbers"]);
  expect(text).toBe(Array.from({ length: 500 }, (_, i) => `${i + 1}\n`).join(""));
  expect((await get("/count/0")).text).toBe("");
  expect((await noted("counted")).length).toBeGreaterThan(0);
});

test("a client that goes away ends the source of an endless answer; one that fails arrives broken", async () => {
  await node.during(
    (async () => {
      const response = await fetch(`${node.url}${APP}/endless`);
      const reader = response.body!.getReader();
      let length = 0;
      while (length < 1_000_000) length += (await reader.read()).value!.length;
      await reader.cancel();
    })(),
  );
  expect(await noted("endless ended")).toContain("endless ended");
  const broken = fetch(`${node.url}${APP}/breaks`).then((response) => response.text());
  await expect(node.during(broken)).rejects.toThrow();
  expect(node.lines.some((line) => line.includes("a secret reason"))).toBe(true);
});

test("events arrive as EventSource reads them, with signs of life, until the page goes", async () => {
  const stop = new AbortController();
  let text = "";
  const headers = { "last-event-id": "41" };
  const page = fetch(`${node.url}${APP}/events`, { headers, signal: stop.signal });
  const response = await node.during(page);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const decoder = new TextDecoder();
  const reading = (async () => {
    for await (const part of response.body!) text += decoder.decode(part, { stream: true });
  })().catch(() => {});
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) await node.during(Bun.sleep(2));
  };
  await until("lines\n\n");
  expect(text).toBe(
    ': connected\n\nevent: hello\nid: 1\ndata: {"from":"41"}\n\ndata: two\ndata: lines\n\n',
  );
  expect(await json("/tell")).toEqual([true]);
  await until("data: told\n\n");
  await node.advance(15_000);
  await until(": still here\n\n");
  stop.abort();
  await node.during(reading);
  expect(await noted("gone")).toContain("gone false");
  const second = fetch(`${node.url}${APP}/events`).then((answer) => answer.text());
  while (((await json("/tell")) as boolean[]).filter(Boolean).length === 0);
  await get("/finish");
  expect(await node.during(second)).toContain("data: told\n\n");
});

test("[M84] an app that does not grant the server messaging is heard by nobody: 408", async () => {
  await installScript(node, "mute", MUTE, { request: ["http-server:distro:sys"] });
  const ask = async () => {
    const answer = await fetch(`${node.url}/mute:mute:example.os/`);
    return [answer.status, await answer.text()];
  };
  let heard = await node.during(ask());
  while (heard[0] === 404) heard = await node.during(ask());
  expect(heard).toEqual([408, ""]);
});

test("limits of a path are the server's work", async () => {
  expect((await get("/small", { method: "POST", body: "123" })).text).toBe("123");
  expect((await get("/small", { method: "POST", body: "1234" })).status).toBe(413);
  const rare = [await get("/rare"), await get("/rare")];
  expect(rare.map(({ status }) => status)).toEqual([200, 429]);
  expect(rare[1]!.headers.get("retry-after")).toBe("10");
});

test("[P25] 25.8 static content answers GET, HEAD, ranges and conditions by itself", async () => {
  const whole = await get("/static");
  expect([whole.text, whole.headers.get("content-type")]).toEqual(["0123456789", "text/x-static"]);
  const head = await get("/static", { method: "HEAD" });
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  for (const path of ["/static", "/file"]) {
    const changed = await get(path, { method: "DELETE" });
    expect([changed.status, changed.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  }
  const part = await get("/static", { headers: { range: "bytes=2-4" } });
  expect([part.status, part.text]).toEqual([206, "234"]);
  const etag = whole.headers.get("etag")!;
  expect((await get("/static", { headers: { "if-none-match": etag } })).status).toBe(304);
});

test("[P25] 25.8 paths are bound together, changed, removed; files and folders are served", async () => {
  expect([(await get("/a")).text, (await get("/b")).text]).toEqual(["/a", "/b"]);
  expect((await get("/gone")).status).toBe(404);
  expect((await get("/private")).text).toContain("Log in");
  expect((await node.fetch(`${APP}/private`)).status).toBe(200);
  const secure = await get("/secure");
  expect(secure.status).toBe(307);
  expect(secure.headers.get("location")).toContain("//web-example-os.");
  const page = await get("/file");
  expect([page.text, page.headers.get("content-type")]).toEqual([
    "<p>from a file</p>",
    "text/html; charset=utf-8",
  ]);
  const part = await get("/file", { headers: { range: "bytes=3-6" } });
  expect([part.status, part.text]).toEqual([206, "from"]);
  expect((await get("/ui")).text).toBe("<p>ui</p>");
  expect((await get("/old")).status).toBe(404);
  expect((await get("/sub/a.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
});

test("[P25] 25.8 a request has method, path, query, headers and where it comes from", async () => {
  const headers = { "user-agent": "own" };
  expect(await json("/info?x=1&y=a+b", { method: "PUT", headers, body: "x" })).toMatchObject({
    method: "PUT",
    path: "/info",
    agent: "own",
    query: { x: "1", y: "a b" },
    from: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
});

test("a web socket path that was closed to strangers refuses them", async () => {
  const socket = new WebSocket(`${node.url.replace("http", "ws")}${APP}/closed`);
  const outcome = new Promise((done) => {
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
  expect(await node.during(outcome)).toBe("refused");
});

test("[P25] 25.8 web sockets open, get broadcasts of text and bytes, and close", async () => {
  const url = `${node.url.replace("http", "ws")}${APP}/ws`;
  const got: unknown[] = [];
  const connect = async () => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      got.push(typeof data === "string" ? data : [...new Uint8Array(data as ArrayBuffer)]);
    };
    await node.during(new Promise((done) => (socket.onopen = done)));
    return socket;
  };
  const until = async (count: number) => {
    while (got.length < count) await node.during(Bun.sleep(2));
  };
  const one = await connect();
  await until(1);
  const two = await connect();
  await until(2);
  expect(got.splice(0)).toEqual(['{"open":"/ws","channels":1}', '{"open":"/ws","channels":2}']);
  one.send("hi");
  await until(2);
  two.send(Uint8Array.of(1, 255));
  await until(4);
  expect(got).toEqual(["all: hi", "all: hi", [1, 255], [1, 255]]);
  one.close();
  expect(await noted("socket closed")).toContain("socket closed 1");
  two.close();
});
