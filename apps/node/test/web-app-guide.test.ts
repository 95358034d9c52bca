/** docs/guides/web-app.md, done as it is written: with plain clients, and in a real browser where one is installed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assemblePackage } from "@kinode-ts/kit";
import type { ControlInspection } from "@kinode-ts/types";
import type { Browser, Page } from "puppeteer-core";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { kinode } from "./run-kinode.ts";

const ROOT = join(import.meta.dir, "../../..");
const AT = "/album:album:example.os";
const DEADLINE_MS = 120_000;
/** A picture of one red dot. */
const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
);
const folder = mkdtempSync(join(tmpdir(), "kinode-web-app-"));
const home = join(folder, "home");
const app = join(folder, "album");
const screenshots = process.env["KINODE_SCREENSHOTS"];
let node: DetachedNode;
let cookie = "";

/** Makes the package as the guide says, and installs it. */
beforeAll(async () => {
  const guide = readFileSync(join(ROOT, "docs/guides/web-app.md"), "utf8");
  expect(guide).toContain("bun kinode new ../album --starter blank --publisher example.os");
  const made = await kinode("new", app, "--starter", "blank", "--publisher", "example.os");
  expect(made.err).toBe("");
  for (const name of ["blank.ts", "blank.test.ts"]) rmSync(join(app, "src", name));
  const files = [...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  for (const [, name = "", text = ""] of files) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), text);
  }
  addGuests(guide);
  node = await startDetached(home);
  const { zip } = await assemblePackage(app);
  const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
  await node.post(`packages/install?hash=${hash}`, { denied: [] });
  cookie = await logIn();
}, DEADLINE_MS);
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true, force: true });
});

/** The two lines that the guide adds to a file which is there. */
function addGuests(guide: string): void {
  const [imported, called] = [
    'import { serveGuests } from "./guests.ts";',
    "await serveGuests(server);",
  ];
  for (const line of [imported, called]) expect(guide).toContain(`\n${line}\n`);
  const path = join(app, "src/album.ts");
  const program = readFileSync(path, "utf8");
  writeFileSync(path, `${imported}\n${program.replace("  await server.ui(", `${called}\n$&`)}`);
}

async function logIn(): Promise<string> {
  const { url } = await node.post<{ url: string }>("login-link");
  const answer = await fetch(url, { redirect: "manual" });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** With the person's cookie, as soon as the process has bound it. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  for (const deadline = performance.now() + 60_000; ; await Bun.sleep(20)) {
    const answer = await fetch(`${node.url}${AT}/${path}`, {
      ...init,
      headers: { ...init.headers, cookie },
    });
    if (init.method !== undefined || answer.status !== 404 || performance.now() > deadline)
      return answer;
    if (path !== "pictures") return answer;
  }
}
const upload = (title: string, body: Uint8Array<ArrayBuffer>, type = "image/png") =>
  ask(`pictures?title=${encodeURIComponent(title)}`, {
    method: "POST",
    body,
    headers: { "content-type": type },
  });

interface Picture {
  readonly id: string;
  readonly title: string;
}
const list = async (): Promise<Picture[]> => (await (await ask("pictures")).json()) as Picture[];

test(
  "the program of the guide has no type errors",
  async () => {
    const checked = await kinode("check", app);
    expect(checked).toMatchObject({ code: 0, err: "" });
  },
  DEADLINE_MS,
);

test(
  "pictures are uploaded, listed, served, refused and removed, and every open page hears of it",
  async () => {
    expect(await list()).toEqual([]);
    const socket = new WebSocket(`${node.url.replace("http", "ws")}${AT}/changes`, {
      headers: { cookie },
    } as never);
    const heard: string[][] = [];
    let wake = (): void => {};
    socket.onmessage = ({ data }) => {
      heard.push((JSON.parse(data as string) as Picture[]).map(({ title }) => title));
      wake();
    };
    const hears = async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => void (wake = resolve));
    };
    await hears(1);
    expect((await upload("A dot", PNG)).status).toBe(201);
    await hears(2);
    expect((await upload("Größer", new Uint8Array(3_000_000).fill(7), "image/jpeg")).status).toBe(
      201,
    );
    await hears(3);
    expect(heard).toEqual([[], ["A dot"], ["Größer", "A dot"]]);

    const [large, dot] = await list();
    const served = await ask(`pictures/${dot!.id}`);
    expect(served.headers.get("content-type")).toBe("image/png");
    expect(await served.bytes()).toEqual(PNG);
    expect((await (await ask(`pictures/${large!.id}`)).bytes()).length).toBe(3_000_000);

    expect((await upload("text", PNG, "text/plain")).status).toBe(415);
    expect((await upload("too large", new Uint8Array(20_000_001))).status).toBe(413);
    const stranger = await fetch(`${node.url}${AT}/pictures`);
    expect(await stranger.text()).not.toContain("A dot");

    expect((await ask(`pictures/${large!.id}`, { method: "DELETE" })).status).toBe(204);
    await hears(4);
    expect(heard.at(-1)).toEqual(["A dot"]);
    expect((await ask(`pictures/${large!.id}`)).status).toBe(404);
    socket.close();
    expect((await ask("")).headers.get("content-type")).toContain("text/html");
  },
  DEADLINE_MS,
);

test(
  "what a form sends is kept, and a page with an event stream hears of it",
  async () => {
    const stream = await ask("guests/events");
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    const form = new FormData();
    form.set("words", "Nice place");
    const sent = await ask("guests", { method: "POST", body: form, redirect: "manual" });
    expect(sent.status).toBe(303);
    expect(sent.headers.get("location")).toBe("guests.html");
    let heard = "";
    for await (const part of stream.body!) {
      heard += new TextDecoder().decode(part);
      if (heard.includes("\n\nevent")) break;
    }
    expect(heard).toContain('event: guest\ndata: {"words":"Nice place"}\n\n');
    expect(await (await ask("guests")).json()).toEqual([{ words: "Nice place" }]);
    expect((await ask("guests", { method: "POST", body: new FormData() })).status).toBe(400);
    expect((await ask("guests.html")).headers.get("content-type")).toContain("text/html");
  },
  DEADLINE_MS,
);

test(
  "everything is there after a restart",
  async () => {
    expect(await node.stop()).toBe(0);
    node = await startDetached(home);
    cookie = await logIn();
    const [dot] = await list();
    expect(dot?.title).toBe("A dot");
    expect(await (await ask(`pictures/${dot!.id}`)).bytes()).toEqual(PNG);
  },
  DEADLINE_MS,
);

describe.skipIf(CHROMIUM === undefined)("in two windows of a browser", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()), DEADLINE_MS);
  afterAll(async () => {
    await browser?.close();
  }, DEADLINE_MS);

  // A window that is not in front draws nothing: look now and then instead of at each frame.
  const LOOK = { timeout: 60_000, polling: 50 } as const;
  const shows = (page: Page, title: string) =>
    page.waitForFunction(
      `document.querySelector("ul").textContent.includes(${JSON.stringify(title)})`,
      LOOK,
    );

  test(
    "what is added in one appears in the other",
    async () => {
      const { url } = await node.post<{ url: string }>("login-link");
      const one = await newPage(browser);
      await one.setViewport({ width: 900, height: 700 });
      await one.goto(url);
      await one.goto(`${node.url}${AT}/`);
      const other = await newPage(browser);
      await other.goto(`${node.url}${AT}/`);
      const file = join(folder, "blue.png");
      writeFileSync(file, PNG);
      await one.bringToFront();
      await one.locator('input[name="title"]').fill("From the page");
      const input = await one.waitForSelector('input[type="file"]');
      await input!.uploadFile(file);
      await one.locator("button").click();
      await shows(one, "From the page");
      await shows(other, "From the page");
      const loaded = 'document.querySelector("img").naturalWidth === 1';
      await other.waitForFunction(loaded, LOOK);
      if (screenshots !== undefined) await one.screenshot({ path: join(screenshots, "album.png") });
      await other.bringToFront();
      await other.locator("li button").click();
      const gone = '!document.querySelector("ul").textContent.includes("From the page")';
      await one.waitForFunction(gone, LOOK);
    },
    DEADLINE_MS,
  );
});
