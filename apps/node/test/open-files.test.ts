/** The real program with few open files: what it closes to open something else is invisible. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assemblePackage } from "@kinode-ts/kit";
import { killAllDetached, startDetached } from "./detached-node.ts";
import { removeScripts, writeScript } from "./script-package.ts";

const LIMIT = 160;
const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { openKv } from "@kinode-ts/stdlib/kv";
import { openSqlite } from "@kinode-ts/stdlib/sqlite";
import { createDrive, open } from "@kinode-ts/stdlib/vfs";

const names = (count: number) => Array.from({ length: count }, (_, index) => "d" + index);

async function files() {
  const drive = await createDrive("many");
  const all = await Promise.all(names(120).map(async (name) => {
    const file = await open(drive + "/" + name, { create: true });
    await file.write("0123456789" + name);
    await file.seek({ Start: 10 });
    return [name, file] as const;
  }));
  let right = 0;
  for (const [name, file] of all) if ((await file.restText()) === name) right++;
  return right;
}
async function pairs() {
  const all = await Promise.all(names(30).map((name) => openKv(name)));
  await Promise.all(all.map((kv) => kv.set("k", kv.name)));
  const values = await Promise.all(all.map(async (kv) => new TextDecoder().decode(await kv.get("k"))));
  return values.filter((value, index) => value === "d" + index).length;
}
async function tables() {
  let right = 0;
  for (const name of names(15)) {
    const db = await openSqlite(name);
    await db.run("CREATE TABLE t (v)");
    await db.run("INSERT INTO t VALUES (?)", [name]);
    if (JSON.stringify(await db.query("SELECT v FROM t")).includes(name)) right++;
  }
  return right;
}
export default defineProcess(() => serve(async () => {
  const done = await Promise.all([files(), pairs(), tables()]);
  return { done };
}));
`;

const folder = mkdtempSync(join(tmpdir(), "open-files-"));
afterAll(() => {
  killAllDetached();
  removeScripts();
  rmSync(folder, { recursive: true });
});

test(`with ${LIMIT} descriptors nobody is told that too many files are open`, async () => {
  const rights = ["vfs", "kv", "sqlite", "timer", "http-server"].map(
    (name) => `${name}:distro:sys`,
  );
  const script = writeScript("greedy", SOURCE, { request: rights, grant: rights });
  const { zip } = await assemblePackage(script);
  const launcher = ["sh", "-c", `ulimit -n ${LIMIT}; exec "$@"`, "sh"];
  const node = await startDetached(join(folder, "home"), [], launcher);
  const { hash } = await node.post<{ hash: string }>("packages/inspect", zip);
  await node.post(`packages/install?hash=${hash}`, { denied: [] });

  const idle = await Promise.all(
    Array.from({ length: 15 }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port: Number(new URL(node.url).port),
        socket: { data() {} },
      }),
    ),
  );
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, readdirSync(`/proc/${node.pid}/fd`).length);
  }, 5);
  const answer = await node.message("greedy:greedy:example.os", "go");
  clearInterval(watch);
  for (const socket of idle) socket.end();
  expect(JSON.parse(new TextDecoder().decode(answer))).toEqual({ done: [120, 30, 15] });
  expect(node.output()).not.toMatch(/EMFILE|too many/i);
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThan(LIMIT);
  await node.stop();
}, 120_000);
