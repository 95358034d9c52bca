/** The HTTP client of the library in a sandboxed script, against real servers: `fetch`, answers in the inbox, web sockets. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import * as client from "@kinode-ts/stdlib/http-client";

const { http, openWebSocket } = client;
const fetches = { library: client.fetch, global: fetch };
const answers = new Map<string, (answer: unknown) => void>();

/** Enough of a hash to tell bytes apart. */
function hashOf(bytes: Uint8Array, hash = 2166136261): number {
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

async function describe(response: client.FetchResponse) {
  const { status, ok, url, redirected, headers } = response;
  const text = await response.text();
  return { status, ok, url, redirected, type: headers.get("content-type"), cookies: headers.getSetCookie(), text };
}

const failure = (thrown: any) => ({ name: thrown.name, code: thrown.code, message: thrown.message });

type Which = keyof typeof fetches;
const commands: Record<string, (which: Which, url: string, init: any) => unknown> = {
  fetch: async (which, url, init) => describe(await (fetches[which] as typeof client.fetch)(url, init)),
  async binary(which, url) {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const response = await (fetches[which] as any)(url, { method: "POST", body });
    return [...new Uint8Array(await response.arrayBuffer())];
  },
  async large(which, url) {
    const response = await (fetches[which] as any)(url);
    let length = 0, parts = 0, hash: number | undefined;
    for await (const part of response.body) {
      length += part.length;
      parts++;
      hash = hashOf(part, hash);
    }
    return { length, hash, isInParts: parts > 1 };
  },
  async upload(which, url, { count, size }) {
    let hash: number | undefined;
    async function* parts() {
      for (let i = 0; i < count; i++) {
        const part = new Uint8Array(size).fill(i);
        hash = hashOf(part, hash);
        yield part;
      }
    }
    const response = await (fetches[which] as any)(url, { method: "POST", body: parts(), duplex: "half" });
    return { hash, seen: await response.json() };
  },
  async first(which, url) {
    const response = await (fetches[which] as any)(url);
    for await (const part of response.body) return new TextDecoder().decode(part);
  },
  async abort(which, url) {
    const stop = new AbortController();
    const asking = (fetches[which] as any)(url, { signal: stop.signal });
    setTimeout(() => stop.abort(new RangeError("enough")), 20);
    return await asking.then((response: any) => response.text());
  },
  send: (_which, url) =>
    new Promise((resolve) => {
      answers.set(url, resolve);
      void http.send("POST", url, { headers: { "x-a": "1" }, body: "sent", context: url });
    }),
  async socket(_which, url) {
    const log: unknown[] = [];
    const socket = await openWebSocket(url, { headers: { "x-a": "1" } });
    await socket.send("hello");
    await socket.send(Uint8Array.of(1, 2, 255));
    await socket.send({ json: true });
    await socket.send("end");
    for await (const data of socket) log.push(typeof data === "string" ? data : [...data]);
    return { log, isOpen: socket.isOpen, after: await socket.send("x").catch(failure) };
  },
  async close(_which, url) {
    const socket = await openWebSocket(url);
    await socket.close();
    await socket.close();
    return socket.isOpen;
  },
  events: (_which, url) =>
    new Promise((resolve) => {
      const log: unknown[] = [];
      const socket = new client.WebSocket(url);
      log.push(socket.readyState);
      socket.onopen = () => {
        log.push("open");
        socket.send("hi");
        socket.send(Uint8Array.of(7));
      };
      socket.addEventListener("message", ({ data }) => {
        log.push(typeof data === "string" ? data : [...new Uint8Array(data as ArrayBuffer)]);
        if (typeof data !== "string") socket.close();
      });
      socket.onerror = ({ message }) => log.push(message);
      socket.onclose = ({ code, wasClean }) => {
        log.push(code, wasClean, socket.readyState);
        resolve(log);
      };
    }),
  open: async (_which, url, init) => (await openWebSocket(url, init)).isOpen,
};

export default defineProcess(() =>
  serve(
    async (request) => {
      const { command, which, url, init } = request.json() as {
        command: string;
        which: Which;
        url: string;
        init: unknown;
      };
      try {
        return { result: await commands[command]!(which, url, init) };
      } catch (thrown) {
        return { failed: failure(thrown) };
      }
    },
    {
      onResponse: (response) => {
        const { status, headers, bytes } = http.answerOf(response);
        const text = new TextDecoder().decode(bytes);
        const url = new TextDecoder().decode(response.context);
        answers.get(url)?.({ status, type: headers["Content-Type"], text });
      },
    },
  ),
);
`;

const LARGE = 3 * 1024 * 1024;
let aborted = 0;
const hashOf = (bytes: Uint8Array, hash = 2166136261): number => {
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
};
const large = new Uint8Array(LARGE);
for (let i = 0; i < LARGE; i++) large[i] = (i * 7) % 251;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request, self) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/socket":
        return self.upgrade(request, { data: undefined })
          ? undefined
          : new Response("no", { status: 400 });
      case "/moved":
        return Response.redirect("/hello", 302);
      case "/loop":
        return Response.redirect("/loop", 302);
      case "/cookies": {
        const cookie = request.headers.get("cookie");
        return new Response(`cookie ${cookie}`, {
          headers: [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
          ],
        });
      }
      case "/echo":
        return new Response(await request.bytes());
      case "/large":
        return new Response(large);
      case "/upload": {
        let length = 0;
        let hash: number | undefined;
        for await (const part of request.body!) {
          length += part.length;
          hash = hashOf(part, hash);
        }
        return Response.json({ length, hash });
      }
      case "/forever":
        return new Response(
          new ReadableStream({
            async pull(controller) {
              await Bun.sleep(5);
              controller.enqueue("tick");
            },
            cancel: () => void aborted++,
          }),
        );
      case "/never":
        return await new Promise<Response>((resolve) =>
          request.signal.addEventListener("abort", () => {
            aborted++;
            resolve(new Response());
          }),
        );
      case "/broken":
        return new Response("no", { status: 500 });
      default:
        return new Response(`${request.method} ${await request.text()}`, {
          headers: { "content-type": "text/x-own" },
        });
    }
  },
  websocket: {
    message(socket, message) {
      if (message === "end") socket.close(1000);
      else socket.send(message);
    },
  },
});
const HTTP = `http://127.0.0.1:${server.port}`;
const WS = `ws://127.0.0.1:${server.port}`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const modules = ["http-client:distro:sys", "timer:distro:sys"];
  for (const name of ["asker", "other"]) {
    await installScript(node, name, SOURCE, { request: modules, grant: modules });
  }
  await installScript(node, "unasked", SOURCE, {});
}, 120_000);
afterAll(async () => {
  await node.stop();
  await server.stop(true);
  removeScripts();
});

interface Outcome {
  readonly result?: unknown;
  readonly failed?: { readonly name: string; readonly code: string; readonly message: string };
}

async function run(
  command: string,
  url: string,
  init?: unknown,
  options: { which?: string; process?: string } = {},
): Promise<Outcome> {
  const { which = "library", process = "asker" } = options;
  const body = JSON.stringify({ command, which, url, init });
  const target = `${process}:${process}:example.os`;
  const asking = node.ask(target, body, { timeoutSeconds: 300 });
  // the module looks at the clock to say whether a body is late
  let isAnswered = false;
  void asking.finally(() => (isAnswered = true)).catch(() => {});
  for (; !isAnswered; await Bun.sleep(5)) await node.advance(10);
  return (await asking).body as Outcome;
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; !done(); await Bun.sleep(5)) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
  }
}

for (const which of ["library", "global"]) {
  const with_ = { which };

  test(`${which}: fetch follows redirects, and tells where it came from`, async () => {
    expect(await run("fetch", `${HTTP}/moved`, { method: "POST", body: "x" }, with_)).toEqual({
      result: {
        status: 200,
        ok: true,
        url: `${HTTP}/hello`,
        redirected: true,
        type: "text/x-own",
        cookies: [],
        text: "GET ",
      },
    });
    const manual = await run("fetch", `${HTTP}/moved`, { redirect: "manual" }, with_);
    expect(manual.result).toMatchObject({ status: 302, redirected: false });
    const refused = await run("fetch", `${HTTP}/moved`, { redirect: "error" }, with_);
    expect(refused.failed).toMatchObject({ name: "TypeError", code: "Redirected" });
    const loop = await run("fetch", `${HTTP}/loop`, undefined, with_);
    expect(loop.failed).toMatchObject({
      code: "ExecuteRequestFailed",
      message: expect.stringContaining("more than 10 redirects"),
    });
  });

  test(`${which}: an error of the server is a response, no response an error with its case`, async () => {
    const broken = await run("fetch", `${HTTP}/broken`, undefined, with_);
    expect(broken.result).toMatchObject({ status: 500, ok: false, text: "no" });
    const closed = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    await closed.stop(true);
    for (const [url, code, words] of [
      [`http://127.0.0.1:${closed.port}/`, "ExecuteRequestFailed", "refused"],
      ["http://nowhere.invalid/", "ExecuteRequestFailed", "name"],
      ["ftp://127.0.0.1/", "BuildRequestFailed", "neither http: nor https:"],
      ["nope", undefined, "nope"],
    ] as const) {
      const { failed } = await run("fetch", url, undefined, with_);
      expect(failed).toMatchObject({
        name: "TypeError",
        ...(code === undefined ? {} : { code }),
        message: expect.stringContaining(words),
      });
    }
  });

  test(`${which}: bytes come back as they went`, async () => {
    const { result } = await run("binary", `${HTTP}/echo`, undefined, with_);
    expect(result).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });

  test(`${which}: a large body comes in parts, and one goes in parts`, async () => {
    const down = await run("large", `${HTTP}/large`, undefined, with_);
    expect(down).toEqual({ result: { length: LARGE, hash: hashOf(large), isInParts: true } });
    const up = await run("upload", `${HTTP}/upload`, { count: 20, size: 50_000 }, with_);
    const { hash, seen } = up.result as { hash: number; seen: object };
    expect(seen).toEqual({ length: 1_000_000, hash });
  }, 120_000);

  test(`${which}: leaving a body, or the wait for a response, ends the connection`, async () => {
    const before = aborted;
    expect((await run("first", `${HTTP}/forever`, undefined, with_)).result).toStartWith("tick");
    await until(() => aborted === before + 1, "the end of the body");
    expect(await run("abort", `${HTTP}/never`, undefined, with_)).toMatchObject({
      failed: { name: "RangeError", message: "enough" },
    });
    await until(() => aborted === before + 2, "the end of the request");
  }, 120_000);

  test(`${which}: cookies are for the program to see, and are not kept`, async () => {
    const first = await run("fetch", `${HTTP}/cookies`, undefined, with_);
    expect(first.result).toMatchObject({ cookies: ["a=1", "b=2"], text: "cookie null" });
    for (const process of ["asker", "other"]) {
      const again = await run("fetch", `${HTTP}/cookies`, undefined, { which, process });
      expect(again.result).toMatchObject({ text: "cookie null" });
    }
    const init = { headers: { cookie: "c=3" } };
    const own = await run("fetch", `${HTTP}/cookies`, init, with_);
    expect(own.result).toMatchObject({ text: "cookie c=3" });
  });

  test(`${which}: the node itself and the machines of clouds are out of reach`, async () => {
    const pages = (await node.fetch("/~/system")).headers.get("location");
    const { port } = new URL(pages!);
    for (const url of [
      `http://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      "http://169.254.169.254/latest/meta-data",
    ]) {
      const { failed } = await run("fetch", url, undefined, with_);
      expect(failed?.message).toContain("apps may not connect there");
    }
  });

  test(`${which}: a process without the right to ask is told what to grant`, async () => {
    const { failed } = await run("fetch", HTTP, undefined, { which, process: "unasked" });
    expect(failed).toMatchObject({
      code: "Timeout",
      message: expect.stringContaining("http-client:distro:sys"),
    });
  });
}

test("[P25] 25.8 an answer comes to the inbox with its context", async () => {
  expect(await run("send", `${HTTP}/x`)).toEqual({
    result: { status: 200, type: "text/x-own", text: "POST sent" },
  });
});

test("[P25] 25.8 a web socket sends and loops over what comes, until the server closes", async () => {
  const { result } = await run("socket", `${WS}/socket`);
  expect(result).toMatchObject({
    log: ["hello", [1, 2, 255], `{"json":true}`],
    isOpen: false,
    after: { name: "HttpClientError", code: "WsPushUnknownChannel" },
  });
});

test("a web socket can be closed, and twice", async () => {
  expect(await run("close", `${WS}/socket`)).toEqual({ result: false });
  await until(() => server.pendingWebSockets === 0, "the end of all web sockets");
});

test("[P25] 25.8 the web's WebSocket tells what happens by events", async () => {
  expect((await run("events", `${WS}/socket`)).result).toEqual([
    0,
    "open",
    "hi",
    [7],
    1000,
    true,
    3,
  ]);
  const failed = (await run("events", `${WS}/nothing`)).result as unknown[];
  expect(failed).toEqual([0, expect.stringContaining("WsOpenFailed"), 1006, false, 3]);
});

test("[P25] 25.8 a web socket that cannot be opened is an error with its case", async () => {
  for (const [url, code] of [
    [`${WS}/nothing`, "WsOpenFailed"],
    ["nope", "BadUrl"],
    ["ws://169.254.169.254/", "WsOpenFailed"],
  ] as const) {
    expect((await run("open", url)).failed).toMatchObject({ name: "HttpClientError", code });
  }
});
