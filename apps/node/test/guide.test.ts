/** docs/guides/first-process.md, done as it is written. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assemblePackage } from "@kinode-ts/kit";
import type { ControlApp, ControlInspection } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const ROOT = join(import.meta.dir, "../../..");
const ID = "guestbook:guestbook:example.os";
const folder = mkdtempSync(join(tmpdir(), "kinode-guestbook-"));
const home = mkdtempSync(join(tmpdir(), "kinode-guide-"));
afterAll(() => {
  killAllDetached();
  for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
});

/** Writes every block of the guide that names a file. */
function writeGuide(): string[] {
  const guide = readFileSync(join(ROOT, "docs/guides/first-process.md"), "utf8");
  const files = [...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  for (const [, name = "", text = ""] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return files.map(([, name = ""]) => name);
}

/** What the page gets with the person's cookie, as soon as the process has bound it. */
async function page(node: DetachedNode, path: string, init: RequestInit = {}): Promise<Response> {
  const { url } = await node.post<{ url: string }>("login-link");
  const cookie = (await fetch(url, { redirect: "manual" })).headers.get("set-cookie") ?? "";
  const headers = { cookie: cookie.split(";")[0] ?? "" };
  for (const deadline = performance.now() + 60_000; ; await Bun.sleep(20)) {
    const answer = await fetch(`${node.url}/${ID}/${path}`, { ...init, headers });
    if (answer.status === 200 || performance.now() > deadline) return answer;
  }
}

test("the guide to a first process works as it is written", async () => {
  expect(writeGuide().toSorted()).toEqual([
    "metadata.json",
    "pkg/manifest.json",
    "pkg/ui/index.html",
    "src/guestbook.ts",
  ]);
  const { zip, id } = await assemblePackage(folder);
  expect(id as string).toBe("guestbook:example.os");
  let node = await startDetached(home);
  const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
  await node.post(`packages/install?hash=${hash}`, { denied: [] });

  expect(await (await page(node, "lines")).json()).toEqual([]);
  const said = await node.post("send", { target: `our@${ID}`, body: '"hello"', timeout: 30 });
  expect(said).toMatchObject({ kind: "response", body: '["hello"]' });
  const written = await page(node, "lines", { method: "POST", body: "from the page" });
  expect(await written.json()).toEqual(["hello", "from the page"]);
  expect(await (await page(node, "")).text()).toContain("<title>Guestbook</title>");
  const apps = await node.get<ControlApp[]>("apps");
  expect(apps.find((app) => app.id === id)?.path).toBe(`/${ID}/`);

  expect(await node.stop()).toBe(0);
  node = await startDetached(home);
  expect(await (await page(node, "lines")).json()).toEqual(["hello", "from the page"]);
  expect(await node.stop()).toBe(0);
}, 120_000);
