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

async function transactions() {
  const db = await openKv("tx");
  // More than may be open at once: those that failed are given back.
  for (let i = 0; i < 70; i++) {
    await db.transaction(async (tx) => {
      await tx.set("k", "v");
      throw new Error("no");
    }).catch(() => undefined);
  }
  await db.transaction(async (tx) => {
    await db.set("a", "1", { tx });
    await db.set("b", "2", { tx });
    await db.delete("a", { tx });
  });
  return { k: (await db.get("k")) ?? null, a: (await db.get("a")) ?? null, b: decoder.decode(await db.getOrThrow("b")) };
}

async function ranges() {
  const db = await openKv("ranges");
  await db.transaction(async (tx) => {
    for (let i = 0; i < 1_500; i++) await tx.set(\`k\${String(i).padStart(4, "0")}\`, "x".repeat(2_000));
  });
  let count = 0;
  let length = 0;
  for await (const [, value] of db.scan({ start: "k0100", end: "k1400" })) {
    count++;
    length += value.length;
  }
  const first: string[] = [];
  for await (const [key] of db.scan({ prefix: "k14", reverse: true, limit: 2 })) first.push(decoder.decode(key));
  // An iterator that is left early is closed: more loops than iterators may be open.
  for (let i = 0; i < 80; i++) for await (const _ of db.scan({ limit: 5 })) break;
  const empty: unknown[] = [];
  for await (const pair of db.scan({ start: "b", end: "a" })) empty.push(pair);
  return { count, length, first, empty };
}

async function edges() {
  const db = await openKv("edges");
  await db.set("", "");
  const empty = await db.getOrThrow("");
  const key = "k".repeat(65_536);
  await db.set(key, "long");
  const tooLong = await db.set(key + "k", "v").catch(codeOf);
  const big = new Uint8Array(4_000_000).fill(7);
  await db.set("big", big);
  const back = await db.getOrThrow("big");
  const names = [];
  for (const name of ["../x", "/tmp/x", "a/b", ".", "", "a\\b"]) names.push(await openKv(name).catch(codeOf));
  const own = await openKv("x", { package: "other:example.os" }).then(() => "used by its capability");
  const removed = await removeKv("never-there").catch(codeOf);
  return { empty: empty.length, tooLong, back: back.length, last: back.at(-1), names, own, removed };
}

async function foreign() {
  const other = await openKv("secrets", { package: "other:example.os" });
  return [await other.get("k").catch(codeOf), await other.set("k", "v").catch(codeOf)];
}

const TESTS = { typed, raw, transactions, ranges, edges, foreign };
export default defineProcess(() =>
  serve((request) => TESTS[request.json() as keyof typeof TESTS]()),
);
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["kv:distro:sys"];
  await installScript(node, "keeper", SOURCE, { request: rights, grant: rights });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const run = async (name: string): Promise<unknown> =>
  (await node.ask("keeper:keeper:example.os", JSON.stringify(name))).body;

test("[P25] 25.5 keys and values with schemas are JSON; transactions are seen whole, or not at all", async () => {
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

test("[P25] 25.5 bytes are scanned from either end, in as many messages as it takes", async () => {
  expect(await run("raw")).toEqual({
    first: "n249=249",
    last: "n130=130",
    count: 120,
    stopped: 3,
    missing: "KeyNotFound",
    gone: true,
  });
});

test("[P25] 25.5 a transaction that fails is given back; a write can be told which one it belongs to", async () => {
  expect(await run("transactions")).toEqual({ k: null, a: null, b: "2" });
}, 120_000);

test("[P25] 25.5 ranges come in as many messages as it takes, from either end", async () => {
  expect(await run("ranges")).toEqual({
    count: 1_300,
    length: 2_600_000,
    first: ["k1499", "k1498"],
    empty: [],
  });
}, 120_000);

test("empty and long keys, large values, and names that could lead elsewhere", async () => {
  expect(await run("edges")).toEqual({
    empty: 0,
    tooLong: "RocksDBError",
    back: 4_000_000,
    last: 7,
    names: Array.from({ length: 6 }, () => "MalformedRequest"),
    own: "used by its capability",
    removed: "IOError",
  });
}, 120_000);

test("[P25] 25.5 another package's database needs its capability", async () => {
  expect(await run("foreign")).toEqual(["NoReadCap", "NoWriteCap"]);
});
