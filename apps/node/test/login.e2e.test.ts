/**
 * Logging in as a person does: a real browser, the password typed into the login page. Runs where Chromium is found
 * (`CHROMIUM` names it otherwise); continuous integration installs it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hashPassword } from "@kinode-ts/crypto";
import { createHttpServer } from "@kinode-ts/http";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { createSystemClock } from "../src/boot/system-clock.ts";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";

const OUR = "alice.os";
const PASSWORD = "correct horse";
const APP = "main:p:x.os";
const SECURE = "vault:my-app:x.os";
const DEADLINE_MS = 120_000;
const WEEKS_26_SECONDS = 26 * 7 * 24 * 3_600;

describe.skipIf(CHROMIUM === undefined)("a person with a browser and a password", () => {
  const random = createSeededRandom(1);
  let wanted = "";
  const server = createHttpServer({
    our: OUR,
    port: 0,
    secret: random.bytes(32),
    verifyPassword: async (hash) => (hash === wanted ? Uint8Array.of(1) : undefined),
    localToken: "local-token",
    dev: false,
    clock: createSystemClock(),
    random,
    hostRoutes: [],
  });
  const harness = createModuleHarness(server);
  let port = 0;
  let browser: Browser;
  let person: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    wanted = await hashPassword(PASSWORD, OUR);
    await harness.start();
    harness.onSend(({ id, target, body }) => {
      const { Http: http } = JSON.parse(new TextDecoder().decode(body)) as {
        Http?: { headers: Record<string, string> };
      };
      // An event of a web socket.
      if (http === undefined) return;
      const text = `<p>private page, cookies: ${http.headers["cookie"] ?? "none"}</p>`;
      queueMicrotask(() =>
        harness.answer(target.process, id, {
          body: { status: 200, headers: { "Content-Type": "text/html" } },
          blob: text,
        }),
      );
    });
    const bind = { path: "/", authenticated: true, local_only: false, cache: false };
    await harness.ask(APP, { body: { Bind: bind } });
    await harness.ask("homepage:homepage:sys", { body: { Bind: bind } });
    await harness.ask(APP, {
      body: { WebSocketBind: { path: "/ws", authenticated: true, extension: false } },
    });
    await harness.ask(SECURE, { body: { SecureBind: { path: "/", cache: false } } });
    ({ port } = await server.listen());
    browser = await launchBrowser();
    person = await browser.createBrowserContext();
    page = await newPage(person);
  }, DEADLINE_MS);
  afterAll(async () => {
    await browser?.close();
    await server.stop();
    await elsewhere.stop(true);
  }, DEADLINE_MS);

  /** Another site: browsers take those of 127.0.0.1 and localhost for two. */
  const elsewhere = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(`<a id="link" href="http://localhost:${port}/${APP}/deep">go</a>`, {
        headers: { "content-type": "text/html" },
      }),
  });
  /** What a script of the page that is shown gets of the private web socket. */
  const openSocket = (): Promise<unknown> =>
    page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket("ws://localhost:${port}/${APP}/ws");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    })`);

  const hasText = (text: string) =>
    page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`);
  const logIn = async (password: string): Promise<void> => {
    await page.locator("#password").fill(password);
    await page.keyboard.press("Enter");
  };
  const cookies = async () =>
    (await person.cookies()).toSorted((a, b) => (a.name < b.name ? -1 : 1));

  test(
    "[M86] sees the login page in the place of a private one, and never its content",
    async () => {
      const answer = await page.goto(`http://localhost:${port}/${APP}/deep?q=1`);
      expect(answer?.status()).toBe(200);
      await hasText(`This is ${OUR}.`);
      expect(await page.content()).not.toContain("private page");
      expect(harness.sent).toEqual([]);
    },
    DEADLINE_MS,
  );

  test(
    "[M87] [M89] [M91] is refused with a wrong password, let in with the right one, and its scripts see no cookie",
    async () => {
      await logIn("wrong horse");
      await hasText("Wrong password.");
      expect(await cookies()).toEqual([]);
      await logIn(PASSWORD);
      await hasText("private page, cookies: none");
      expect(page.url()).toBe(`http://localhost:${port}/${APP}/deep?q=1`);
      const [cookie, ...others] = await cookies();
      expect(others).toEqual([]);
      expect(cookie).toMatchObject({
        name: `kinode-auth_${OUR}`,
        path: "/",
        httpOnly: true,
        sameSite: "Strict",
      });
      const [header, claims] = cookie!.value
        .split(".")
        .map((part) => Buffer.from(part, "base64url").toString());
      expect(header).toBe('{"alg":"HS256"}');
      const { expiration, ...rest } = JSON.parse(claims!) as { expiration: number };
      expect(rest).toEqual({ username: OUR, subdomain: null } as never);
      const lifeSeconds = expiration - Date.now() / 1_000;
      expect(lifeSeconds).toBeLessThanOrEqual(WEEKS_26_SECONDS);
      expect(lifeSeconds).toBeGreaterThan(WEEKS_26_SECONDS - 3_600);
      expect(await page.evaluate("document.cookie")).toBe("");
      await page.reload();
      await hasText("private page");
    },
    DEADLINE_MS,
  );

  test(
    "[M92] [M93] is led to an app's own origin and has to log in there once more",
    async () => {
      await page.goto(`http://localhost:${port}/${SECURE}/a?q=a%20b`);
      expect(page.url()).toBe(`http://my-app-x-os.localhost:${port}/${SECURE}/a?q=a%20b`);
      await hasText("Log in");
      await logIn(PASSWORD);
      await hasText("private page, cookies: none");
      const names = (await cookies()).map(({ name, domain }) => [name, domain]);
      expect(names).toEqual([
        [`kinode-auth_${OUR}`, "localhost"],
        [`kinode-auth_${OUR}@${SECURE}`, "my-app-x-os.localhost"],
      ]);
    },
    DEADLINE_MS,
  );

  test(
    "[M89] [M101] is a stranger wherever another site leads, whose pages open no web socket either",
    async () => {
      await page.goto(`http://localhost:${port}/${APP}/deep`);
      await hasText("private page");
      expect(await openSocket()).toBe("open");
      await page.goto(`http://127.0.0.1:${elsewhere.port}/`);
      expect(await openSocket()).toBe("refused");
      await page.locator("#link").click();
      await hasText(`This is ${OUR}.`);
      expect(await page.content()).not.toContain("private page");
      // The same path, asked for by the person.
      await page.goto(`http://localhost:${port}/${APP}/deep`);
      await hasText("private page");
    },
    DEADLINE_MS,
  );

  test(
    "[M90] is led on to where the login page was told to, and to no other site",
    async () => {
      const evil = `127.0.0.1:${elsewhere.port}`;
      for (const [to, reached] of [
        [`/${APP}/deep?x=1`, `/${APP}/deep?x=1`],
        [`//${evil}/`, "/"],
        [`http://${evil}/`, "/"],
        [`/\\${evil}/`, "/"],
        ["javascript:document.body.remove()", "/"],
      ] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one page after the other
        await page.goto(`http://localhost:${port}/login?redirect=${encodeURIComponent(to)}`);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await Promise.all([page.waitForNavigation(), logIn(PASSWORD)]);
        expect([to, page.url()]).toEqual([to, `http://localhost:${port}${reached}`]);
      }
    },
    DEADLINE_MS,
  );
});
