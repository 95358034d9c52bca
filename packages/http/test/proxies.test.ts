import { expect, test } from "bun:test";
import { APP, PASSWORD_HASH, pageOf, startWebNode, type WebNode } from "./web-node.ts";

/** A proxy in front of the node: passes requests on with these headers more, as nginx or Caddy would. */
function startProxy(node: WebNode, headers: (request: Request) => Record<string, string>) {
  const proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const sent = new Headers(request.headers);
      for (const [name, value] of Object.entries(headers(request))) sent.set(name, value);
      const init = { method: request.method, headers: sent, redirect: "manual" as const };
      const body = request.body === null ? {} : { body: await request.bytes() };
      return await fetch(node.url + url.pathname + url.search, { ...init, ...body });
    },
  });
  return { url: `http://127.0.0.1:${proxy.port}`, [Symbol.dispose]: () => void proxy.stop(true) };
}

const CLIENT = "203.0.113.9";
const X = {
  "x-forwarded-for": CLIENT,
  "x-forwarded-proto": "https",
  "x-forwarded-host": "my.example",
};

async function seen(node: WebNode, url: string, headers: Record<string, string> = {}) {
  await (await fetch(`${url}/${APP}`, { headers })).text();
  return node.received.at(-1)!.http;
}

async function logIn(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ password_hash: PASSWORD_HASH, subdomain: null });
  return await fetch(`${url}/login?redirect=/x`, {
    method: "POST",
    body,
    headers,
    redirect: "manual",
  });
}

test("behind a trusted proxy the client's address, https and host name are what the proxy says", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.1"] });
  using proxy = startProxy(node, () => X);
  node.serve(pageOf);
  await node.bind(APP, "/");
  const http = await seen(node, proxy.url);
  expect(http["source_socket_addr"]).toBe(`${CLIENT}:0`);
  expect(http["url"]).toBe(`http://my.example/${APP}`);
  const login = await logIn(proxy.url, { origin: "https://my.example" });
  expect(login.headers.get("set-cookie")).toContain("; Secure");
  expect(login.headers.get("location")).toBe("https://my.example/x");
  await node.harness.ask("a:my-app:x.os", { body: { SecureBind: { path: "/", cache: false } } });
  const secure = await fetch(`${proxy.url}/a:my-app:x.os`, { redirect: "manual" });
  expect(secure.headers.get("location")).toBe("https://my-app-x-os.my.example/a:my-app:x.os");
});

test("Forwarded of RFC 7239 counts as well", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.0/8"] });
  using proxy = startProxy(node, () => ({
    forwarded: `for="[2001:db8::7]:4711";proto=https;host="my.example:8443"`,
  }));
  node.serve(pageOf);
  await node.bind(APP, "/");
  const http = await seen(node, proxy.url);
  expect(http["source_socket_addr"]).toBe("[2001:db8::7]:4711");
  expect(http["url"]).toBe(`http://my.example/${APP}`);
});

test("headers of anybody who is no trusted proxy count for nothing", async () => {
  for (const trustedProxies of [[], ["10.0.0.0/8", "::1"]]) {
    await using node = await startWebNode({ trustedProxies });
    node.serve(pageOf);
    await node.bind(APP, "/");
    const forged = { ...X, forwarded: `for=${CLIENT};proto=https;host=evil.example` };
    const http = await seen(node, node.url, forged);
    expect(http["source_socket_addr"]).toStartWith("127.0.0.1:");
    expect(http["url"]).toBe(`http://localhost/${APP}`);
    const login = await logIn(node.url, forged);
    expect(login.headers.get("set-cookie")).not.toContain("Secure");
    expect(login.headers.get("location")).toBe(`${node.url}/x`);
  }
});

test("what the client put before the proxy's own entry is not believed", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.1", "10.0.0.0/8"] });
  // Adds at the end, as proxies do, and passes on through another proxy of ours.
  using proxy = startProxy(node, (request) => ({
    "x-forwarded-for": `${request.headers.get("x-forwarded-for")}, ${CLIENT}, 10.1.2.3`,
    "x-forwarded-proto": `${request.headers.get("x-forwarded-proto")}, http`,
  }));
  node.serve(pageOf);
  await node.bind(APP, "/");
  const forged = { "x-forwarded-for": "127.0.0.1, 9.9.9.9", "x-forwarded-proto": "https" };
  expect((await seen(node, proxy.url, forged))["source_socket_addr"]).toBe(`${CLIENT}:0`);
  const login = await logIn(proxy.url, forged);
  expect(login.headers.get("set-cookie")).not.toContain("Secure");
});

test("a proxy that passes on the header it does not write itself cannot be used to lie", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.1"] });
  using proxy = startProxy(node, () => ({ "x-forwarded-for": CLIENT }));
  node.serve(pageOf);
  await node.bind(APP, "/");
  const http = await seen(node, proxy.url, { forwarded: "for=9.9.9.9" });
  expect(http["source_socket_addr"]).toStartWith("127.0.0.1:");
});

test("nothing that came through a proxy is local, whatever it says and whoever is trusted", async () => {
  await using node = await startWebNode({ trustedProxies: ["127.0.0.1"] });
  using proxy = startProxy(node, () => ({ "x-forwarded-for": "127.0.0.1" }));
  node.serve(pageOf);
  await node.bind(APP, "/", { localOnly: true });
  expect((await fetch(`${node.url}/${APP}`)).status).toBe(200);
  expect((await fetch(`${proxy.url}/${APP}`)).status).toBe(403);
  const headers = { authorization: "Bearer local-token" };
  const rpc = { method: "POST", headers, body: JSON.stringify({ process: APP }) };
  expect((await fetch(`${node.url}/rpc:distro:sys/message`, rpc)).status).toBe(200);
  expect((await fetch(`${proxy.url}/rpc:distro:sys/message`, rpc)).status).toBe(403);
});

test("password attempts count for the client behind the proxy, not for all of them together", async () => {
  await using node = await startWebNode({
    trustedProxies: ["127.0.0.1"],
    limits: { loginBurstCount: 1 },
  });
  let from = 0;
  using proxy = startProxy(node, () => ({ "x-forwarded-for": `203.0.113.${from}` }));
  const attempt = async (client: number): Promise<number> => {
    from = client;
    const body = JSON.stringify({ password_hash: "0xwrong", subdomain: null });
    return (await fetch(`${proxy.url}/login`, { method: "POST", body })).status;
  };
  expect([await attempt(1), await attempt(1), await attempt(2)]).toEqual([401, 429, 401]);
});

test("a proxy that is neither address nor range is told by its text", async () => {
  for (const bad of [
    "proxy.example",
    "10.0.0.0/33",
    "10.0.0",
    "::1/129",
    "1.2.3.4/",
    "",
    "1::2::3",
  ]) {
    await expect(startWebNode({ trustedProxies: [bad] })).rejects.toThrow(`not "${bad}"`);
  }
  for (const good of ["10.0.0.0/0", "::/0", "fd00::/8", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"]) {
    await using node = await startWebNode({ trustedProxies: [good] });
    expect(node.port).toBeGreaterThan(0);
  }
});
