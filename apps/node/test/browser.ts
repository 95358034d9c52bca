/**
 * A real browser for tests, where one is installed (`CHROMIUM` names it otherwise) and can be started.
 * @module
 */
import { existsSync } from "node:fs";
import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";

export const CHROMIUM: string | undefined = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path) && starts(path));

/** Not where a part of it or of the system is missing. */
function starts(path: string): boolean {
  const { success, stderr } = Bun.spawnSync([path, "--version"], { stdout: "ignore" });
  if (!success)
    console.warn(`Skipped: tests in a browser, because ${path} does not start:\n${stderr}`);
  return success;
}

export function launchBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: CHROMIUM ?? "",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      // Containers have little shared memory, and pages that want more of it crash.
      "--disable-dev-shm-usage",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page that waits for what it is told to as long as a busy machine may need. */
export async function newPage(browser: Browser | BrowserContext): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}
