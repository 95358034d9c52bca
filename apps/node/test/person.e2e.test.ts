/**
 * What a person does with a node, in a real browser and a real terminal: start, follow the link, install two apps, use
 * them, withdraw a permission and give it back, lose the machine, start again.
 * Runs where Chromium is found (`CHROMIUM` names it otherwise); continuous integration installs it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";
import { freeHttpPort } from "./http-port.ts";
import { type NodeProgram, packExample, startNodeProgram } from "./node-program.ts";

const DEADLINE_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), "kinode-person-"));
const home = join(folder, "home");
const screenshots = process.env["KINODE_SCREENSHOTS"];

let node: NodeProgram;
let browser: Browser;
let page: Page;

async function hasText(text: string): Promise<void> {
  // As text: the function runs in the page, where this program's types do not hold.
  await page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, {
    timeout: 60_000,
  });
}
const isChecked = (input: unknown) => (input as { readonly checked?: boolean }).checked;
async function click(name: string): Promise<void> {
  await page.locator(`aria/${name}[role="button"]`).click();
}
async function picture(name: string): Promise<void> {
  if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
async function install(name: string, zip: string): Promise<void> {
  await page.goto(`${node.url}/`);
  await click("Install an app");
  const input = await page.waitForSelector('input[type="file"]');
  await input?.uploadFile(zip);
  await hasText(`Install ${name}?`);
  await picture(`install-${name}`);
  await click("Install");
  await hasText(`${name} is installed.`);
}
/** Opens an app's page as soon as the app has bound it: a node answers before all its apps have started. */
async function openApp(path: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const status = (await fetch(node.appsUrl + path, { redirect: "manual" })).status;
    if (status === 200) break;
    await Bun.sleep(50);
  }
  await page.goto(node.appsUrl + path);
}
/** The switch of one grant on the permissions page. */
const grantSwitch = (holder: string, words: string) =>
  page.waitForSelector(`input[role="switch"][aria-label^="${holder} may"][aria-label*="${words}"]`);

describe.skipIf(CHROMIUM === undefined)("a person with a browser and a terminal", () => {
  const port = ["--port", String(freeHttpPort())];
  beforeAll(async () => {
    node = await startNodeProgram(home, port);
    browser = await launchBrowser();
    page = await newPage(browser);
    await page.setViewport({ width: 390, height: 844 });
  }, DEADLINE_MS);
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, DEADLINE_MS);

  test(
    "opens the one-time link and is logged in; the link works only once",
    async () => {
      await page.goto(node.link);
      await hasText("Apps");
      await picture("home");
      const again = await fetch(node.link, { redirect: "manual" });
      expect(again.headers.get("set-cookie")).toBeNull();
    },
    DEADLINE_MS,
  );

  test(
    "installs chat and echo, seeing what they ask for",
    async () => {
      await install("chat", await packExample("chat", folder));
      await install("Echo", await packExample("echo", folder));
      await picture("installed");
    },
    DEADLINE_MS,
  );

  test(
    "uses the chat page",
    async () => {
      await page.goto(`${node.appsUrl}/chat:chat:example.os/`);
      await hasText("connected");
      await page.locator("#text").fill("hello from the browser");
      await page.keyboard.press("Enter");
      await hasText("hello from the browser");
      await picture("chat");
    },
    DEADLINE_MS,
  );

  test(
    "messages echo from the terminal and gets its answer",
    async () => {
      await node.type(`m our@echo:echo:example.os 'marco polo' -a 5`);
      await node.shows(/terminal:sys: .*marco polo/);
    },
    DEADLINE_MS,
  );

  test(
    "withdraws a capability, sees the refusal, and gives it back",
    async () => {
      await page.goto(`${node.url}/#/permissions`);
      await page.reload();
      await (await grantSwitch("terminal", "echo:echo:example.os"))?.click();
      await hasText("Withdrawn:");
      await picture("withdrawn");
      node.forget();
      await node.type(`m our@echo:echo:example.os 'still there?' -a 5`);
      await node.shows(
        /lacks the capability to message echo:echo:example\.os[\s\S]*did not answer in time/,
      );
      await (await grantSwitch("terminal", "echo:echo:example.os"))?.click();
      await hasText("Given back:");
      node.forget();
      await node.type(`m our@echo:echo:example.os 'welcome back' -a 5`);
      await node.shows(/terminal:sys: .*welcome back/);
      await (await grantSwitch("chat", "set timers"))?.click();
      await hasText("Withdrawn:");
    },
    DEADLINE_MS,
  );

  test(
    "loses the machine, starts again, and finds messages, apps and permissions as they were",
    async () => {
      await node.killHard();
      node = await startNodeProgram(home, port);
      await openApp("/chat:chat:example.os/");
      await hasText("hello from the browser");
      await page.goto(`${node.url}/`);
      await hasText("chat");
      await hasText("Echo");
      await page.goto(`${node.url}/#/permissions`);
      await page.reload();
      const withdrawn = await grantSwitch("chat", "set timers");
      expect(await withdrawn?.evaluate(isChecked)).toBe(false);
      const given = await grantSwitch("terminal", "echo:echo:example.os");
      expect(await given?.evaluate(isChecked)).toBe(true);
      await picture("after-restart");
    },
    DEADLINE_MS,
  );
});
