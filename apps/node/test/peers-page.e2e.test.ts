/** The page Peers in a real browser at the width of a phone, between two real nodes. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlPeers } from "@kinode-ts/types";
import type { Page } from "puppeteer-core";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const folder = mkdtempSync(join(tmpdir(), "peers-page-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

async function openPeers(page: Page, node: DetachedNode): Promise<void> {
  const { url } = await node.post<{ url: string }>("login-link");
  await page.goto(url);
  await page.goto(`${new URL(url).origin}/#/peers`);
  await page.waitForSelector("::-p-text(Invite a node)");
}

/** Presses the button of that name once it is there. */
async function press(page: Page, name: string): Promise<void> {
  const find = `[...document.querySelectorAll("button")].find((each) =>
    (each.getAttribute("aria-label") ?? each.textContent) === ${JSON.stringify(name)})`;
  await page.waitForFunction(`${find}?.disabled === false`);
  await page.evaluate(`${find}.click()`);
}

test.skipIf(CHROMIUM === undefined)(
  "an invitation made on one page is pasted into another; the node shows up, and goes",
  async () => {
    const alice = await startDetached(join(folder, "alice"), ["--name", "alice.local"]);
    const bob = await startDetached(join(folder, "bob"), ["--name", "bob.local"]);
    const browser = await launchBrowser();
    try {
      const page = await newPage(browser);
      const complaints: string[] = [];
      page.on("console", (line) => {
        // A refused invitation is answered with 400, which a browser always notes.
        if (line.type() === "error" && !line.text().includes("400")) complaints.push(line.text());
      });
      await page.setViewport({ width: 360, height: 720 });
      await openPeers(page, alice);
      await press(page, "Make an invitation");
      const box = await page.waitForSelector('textarea[aria-label="The invitation"]');
      const text = await box!.evaluate((made) => (made as { value: string }).value);
      expect(text).toMatch(/^kinode1[a-z2-7]+$/);
      const qr = await page.waitForSelector('svg[aria-label="The invitation as a QR code"]');
      expect((await qr!.boundingBox())!.width).toBeGreaterThan(250);
      // Nothing is wider than the phone.
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect(width).toBe(360);
      for (const other of ["", "permissions", "processes", "terminal"]) {
        // oxlint-disable-next-line no-await-in-loop -- one page after the other
        await page.evaluate(`location.hash = "#/${other}"`);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await page.waitForFunction(
          `!document.querySelector("main").innerText.includes("Loading…") &&
            document.querySelector("h1") !== null`,
        );
        // oxlint-disable-next-line no-await-in-loop -- as above
        const wide = await page.evaluate("document.documentElement.scrollWidth");
        expect(`${other} ${String(wide)}`).toBe(`${other} 360`);
      }

      await openPeers(page, bob);
      const paste = page.locator('textarea[aria-label="An invitation to paste"]');
      await paste.fill(text.slice(0, 40));
      await press(page, "Join");
      // The error is beside what was pasted, and in sight.
      await page.waitForSelector("#join-error::-p-text(copy the whole line)");
      await page.waitForFunction(`(() => {
        const { top, bottom } = document.querySelector("#join-error").getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      })()`);
      await paste.fill(text);
      await press(page, "Join");
      await page.waitForSelector("::-p-text(The two nodes know each other now)");
      await page.waitForSelector('button[aria-label="Remove alice.local"]');
      expect((await alice.get<ControlPeers>("peers")).peers).toMatchObject([{ name: "bob.local" }]);
      await press(page, "Remove alice.local");
      await press(page, "Really remove alice.local");
      await page.waitForSelector("::-p-text(alice.local is not known any more)");
      // What had the focus is gone; the keyboard goes on at the page.
      await page.waitForFunction(`document.activeElement.id === "main"`);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  },
  120_000,
);
