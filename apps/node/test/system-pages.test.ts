/** The origin of the apps has no power over the node, whatever the browser sends along. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-system-"));
let node: DetachedNode;
let pages: string;
let cookie: string;

beforeAll(async () => {
  node = await startDetached(join(folder, "home"));
  const { url } = await node.post<{ url: string }>("login-link");
  pages = new URL(url).origin;
  const answer = await fetch(url, { redirect: "manual" });
  expect(answer.status).toBe(303);
  cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}, 120_000);
afterAll(async () => {
  await node?.stop();
  killAllDetached();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const shutdown = (origin: string, headers: Record<string, string>) =>
  fetch(`${origin}/~/api/processes/homepage:homepage:sys/kill`, {
    method: "POST",
    headers: { cookie, ...headers },
    body: "{}",
  });

describe("the node's own pages", () => {
  test("are on an origin of their own", () => {
    expect(pages).not.toBe(new URL(node.url).origin);
    expect(cookie).toStartWith("kinode-auth_");
  });

  test("take the login cookie, and give what it is for", async () => {
    const answer = await fetch(`${pages}/~/api/node`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ appsPort: Number(new URL(node.url).port) });
    expect((await fetch(`${pages}/~/api/node`)).status).toBe(401);
  });

  test("on the origin of the apps the cookie gives no control at all", async () => {
    const read = await fetch(`${node.url}/~/api/capabilities`, { headers: { cookie } });
    expect(read.status).toBe(401);
    const sameOrigin = { origin: new URL(node.url).origin, "sec-fetch-site": "same-origin" };
    expect((await shutdown(new URL(node.url).origin, sameOrigin)).status).toBe(401);
  });

  test("a page of an app cannot act on them with the person's cookie", async () => {
    const byOrigin = await shutdown(pages, { origin: new URL(node.url).origin });
    expect(byOrigin.status).toBe(403);
    const bySite = await shutdown(pages, { "sec-fetch-site": "same-site" });
    expect(bySite.status).toBe(403);
    const processes = await node.get<{ id: string; state: string }[]>("processes");
    expect(processes.find(({ id }) => id === "homepage:homepage:sys")?.state).toBe("running");
  });

  test("cannot be framed, and run only their own scripts", async () => {
    const answer = await fetch(`${pages}/`, { headers: { cookie } });
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(await answer.text()).toContain('id="app"');
  });

  test("without a login they lead to the login page and back", async () => {
    const answer = await fetch(`${pages}/`, { redirect: "manual" });
    expect(answer.status).toBe(303);
    const login = answer.headers.get("location") ?? "";
    expect(new URL(login).port).toBe(new URL(node.url).port);
    const shown = await fetch(login);
    expect(shown.url).toBe(`${node.url}/~/system`);
    expect(await shown.text()).toContain('type="password"');
    // The login page loads its own address again when the password was right.
    const back = await fetch(login, { redirect: "manual", headers: { cookie } });
    expect(back.headers.get("location")).toBe(`${pages}/`);
  });

  test("a link works once, and another text never", async () => {
    const { url } = await node.post<{ url: string }>("login-link");
    const once = await fetch(url, { redirect: "manual" });
    expect(once.headers.get("set-cookie")).toContain("HttpOnly; SameSite=Strict");
    const twice = await fetch(url, { redirect: "manual" });
    expect(twice.headers.get("set-cookie")).toBeNull();
    const [told, asked] = [await fetch(url), await fetch(`${pages}/`)];
    expect(await told.text()).toContain("This link was used already");
    expect(await asked.text()).not.toContain("This link");
    // Who is logged in is where the link leads; the login page knows the way there after the password too.
    const there = await fetch(url, { redirect: "manual", headers: { cookie } });
    expect(there.headers.get("location")).toBe("/");
    const after = await fetch(told.url, { redirect: "manual", headers: { cookie } });
    expect(after.headers.get("location")).toBe(`${pages}/`);
    const guess = await fetch(`${pages}/~/login?token=00`, { redirect: "manual" });
    expect(guess.headers.get("set-cookie")).toBeNull();
  });

  test("a person logs out on them, and a page from elsewhere cannot do it for them", async () => {
    const logOut = (origin: string) =>
      fetch(`${pages}/~/logout`, { method: "POST", headers: { cookie, origin } });
    const forged = await logOut(new URL(node.url).origin);
    expect([forged.status, forged.headers.get("set-cookie")]).toEqual([403, null]);
    const answer = await logOut(pages);
    expect(answer.status).toBe(204);
    const [name] = cookie.split("=");
    expect(answer.headers.get("set-cookie")).toMatch(new RegExp(`^${name}=;.*Max-Age=0`));
  });
});
