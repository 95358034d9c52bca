/** The real program with few open files: what it closes to open something else is invisible. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
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

let prefix = "";
const names = (count: number) => Array.from({ length: prefix === "d" ? count : 3 }, (_, index) => prefix + index);

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
  return values.filter((value, index) => value === prefix + index).length;
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
export default defineProcess(() => serve(async (message) => {
  prefix = message.text();
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

test(`with ${LIMIT} descriptors nobody is told that too many files are open, and connections do not take them`, async () => {
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
  // A failure must not leave the watch to the tests that come after.
  const answer = await node
    .message("greedy:greedy:example.os", "d")
    .finally(() => clearInterval(watch));
  for (const socket of idle) socket.end();
  expect(JSON.parse(new TextDecoder().decode(answer))).toEqual({ done: [120, 30, 15] });
  expect(node.output()).not.toMatch(/EMFILE|too many/i);
  expect(most).toBeGreaterThan(50);
  expect(most).toBeLessThan(LIMIT);

  // More than there are files, from another address of this machine: only what has a share of them is left.
  let endedCount = 0;
  const port = Number(new URL(node.url).port);
  const flood = Array.from({ length: LIMIT }, () => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    socket.write("GET / HTTP/1.1\r\nHos");
    socket.on("close", () => endedCount++).on("error", () => {});
    return socket;
  });
  while (endedCount < LIMIT * 0.75) await Bun.sleep(20);
  expect(node.output()).toMatch(/Ended \d+ connections/);
  const again = await node.message("greedy:greedy:example.os", "few");
  expect(JSON.parse(new TextDecoder().decode(again))).toEqual({ done: [3, 3, 3] });
  for (const socket of flood) socket.destroy();
  await node.stop();
}, 120_000);
