/** docs/guides/declared-process.md, done as it is written. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";

const GUIDE = readFileSync(
  join(import.meta.dir, "../../../docs/guides/declared-process.md"),
  "utf8",
);

let node: TestNode;
let folder: string;
beforeAll(async () => {
  node = await startTestNode();
  folder = writeScript("todo", "");
  rmSync(folder, { recursive: true });
  const files = [...GUIDE.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  expect(files).toHaveLength(5);
  for (const [, name = "", text = ""] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  await node.install(folder);
}, 60_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

test("[P25] 25.11 the guide to declared processes works as it is written", async () => {
  const asking = node.ask("reminder:todo:example.os", "milk", { timeoutSeconds: 600 });
  let isAnswered = false;
  void asking.finally(() => (isAnswered = true)).catch(() => {});
  for (; !isAnswered; await Bun.sleep(2)) await node.advance(5);
  expect((await asking).body).toEqual({
    items: [{ text: "milk", isDone: true }],
    error: "there is no item 99",
  });
  const posted = await node.fetch("/todo:todo:example.os/", { method: "POST", body: "bread" });
  expect([posted.status, await posted.json()]).toEqual([201, { count: 2 }]);
  const page = await node.fetch("/todo:todo:example.os/");
  expect(await page.text()).toBe("<ul><li>milk</li><li>bread</li></ul>");
}, 30_000);

test("its files have the types that they seem to have", async () => {
  const base = join(import.meta.dir, "../../../tsconfig.base.json");
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: base,
      compilerOptions: { types: ["bun"] },
      include: ["src", "api"],
    }),
  );
  const check = Bun.spawn([process.execPath, "check", "--no-script"], {
    cwd: folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(check.stdout).text(),
    new Response(check.stderr).text(),
    check.exited,
  ]);
  expect(`${out}${err}`).toContain("No type errors");
}, 60_000);
