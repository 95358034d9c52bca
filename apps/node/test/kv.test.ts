/** The key-value database as a sandboxed process on `@kinode-ts/stdlib/kv` sees it, in a whole node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { KvError, openKv, removeKv } from "@kinode-ts/stdlib/kv";

const text = (value: unknown): string => String(value);
const codeOf = (thrown: unknown) => (thrown instanceof KvError ? thrown.code : String(thrown));
const decoder = new TextDecoder();

async function typed() {
  const ages = await openKv("ages", { key: text, value: Number });
  await ages.set("bob", 41);
  await ages.set("alice", 30);
  const kept = await ages.transaction(async (tx) => {
    await tx.set("carol", 7);
    await tx.delete("bob");
    return await ages.get("carol");
  });
  const all: unknown[] = [];
  for await (const pair of ages.scan()) all.push(pair);
  const failed = await ages.transaction(async (tx) => {
    await tx.set("dave", 1);
    throw new Error("no");
  }).catch((thrown: Error) => thrown.message);
  return { beforeCommit: kept ?? null, all, failed, dave: (await ages.get("dave")) ?? null };
}

async function raw() {
  const bytes = await openKv("bytes");
  for (let i = 0; i < 250; i++) await bytes.set(\`n\${String(i).padStart(3, "0")}\`, Uint8Array.of(i));
  const keys: string[] = [];
  for await (const [key, value] of bytes.scan({ start: "n100", reverse: true, limit: 120 })) {
    keys.push(decoder.decode(key) + "=" + value[0]);
  }
  let stopped = 0;
  for await (const _ of bytes.scan({ prefix: "n" })) if (++stopped === 3) break;
  const missing = await bytes.getOrThrow("nothing").catch(codeOf);
  await removeKv("bytes");
  const again = await openKv("bytes");
  const gone = (await again.get("n001")) === undefined;
  return { first: keys[0], last: keys.at(-1), count: keys.length, stopped, missing, gone };
}

async function foreign() {
  const other = await openKv("secrets", { package: "other:example.os" });
  return [await other.get("k").catch(codeOf), await other.set("k", "v").catch(codeOf)];
}

const TESTS = { typed, raw, foreign };
export default defineProcess(() =>
  serve((request) => TESTS[request.json() as keyof typeof TESTS]()),
);
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["kv:distro:sys"];
  await installScript(node, "keeper", SOURCE, { request: rights, grant: rights });
}, 30_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const run = async (name: string): Promise<unknown> =>
  (await node.ask("keeper:keeper:example.os", JSON.stringify(name))).body;

test("keys and values with schemas are JSON; transactions are seen whole, or not at all", async () => {
  expect(await run("typed")).toEqual({
    beforeCommit: null,
    all: [
      ["alice", 30],
      ["carol", 7],
    ],
    failed: "no",
    dave: null,
  });
});

test("bytes are scanned from either end, in as many messages as it takes", async () => {
  expect(await run("raw")).toEqual({
    first: "n249=249",
    last: "n130=130",
    count: 120,
    stopped: 3,
    missing: "KeyNotFound",
    gone: true,
  });
});

test("another package's database needs its capability", async () => {
  expect(await run("foreign")).toEqual(["NoReadCap", "NoWriteCap"]);
});
