import { expect, test } from "bun:test";
import type { HttpServerOptions } from "../src/index.ts";
import { HttpModule } from "../src/http-server.ts";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import { APP, OTHER, OWN_ADDRESS, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const PATH = "/rpc:distro:sys/message";
const TOKEN = { authorization: "Bearer local-token" };

function rpc(
  node: WebNode,
  body: unknown,
  headers: Record<string, string> = TOKEN,
  query = "",
): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return node.get(PATH + query, { method: "POST", body: text, headers });
}

/** A process that answers every message with a body and a blob. */
async function startAnswering(options: Partial<HttpServerOptions> = {}): Promise<WebNode> {
  const node = await startWebNode(options);
  node.harness.onSend(({ id, target, expectsResponse }) => {
    if (expectsResponse === undefined) return;
    queueMicrotask(() => node.harness.answer(target.process, id, { body: '"Ok"', blob: "hi" }));
  });
  return node;
}

test("[M95] without expects_response 200 and empty, with it JSON; bad JSON or process id is 400", async () => {
  await using node = await startAnswering();
  const none = await rpc(node, { process: APP, body: "x" }, TOKEN, "?v=0");
  expect([none.status, await none.text()]).toEqual([200, ""]);
  const some = await rpc(node, { process: APP, expects_response: 5 }, TOKEN, "?v=0");
  expect(some.headers.get("content-type")).toStartWith("text/html");
  expect(await some.json()).toEqual({
    body: [34, 79, 107, 34],
    lazy_load_blob: { mime: null, bytes: [97, 71, 107, 61] },
  });
  const put = await node.get(PATH, {
    method: "PUT",
    headers: TOKEN,
    body: JSON.stringify({ process: APP, expects_response: 5 }),
  });
  expect(await put.json()).toMatchObject({ body: [34, 79, 107, 34] });
  for (const body of ["{", "", "[]", {}, { process: "no-id" }, { process: 7 }]) {
    expect((await rpc(node, body)).status).toBe(400);
  }
});

test("[M96] inherit, context and base64 that is none are ignored", async () => {
  await using node = await startWebNode();
  const odd = { inherit: true, context: "later", data: "no base64!", mime: "a/b", node: null };
  await rpc(node, { process: APP, body: '{"a":1}', metadata: "m", ...odd });
  const [sent] = node.harness.sent;
  expect(sent).toMatchObject({
    target: { node: "alice.os", process: APP },
    metadata: "m",
    blob: undefined,
  });
  expect(new TextDecoder().decode(sent!.body)).toBe('{"a":1}');
  expect(sent!.expectsResponse).toBeUndefined();
  await rpc(node, { process: APP, data: "aGk=", mime: "text/plain", expects_response: null });
  expect(node.harness.sent[1]!.blob).toEqual({ mime: "text/plain", bytes: Buffer.from("hi") });
});

test("[P21] [P26] row 5: JSON with the blob as base64 text, a local token, no cross-origin requests", async () => {
  await using node = await startAnswering();
  const body = { process: APP, expects_response: 15, body: "{}" };
  const answer = await rpc(node, body);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  expect(await answer.json()).toEqual({
    body: [34, 79, 107, 34],
    lazy_load_blob: { mime: null, bytes: "aGk=" },
  });
  const status = async (headers: Record<string, string>) => (await rpc(node, body, headers)).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: "Bearer wrong" })).toBe(401);
  expect(await status({ cookie: await node.logIn() })).toBe(401);
  expect(await status({ ...TOKEN, origin: "http://evil.example" })).toBe(403);
  expect(await status({ ...TOKEN, origin: node.url })).toBe(200);
  expect(await status({ ...TOKEN, "x-forwarded-for": "127.0.0.1" })).toBe(403);
});

test("with dev programs on this machine need no token, pages of other sites and names still fail", async () => {
  await using node = await startAnswering({ dev: true });
  const body = { process: APP, expects_response: 15 };
  expect((await rpc(node, body, {})).status).toBe(200);
  expect((await rpc(node, body, { origin: "http://evil.example" })).status).toBe(403);
  expect((await rpc(node, body, { origin: "null" })).status).toBe(403);
  for (const name of ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"]) {
    expect((await rpc(node, body, { [name]: "1" })).status).toBe(403);
  }
  const json = JSON.stringify(body);
  const rebound = await node.raw(
    `POST ${PATH} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: ${json.length}\r\nConnection: close\r\n\r\n${json}`,
  );
  expect(rebound).toStartWith("HTTP/1.1 401");
});

test("an RPC to another node gets that node's answer, nobody else's", async () => {
  await using node = await startWebNode();
  const waiting = rpc(node, { process: APP, node: "bob.os", expects_response: 5 });
  const { id } = await node.waitFor(() => true);
  const [sent] = node.harness.sent;
  expect(sent!.target.node).toBe("bob.os");
  expect(sent!.rsvp).toEqual(node.harness.context.address);
  const respond = (from: string, body: string) =>
    node.server.handle({
      id,
      source: { node: from, process: OTHER as never },
      target: node.harness.context.address,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: Buffer.from(body),
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    });
  respond("evil.os", "forged");
  respond("bob.os", "A");
  expect(await (await waiting).json()).toEqual({ body: [65], lazy_load_blob: null });
});

test("an RPC that nobody answers is 408 after 15 s; one that cannot be delivered fails at once", async () => {
  await using node = await startWebNode();
  const waiting = rpc(node, { process: APP, expects_response: 3_600 });
  const { id } = await node.waitFor(() => true);
  await node.clock.advance(15_000);
  expect((await waiting).status).toBe(408);
  const offline = rpc(node, { process: OTHER, expects_response: 5 });
  const other = await node.waitFor((received) => received.id !== id);
  node.server.sendError!(
    {
      id: other.id,
      target: { node: "alice.os", process: OTHER },
      message: { kind: "request", expectsResponse: other.expectsResponse },
    } as never,
    "offline",
  );
  expect((await offline).status).toBe(503);
});

test.skipIf(OWN_ADDRESS === undefined)(
  "[M94] a client that comes by another address of this machine is not local, and neither is one behind a proxy",
  async () => {
    await using node = await startWebNode({ hostname: "0.0.0.0", dev: true });
    node.serve(pageOf);
    await node.bind(APP, "/", { localOnly: true });
    await node.bind(OTHER, "/");
    const statuses = async (host: string, headers: Record<string, string> = {}) => {
      const base = `http://${host}:${node.port}`;
      const body = JSON.stringify({ process: APP });
      const all = [
        await fetch(`${base}/${APP}`, { headers }),
        await fetch(base + PATH, { method: "POST", headers: { ...TOKEN, ...headers }, body }),
        await fetch(`${base}/${OTHER}`, { headers }),
      ];
      return all.map(({ status }) => status);
    };
    expect(await statuses("127.0.0.1")).toEqual([200, 200, 200]);
    expect(await statuses(OWN_ADDRESS!)).toEqual([403, 403, 200]);
    for (const name of ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"]) {
      expect(await statuses("127.0.0.1", { [name]: "127.0.0.1" })).toEqual([403, 403, 200]);
    }
  },
);

test("[M94] [P26] row 3d: local_only from elsewhere is 403, also through a proxy on this machine", async () => {
  const module = new HttpModule({
    our: "alice.os",
    secret: new Uint8Array(32),
    verifyPassword: async () => undefined,
    localToken: "local-token",
    dev: true,
    clock: createVirtualClock(),
    random: createSeededRandom(1),
    hostRoutes: [],
  });
  const harness = createModuleHarness(module);
  await harness.start();
  harness.onSend(({ id }) =>
    harness.answer(APP, id, { body: { status: 200, headers: {} }, blob: "in" }),
  );
  const body = { Bind: { path: "/", authenticated: false, local_only: true, cache: false } };
  await harness.ask(APP, { body });
  const visit = async (address: string, headers: Record<string, string> = {}, path = `/${APP}`) => {
    const request = new Request(`http://localhost${path}`, { headers });
    const host = {
      peerOf: () => ({ address, port: 1 }),
      headersOf: () => ({}),
      upgrade: () => false,
      limitIdle() {},
    };
    return (await module.serve(request, host))!;
  };
  for (const address of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]) {
    expect(await (await visit(address)).text()).toBe("in");
  }
  for (const address of ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"]) {
    expect((await visit(address)).status).toBe(403);
    expect((await visit(address, TOKEN, PATH)).status).toBe(403);
  }
  for (const name of ["x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host"]) {
    expect((await visit("127.0.0.1", { [name]: "192.0.2.7" })).status).toBe(403);
  }
});
