/**
 * The terminal's page in a real browser. Runs where Chromium is found (`CHROMIUM` names it otherwise).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";
import { freeHttpPort } from "./http-port.ts";
import { type NodeProgram, startNodeProgram } from "./node-program.ts";

const DEADLINE_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), "kinode-web-page-"));
const home = join(folder, "home");
const screenshots = process.env["KINODE_SCREENSHOTS"];

let node: NodeProgram;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

const ROWS = `[...document.querySelectorAll(".xterm-rows > div")]
  .map((row) => row.textContent.replaceAll("\\u00a0", " ").trimEnd()).join("\\n").trimEnd()`;
/** Waits until the rows of the terminal match; they are text in the page. */
async function shows(pattern: RegExp): Promise<void> {
  const isThere = `new RegExp(${JSON.stringify(pattern.source)}).test(${ROWS})`;
  await page.waitForFunction(isThere, { timeout: 60_000 }).catch(async () => {
    throw new Error(`never saw ${String(pattern)} in:\n${String(await page.evaluate(ROWS))}`);
  });
}
async function picture(name: string): Promise<void> {
  if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
async function ctrl(key: string): Promise<void> {
  await page.keyboard.down("Control");
  await page.keyboard.press(key as "r");
  await page.keyboard.up("Control");
}

describe.skipIf(CHROMIUM === undefined)("the terminal in a browser", () => {
  // The same ports after a restart, as a person has them.
  const port = ["--port", String(freeHttpPort())];
  beforeAll(async () => {
    node = await startNodeProgram(home, ["--name", "page.local", ...port]);
    browser = await launchBrowser();
    page = await newPage(browser);
    page.on("console", (message) => {
      // A lost connection is said there; the page deals with it.
      if (message.type() === "error" && !/WebSocket|net::ERR_/.test(message.text()))
        complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.setViewport({ width: 1100, height: 750 });
  }, DEADLINE_MS);
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, DEADLINE_MS);

  test(
    "a person types, completes, searches and pastes",
    async () => {
      await page.goto(node.link);
      await page.locator('nav a[href="#/terminal"]').click();
      await shows(/page\.local is running[^]*page\.local >$/);
      await page.keyboard.type("echo typed in a browser 漢字");
      await page.keyboard.press("Enter");
      await shows(/terminal:sys: typed in a browser 漢字\npage\.local >$/);
      await page.keyboard.type("net-d");
      await page.keyboard.press("Tab");
      await shows(/page\.local > net-diagnostics$/);
      await ctrl("c");
      await shows(/net-diagnostics \^C\npage\.local >$/);
      await ctrl("r");
      await page.keyboard.type("browser");
      await shows(/page\.local \* echo typed in a browser 漢字$/);
      await picture("terminal-search");
      await page.keyboard.press("Enter");
      await shows(/(?:terminal:sys: typed in a browser[^]*){2}page\.local >$/);
      await page.evaluate(`{
        const data = new DataTransfer();
        data.setData("text/plain", "echo one\\u001b[201~\\recho two");
        document.querySelector(".xterm-helper-textarea").dispatchEvent(
          new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      }`);
      await shows(/page\.local > echo one\[201~echo two$/);
      await ctrl("c");
    },
    DEADLINE_MS,
  );

  test(
    "it has the width of a phone, the buttons for its missing keys, and both colour schemes",
    async () => {
      await page.setViewport({ width: 390, height: 844, hasTouch: true, isMobile: true });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      await page.goto(`${node.url}/#/terminal`);
      await page.reload();
      await shows(/page\.local >$/);
      await page.locator(".xterm-screen").click();
      await page.keyboard.type("net-d");
      await page.locator("aria/Tab[role='button']").click();
      await shows(/> net-diagnostics$/);
      await page.locator("aria/Ctrl+C[role='button']").click();
      await page.locator("aria/Levels[role='button']").click();
      await shows(/Verbosity of single processes/);
      await picture("terminal-phone-dark");
      await page.locator("aria/Levels[role='button']").click();
      await shows(/page\.local >$/);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect(width).toBe(390);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
      await picture("terminal-phone-light");
      await page.setViewport({ width: 1100, height: 750 });
    },
    DEADLINE_MS,
  );

  test(
    "the keyboard is not caught in it",
    async () => {
      await page.goto(`${node.url}/#/terminal`);
      await page.reload();
      await shows(/page\.local >$/);
      await page.keyboard.down("Shift");
      await page.keyboard.press("Tab");
      await page.keyboard.up("Shift");
      expect(await page.evaluate("document.activeElement.closest('.keys') !== null")).toBe(true);
    },
    DEADLINE_MS,
  );

  test(
    "a page of an app cannot open one, although the browser sends the person's cookie along",
    async () => {
      const other = await newPage(browser);
      await other.goto(`${node.appsUrl}/`);
      const outcome = await other.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket(${JSON.stringify(node.url.replace("http", "ws"))} + "/~/api/terminal");
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
      })`);
      expect(outcome).toBe("refused");
      await other.close();
    },
    DEADLINE_MS,
  );

  test(
    "after the node has started again the page goes on by itself",
    async () => {
      const { url } = node;
      await node.stop();
      // The terminal's own; the page says something like it of all of the node.
      const status = `document.querySelector('.terminal-page [role="status"]').innerText`;
      await page.waitForFunction(`${status}.includes("Trying again")`);
      node = await startNodeProgram(home, port);
      expect(node.url).toBe(url);
      await page.waitForFunction(`!/Trying again|Connecting/.test(${status})`);
      await shows(/page\.local is running[^]*page\.local >$/);
      await page.locator(".xterm-screen").click();
      await page.keyboard.type("echo back again");
      await page.keyboard.press("Enter");
      await shows(/terminal:sys: back again/);
    },
    DEADLINE_MS,
  );

  test("nothing in all this broke the page's policy or its script", () => {
    expect(complaints).toEqual([]);
  });
});
