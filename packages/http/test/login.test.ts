import { expect, test } from "bun:test";
import { runInNewContext } from "node:vm";
import { hashPassword, signLoginToken } from "@kinode-ts/crypto";
import { buildLoginScript } from "../login/build-login.ts";
import { LOGIN_SCRIPT } from "../src/generated/login-script.ts";
import { type HttpServerOptions, subdomainLabel } from "../src/index.ts";
import {
  APP,
  HOMEPAGE,
  KEYFILE,
  PASSWORD_HASH,
  pageOf,
  startWebNode,
  type WebNode,
} from "./web-node.ts";

const SECRET = new Uint8Array(32).fill(7);
const WEEK_SECONDS = 7 * 24 * 3_600;

function login(node: WebNode, body: unknown, path = "/login", headers = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return node.get(path, { method: "POST", body: text, headers });
}

function cookieOf(response: Response): string {
  return response.headers.get("set-cookie")!.split(";")[0]!;
}

async function startPrivate(options: Partial<HttpServerOptions> = {}): Promise<WebNode> {
  const node = await startWebNode(options);
  node.serve(pageOf);
  await node.bind(APP, "/", { authenticated: true });
  return node;
}

test("[M86] without a cookie a private path answers 200 with the login page, never the content", async () => {
  await using node = await startPrivate();
  await node.bind(APP, "/c", { authenticated: true, cached: "the secret content" });
  for (const path of [`/${APP}`, `/${APP}/c`]) {
    const response = await node.get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const text = await response.text();
    expect(text).toContain("<h1>Log in</h1>");
    expect(text).not.toContain("secret content");
  }
  // Nor does a stranger learn whether the content is what it was, or that a part of it is there.
  for (const init of [
    { headers: { "if-none-match": "*" } },
    { headers: { range: "bytes=0-3" } },
    { method: "POST", body: "x" },
    { method: "HEAD" },
  ]) {
    const response = await node.get(`/${APP}/c`, init);
    expect([response.status, response.headers.get("etag")]).toEqual([200, null]);
    const text = await response.text();
    if (init.method !== "HEAD") expect(text).toContain("<h1>Log in</h1>");
  }
  expect(node.received).toEqual([]);
  expect(await (await node.get("/login")).text()).toContain("alice.os");
});

test("[M87] the right hash sets a cookie whose JWT has the documented header and claims", async () => {
  await using node = await startPrivate();
  for (const subdomain of [null, "", undefined, APP]) {
    const response = await login(node, { password_hash: PASSWORD_HASH, subdomain });
    expect(response.status).toBe(200);
    expect(await response.json()).toBe(KEYFILE.toBase64());
    const [name, token] = cookieOf(response).split("=");
    expect(name).toBe(subdomain === APP ? `kinode-auth_alice.os@${APP}` : "kinode-auth_alice.os");
    const [header, claims] = token!
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString());
    expect(header).toBe('{"alg":"HS256"}');
    expect(JSON.parse(claims!)).toEqual({
      username: "alice.os",
      subdomain: subdomain === APP ? APP : null,
      expiration: Math.floor(node.clock.nowMs() / 1000) + 26 * WEEK_SECONDS,
    });
  }
  const cookie = cookieOf(await login(node, { password_hash: PASSWORD_HASH }));
  expect(await (await node.get(`/${APP}`, { headers: { cookie } })).text()).toBe(`page of /${APP}`);
});

test("/login is the node's for GET and POST, whatever is bound there", async () => {
  await using node = await startPrivate();
  await node.bind(HOMEPAGE, "/login");
  await node.bind(HOMEPAGE, "/:page");
  expect(await (await node.get("/login")).text()).toContain("<h1>Log in</h1>");
  expect((await login(node, { password_hash: PASSWORD_HASH })).status).toBe(200);
  expect((await login(node, { password_hash: "0xbad" })).status).toBe(401);
  expect(node.received).toEqual([]);
  expect(await (await node.get("/login", { method: "PUT" })).text()).toBe("page of /login");
});

test("[M88][N88] expired, foreign, scoped and wrongly signed tokens are refused", async () => {
  await using node = await startPrivate();
  const nowSeconds = Math.floor(node.clock.nowMs() / 1000);
  const good = { username: "alice.os", subdomain: null, expiration: nowSeconds + 10 };
  const visit = async (value: string): Promise<string> => {
    const cookie = `kinode-auth_alice.os=${value}`;
    return await (await node.get(`/${APP}`, { headers: { cookie } })).text();
  };
  const signed = signLoginToken(good, SECRET);
  expect(await visit(signed)).toStartWith("page of");
  const bad = [
    signLoginToken({ ...good, expiration: nowSeconds }, SECRET),
    signLoginToken({ ...good, username: "bob.os" }, SECRET),
    signLoginToken({ ...good, subdomain: APP }, SECRET),
    signLoginToken(good, new Uint8Array(32)),
    `${signed.slice(0, -2)}AA`,
    signed.split(".").slice(0, 2).join("."),
    "",
  ];
  for (const token of bad) expect(await visit(token)).toContain("Log in");
  // A token that was good ends at its time, also when it was seen before.
  await node.clock.advance(10_000);
  expect(await visit(signed)).toContain("Log in");
});

test("the first cookie with the name decides", async () => {
  await using node = await startPrivate();
  const good = await node.logIn();
  const ask = async (cookie: string) => (await node.get(`/${APP}`, { headers: { cookie } })).text();
  expect(await ask(`kinode-auth_alice.os=x.y.z; ${good}`)).toContain("Log in");
  expect(await ask(`${good}; kinode-auth_alice.os=x.y.z`)).toStartWith("page of");
  expect(await ask(`other=1; ${good}`)).toStartWith("page of");
});

test("[M89][N90] cookies are HttpOnly and SameSite, Secure behind TLS; short secrets are refused", async () => {
  await using node = await startPrivate({ trustedProxies: ["127.0.0.1"] });
  const plain = await login(node, { password_hash: PASSWORD_HASH });
  expect(plain.headers.get("set-cookie")).toContain("; HttpOnly; SameSite=Strict");
  expect(plain.headers.get("set-cookie")).toContain("; Path=/;");
  expect(plain.headers.get("set-cookie")).not.toContain("Secure");
  const tls = await login(node, { password_hash: PASSWORD_HASH }, "/login", {
    "x-forwarded-proto": "https",
  });
  expect(tls.headers.get("set-cookie")).toContain("; Secure");
  const others = [
    await login(node, { password_hash: PASSWORD_HASH, subdomain: APP }),
    await fetch(node.server.issueLoginLink(), { redirect: "manual" }),
    await node.get("/~/logout", { method: "POST" }),
  ];
  for (const { headers } of others) {
    expect(headers.get("set-cookie")).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  }
  await expect(startWebNode({ secret: new Uint8Array(31) })).rejects.toThrow(
    "The signing secret has 31 bytes, at least 32 are needed",
  );
});

test("[M90] a redirect stays on this site", async () => {
  await using node = await startPrivate();
  const ask = (redirect: string) =>
    login(
      node,
      { password_hash: PASSWORD_HASH },
      `/login?redirect=${encodeURIComponent(redirect)}`,
    );
  const good = await ask("/p?x=1");
  expect([good.status, good.headers.get("location")]).toEqual([303, `${node.url}/p?x=1`]);
  expect(good.headers.get("set-cookie")).toContain("kinode-auth_alice.os=");
  for (const redirect of [
    "@evil.com",
    "//evil.com",
    "/\\evil.com",
    ".evil.com",
    "/a\r\nX: y",
    "",
  ]) {
    const response = await ask(redirect);
    expect([response.status, response.headers.get("location")]).toEqual([200, null]);
  }
});

test("[M91] a wrong password fails, bad JSON is 400", async () => {
  await using node = await startPrivate();
  const wrong = await login(node, { password_hash: "0xbad" });
  expect(wrong.status).toBe(401);
  expect(await wrong.json()).toBe("Failed to decode keyfile: failed to decrypt networking keys");
  expect(wrong.headers.get("set-cookie")).toBeNull();
  for (const body of [
    "{",
    "[]",
    "{}",
    { password_hash: 1 },
    { password_hash: "x", subdomain: 1 },
  ]) {
    const bad = await login(node, body);
    expect([bad.status, await bad.json()]).toEqual([400, "Failed to parse login info"]);
  }
});

test("a login body that is too large, or of unknown size, falls to the router", async () => {
  await using node = await startPrivate();
  const body = JSON.stringify({ password_hash: PASSWORD_HASH, x: "" });
  const pad = (length: number) =>
    body.replace('"x":""', `"x":"${"y".repeat(length - body.length)}"`);
  expect((await login(node, pad(16_384))).status).toBe(200);
  expect((await login(node, pad(16_385))).status).toBe(404);
  // Nor is one taken that does not say how large it is.
  const unknown = await node.raw(
    `POST /login HTTP/1.1\r\nHost: localhost:${node.port}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  expect(unknown).toStartWith("HTTP/1.1 404");
});

test("a login body of unknown length falls to the router", async () => {
  await using node = await startPrivate();
  const body = JSON.stringify({ password_hash: PASSWORD_HASH });
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const head = `Host: localhost:${node.port}\r\nTransfer-Encoding: chunked\r\nConnection: close`;
  const answer = await node.raw(`POST /login HTTP/1.1\r\n${head}\r\n\r\n${chunk}`);
  expect(answer).toStartWith("HTTP/1.1 404");
});

test("password attempts are limited and come back with time", async () => {
  await using node = await startWebNode({ limits: { loginBurstCount: 3, loginRefillMs: 1_000 } });
  const statuses: number[] = [];
  const tryOnce = async (hash: string) =>
    statuses.push((await login(node, { password_hash: hash })).status);
  for (let count = 0; count < 4; count++) await tryOnce("0xbad");
  await tryOnce(PASSWORD_HASH);
  await node.clock.advance(1_000);
  await tryOnce(PASSWORD_HASH);
  for (let count = 0; count < 3; count++) await tryOnce("0xbad");
  await tryOnce("0xbad");
  expect(statuses).toEqual([401, 401, 401, 429, 429, 200, 401, 401, 401, 429]);
});

test("pages of other sites can neither log in nor out", async () => {
  await using node = await startPrivate();
  const headers = { origin: "http://evil.example" };
  const response = await login(node, { password_hash: PASSWORD_HASH }, "/login", headers);
  expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
  expect((await node.get("/~/logout", { method: "POST", headers })).status).toBe(403);
  const out = await node.get("/~/logout", { method: "POST", headers: { origin: node.url } });
  expect(out.headers.get("set-cookie")).toContain("kinode-auth_alice.os=; Path=/; Max-Age=0");
});

test("a login link works once and ends", async () => {
  await using node = await startPrivate();
  const link = node.server.issueLoginLink();
  expect(link).toStartWith(`${node.url}/~/login?token=`);
  const first = await fetch(link, { redirect: "manual" });
  expect([first.status, first.headers.get("location")]).toEqual([303, "/"]);
  const cookie = cookieOf(first);
  expect(await (await node.get(`/${APP}`, { headers: { cookie } })).text()).toStartWith("page of");
  const second = await fetch(link, { redirect: "manual" });
  expect([second.status, second.headers.get("set-cookie")]).toEqual([403, null]);
  expect(await second.text()).toContain("Log in");
  const late = node.server.issueLoginLink();
  await node.clock.advance(15 * 60_000);
  expect((await fetch(late, { redirect: "manual" })).status).toBe(403);
  expect((await node.get("/~/login?token=guess")).status).toBe(403);
});

async function bindSecure(node: WebNode, app: string, path = "/"): Promise<void> {
  const body = { SecureBind: { path, cache: false } };
  expect((await node.harness.ask(app, { body })).json).toEqual({ Ok: null });
}

test("[M92] a secure path on another host redirects to the label, keeping path and query", async () => {
  await using node = await startPrivate({ trustedProxies: ["127.0.0.1"] });
  expect(subdomainLabel("a:my-app:x.os" as never)).toBe("my-app-x-os");
  expect(subdomainLabel("chess:chess:sys" as never)).toBe("chess-sys");
  await bindSecure(node, "a:my-app:x.os");
  const response = await node.get("/a:my-app:x.os/deep?q=a%20b&r=%26");
  expect([response.status, response.headers.get("location")]).toEqual([
    307,
    `http://my-app-x-os.localhost:${node.port}/a:my-app:x.os/deep?q=a%20b&r=%26`,
  ]);
  const tls = await node.get("/a:my-app:x.os", { headers: { "x-forwarded-proto": "https" } });
  expect(tls.headers.get("location")).toStartWith("https://my-app-x-os.");
  const byAddress = await fetch(`http://127.0.0.1:${node.port}/a:my-app:x.os`, {
    redirect: "manual",
  });
  expect(byAddress.headers.get("location")).toBe(
    `http://my-app-x-os.localhost:${node.port}/a:my-app:x.os`,
  );
  const nameless = await node.raw(
    `GET /a:my-app:x.os HTTP/1.1\r\nHost: .localhost:${node.port}\r\nConnection: close\r\n\r\n`,
  );
  expect(nameless).toMatch(/^HTTP\/1\.1 401 [^]*subdomain$/);
  expect(node.received).toEqual([]);
});

test("[M93] on a secure path the node's cookie is not accepted, the process's own is", async () => {
  await using node = await startPrivate();
  await bindSecure(node, APP, "/s");
  const visit = async (cookie: string): Promise<string> => {
    const answer = await node.raw(
      `GET /${APP}/s HTTP/1.1\r\nHost: p-x-os.localhost:${node.port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    return answer.slice(answer.indexOf("\r\n\r\n") + 4);
  };
  expect(await visit(await node.logIn())).toContain("Log in");
  const own = cookieOf(await login(node, { password_hash: PASSWORD_HASH, subdomain: APP }));
  expect(own).toStartWith(`kinode-auth_alice.os@${APP}=`);
  expect(await visit(own)).toStartWith("page of");
  const token = own.split("=")[1]!;
  expect(await visit(`kinode-auth_alice.os=${token}`)).toContain("Log in");
  // The token says whose it is, whatever name it is sent under.
  const nodes = (await node.logIn()).split("=")[1]!;
  const body = { password_hash: PASSWORD_HASH, subdomain: "other:p:x.os" };
  const others = cookieOf(await login(node, body)).split("=")[1]!;
  for (const foreign of [nodes, others]) {
    expect(await visit(`kinode-auth_alice.os@${APP}=${foreign}`)).toContain("Log in");
  }
});

test("the login page needs nothing from elsewhere and its script is the one built from source", async () => {
  await using node = await startWebNode();
  const page = await node.get("/login");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  const text = await page.text();
  expect([...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)).toEqual([
    "data:,",
    "/~/login.js",
  ]);
  expect(text).toContain('<label for="password">');
  const script = await node.get("/~/login.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await script.text()).toBe(LOGIN_SCRIPT);
  expect(LOGIN_SCRIPT).toBe(await buildLoginScript());
});

test("a node name cannot break out of the page", async () => {
  await using node = await startWebNode({ our: '"><script>alert(1)</script>' });
  expect(await (await node.get("/login")).text()).not.toContain("<script>alert");
});

test("the hash the page sends is the one the keyfile is made with", async () => {
  // The page's script and the node must derive the same text; both are checked against one vector.
  expect(await hashPassword("password", "alice.os")).toBe(await pageHash("password", "alice.os"));
  expect(await hashPassword("pass", "a.os")).toBe(await pageHash("pass", "a.os"));
}, 120_000);

/** Runs the page's own script on a fake page and returns what it would post. */
async function pageHash(password: string, node: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let submit: (event: { preventDefault(): void }) => void = () => {};
  const element = {
    value: password,
    disabled: false,
    textContent: "",
    classList: { toggle() {} },
    setAttribute() {},
    select() {},
    addEventListener: (_type: string, listener: typeof submit) => (submit = listener),
  };
  const globals = {
    TextEncoder,
    setTimeout,
    document: { querySelector: () => element, body: { dataset: { node } } },
    location: { pathname: "/", hostname: "localhost", reload() {} },
    fetch: async (_url: string, init: { body: string }) => {
      resolve((JSON.parse(init.body) as { password_hash: string }).password_hash);
      return { status: 200 };
    },
  };
  runInNewContext(LOGIN_SCRIPT, globals);
  submit({ preventDefault() {} });
  return await promise;
}
