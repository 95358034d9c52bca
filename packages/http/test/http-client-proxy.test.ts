/** The HTTP client behind a real proxy. Source: spec/runtime-modules.md §7.1. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createTestCertificate } from "@kinode-ts/testing/certificate";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Clock } from "@kinode-ts/types";
import { createHttpClient } from "../src/client/http-client-bun.ts";

setDefaultTimeout(120_000);
const APP = "app:test:sys";

const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

const seen: { readonly url: string; readonly headers: Headers }[] = [];
const plain = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request, server) {
    if (request.url.endsWith("/socket") && server.upgrade(request)) return undefined;
    seen.push({ url: request.url, headers: request.headers });
    if (request.url.endsWith("/away")) return Response.redirect("http://169.254.169.254/", 302);
    return new Response(`plain ${request.method} ${await request.text()}`);
  },
  websocket: { message: (socket, message) => void socket.send(message) },
});

/** Passes everything on to the server of the test, whatever name was asked for. */
class Proxy {
  readonly heads: string[] = [];
  readonly sockets = new Set<Socket>();
  /** `undefined`: nobody answers. */
  connectStatus: string | undefined = "200 OK";
  tunnelTo = plain.port!;
  readonly #server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("data", (data) => this.#serve(socket, data as Buffer));
  });

  #serve(socket: Socket, first: Buffer): void {
    const head = first.toString("latin1");
    this.heads.push(head);
    const isTunnel = head.startsWith("CONNECT ");
    if (isTunnel && this.connectStatus === undefined) return;
    if (isTunnel && !this.connectStatus!.startsWith("2")) {
      socket.end(`HTTP/1.1 ${this.connectStatus}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const server = connect(isTunnel ? this.tunnelTo : plain.port!, "127.0.0.1", () => {
      if (isTunnel) socket.write(`HTTP/1.1 ${this.connectStatus}\r\nVia: test\r\n\r\n`);
      else server.write(first);
      socket.pipe(server).pipe(socket);
    });
    server.on("error", () => socket.destroy());
    socket.on("close", () => server.destroy());
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

const proxy = new Proxy();
let secure: Bun.Server<undefined>;
beforeAll(async () => {
  await proxy.listen();
  secure = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await createTestCertificate("x.example"),
    fetch: () => new Response("secret"),
  });
});
afterAll(async () => {
  proxy.close();
  await plain.stop(true);
  await secure.stop(true);
});

async function client(): Promise<ModuleHarness> {
  const url = new URL(`http://me:secret@127.0.0.1:${proxy.port}`);
  const settings = { plain: url, secure: url, bypass: ["direct.example"] };
  const harness = createModuleHarness(
    createHttpClient({ clock: realClock, ownPorts: () => [], proxy: settings }),
  );
  await harness.start();
  return harness;
}

const http = (url: string, fields: object = {}, blob?: string, expectsResponse = 20) => ({
  body: { Http: { method: "GET", version: null, url, headers: {}, ...fields } },
  blob,
  expectsResponse,
});

async function ask(harness: ModuleHarness, message: ReturnType<typeof http>) {
  const { json, blob } = await harness.ask(APP, message);
  return { json, text: blob && new TextDecoder().decode(blob.bytes) };
}

test("requests of http name the whole URL to the proxy, which learns who asks; the app says nothing to it", async () => {
  const harness = await client();
  const headers = { "X-A": "1", "Proxy-Authorization": "mine" };
  const fields = { method: "POST", headers };
  const answer = await ask(harness, http("http://shop.example:8080/x?y=1", fields, "body"));
  expect(answer).toMatchObject({
    json: { Ok: { Http: { status: 200 } } },
    text: "plain POST body",
  });
  const head = proxy.heads.at(-1)!;
  expect(head).toStartWith("POST http://shop.example:8080/x?y=1 HTTP/1.1\r\n");
  expect(head.toLowerCase()).toContain("host: shop.example:8080\r\n");
  expect(head).toContain(`Proxy-Authorization: Basic ${btoa("me:secret")}`);
  expect(head).toContain("X-A: 1");
  expect(head).not.toContain("mine");
});

test("requests of https go through a tunnel, and the certificate of the server counts", async () => {
  const harness = await client();
  proxy.tunnelTo = secure.port!;
  const { json } = await ask(harness, http("https://shop.example/secret-path"));
  expect(proxy.heads.at(-1)).toStartWith("CONNECT shop.example:443 HTTP/1.1\r\n");
  expect(proxy.heads.at(-1)).toContain(`Proxy-Authorization: Basic ${btoa("me:secret")}`);
  expect(proxy.heads.join()).not.toContain("secret-path");
  expect(json).toMatchObject({
    Err: { ExecuteRequestFailed: expect.stringContaining("certificate") },
  });
});

test("a proxy that refuses, hangs or is away fails the request, and says nothing of the proxy", async () => {
  const harness = await client();
  proxy.connectStatus = "407 Proxy Authentication Required";
  const failed = (text: string) => ({ Err: { ExecuteRequestFailed: text } });
  expect((await ask(harness, http("https://shop.example/"))).json).toEqual(
    failed("the proxy refused the connection (status 407)"),
  );
  proxy.connectStatus = undefined;
  const before = proxy.sockets.size; // connections that are kept for the next request
  expect((await ask(harness, http("https://shop.example/", {}, undefined, 1))).json).toEqual(
    failed("no whole response within 1 s"),
  );
  const deadline = performance.now() + 60_000;
  while (proxy.sockets.size > before && performance.now() < deadline) await Bun.sleep(5);
  expect(proxy.sockets.size).toBeLessThanOrEqual(before);
  proxy.connectStatus = "200 OK";
});

test("this machine and what is listed are reached directly, refused addresses not at all", async () => {
  const harness = await client();
  const before = proxy.heads.length;
  const direct = await ask(harness, http(`http://127.0.0.1:${plain.port}/`));
  expect(direct.text).toBe("plain GET ");
  const listed = await ask(harness, http("http://direct.example/"));
  expect(listed.json).toMatchObject({ Err: {} });
  const refused = expect.stringContaining("apps may not connect there");
  for (const url of ["http://169.254.169.254/", `http://127.0.0.1:${plain.port}/away`]) {
    expect((await ask(harness, http(url))).json).toEqual({
      Err: { ExecuteRequestFailed: refused },
    });
  }
  expect(proxy.heads.length).toBe(before);
});

test("web sockets go through the proxy too", async () => {
  const harness = await client();
  proxy.tunnelTo = plain.port!;
  const open = { WebSocketOpen: { url: "ws://chat.example/socket", headers: {}, channel_id: 1 } };
  expect((await harness.ask(APP, { body: open, expectsResponse: 10 })).json).toEqual({
    Ok: "WebSocketAck",
  });
  expect(proxy.heads.at(-1)).toContain("chat.example");
});
