/** How many files the modules of the real program may open. Source: spec/runtime-modules.md §9. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const MODULES = ["vfs", "kv", "sqlite", "net", "http-server"].map((name) => `${name}:distro:sys`);
const folder = mkdtempSync(join(tmpdir(), "kinode-fds-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

async function ask(node: DetachedNode, body: unknown): Promise<unknown> {
  const answer = await node.message("fd-manager:distro:sys", JSON.stringify(body));
  return JSON.parse(new TextDecoder().decode(answer));
}
const shares = (limit: number) => ({
  GetState: Object.fromEntries(MODULES.map((id) => [id, { limit, hit_count: 1 }])),
});

test("[M119] the modules share what the system allows, less a part for the node, and say so to who asks", async () => {
  const launcher = ["sh", "-c", 'ulimit -n 1024; exec "$@"', "sh"];
  const node = await startDetached(join(folder, "limited"), [], launcher);
  // 90 % of 1024, less 30, for five.
  expect(await ask(node, "GetState")).toEqual(shares(178));
  expect(await ask(node, { GetProcessFdLimit: "vfs:distro:sys" })).toEqual({
    GetProcessFdLimit: 178,
  });
  expect(await ask(node, { GetProcessFdLimit: "a:b:c.os" })).toEqual({ GetProcessFdLimit: 0 });
  expect(await node.stop()).toBe(0);
}, 120_000);

test("[M120] with --soft-ulimit the node runs on, and its modules share that number", async () => {
  const node = await startDetached(join(folder, "static"), ["--soft-ulimit", "100"]);
  for (const _ of "12") {
    // oxlint-disable-next-line no-await-in-loop -- also after the first answer
    expect(await ask(node, "GetState")).toEqual(shares(20));
  }
  expect(await node.get<object>("node")).toBeObject();
  expect(await node.stop()).toBe(0);
}, 120_000);
