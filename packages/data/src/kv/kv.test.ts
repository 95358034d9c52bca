/** Source: spec/runtime-modules.md §3 and §13 points 45–56. */
import { afterEach, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sameCapability } from "@kinode-ts/caps";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness, isThroughKernel } from "@kinode-ts/testing/module-harness";
import { processorMs } from "@kinode-ts/testing/processor-time";
import type { Capability, RuntimeModule } from "@kinode-ts/types";
import fc from "fast-check";
import type { DataLimits } from "../limits.ts";
import { realClock } from "../../test/real-clock.ts";
import { openFolderKv } from "./kv-bun.ts";

const APP = "main:p:x.os";
const SIBLING = "other:p:x.os";
const FOREIGN = "main:q:y.os";
const P = { package_name: "p", publisher_node: "x.os" };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

async function setUp(limits: Partial<DataLimits> = {}, root = mkdtempSync(join(tmpdir(), "kv-"))) {
  const folder = join(root, "kv");
  const module: RuntimeModule = openFolderKv({
    folder,
    clock: realClock,
    random: createSeededRandom(1),
    limits,
  });
  const harness = createModuleHarness(module);
  await harness.start();
  cleanups.push(async () => {
    await module.stop?.();
    rmSync(root, { recursive: true, force: true });
  });
  const ask = (action: unknown, blob?: string | Uint8Array, source = APP, db: unknown = "d") =>
    harness.ask(source, { body: { package_id: P, db, action }, blob });
  return {
    root,
    folder,
    harness,
    module,
    ask,
    /** JSON of the answer. */
    run: async (...args: Parameters<typeof ask>) => (await ask(...args)).json,
    set: async (key: string, value: string, tx: number | null = null, source = APP) =>
      (await ask({ Set: { key: bytes(key), tx_id: tx } }, value, source)).json,
    get: async (key: string, source = APP, db = "d"): Promise<unknown> => {
      const answer = await ask({ Get: bytes(key) }, undefined, source, db);
      const value = answer.blob && new TextDecoder().decode(answer.blob.bytes);
      return value ?? answer.json;
    },
    begin: async (source = APP, db = "d"): Promise<number> => {
      const { json } = await ask("BeginTx", undefined, source, db);
      return (json as { BeginTx: { tx_id: number } }).BeginTx.tx_id;
    },
  };
}

type Kv = Awaited<ReturnType<typeof setUp>>;

async function opened(limits: Partial<DataLimits> = {}): Promise<Kv> {
  const kv = await setUp(limits);
  expect(await kv.run("Open")).toBe("Ok");
  return kv;
}

test("[M45] Open by another package is refused", async () => {
  const kv = await setUp();
  expect(await kv.run("Open", undefined, FOREIGN)).toEqual({ Err: "MismatchingPackageId" });
  expect(await kv.run("RemoveDb", undefined, FOREIGN)).toEqual({ Err: "MismatchingPackageId" });
  expect(existsSync(kv.folder)).toBe(false);
});

test("Open gives the caller read and write, and may be repeated", async () => {
  const kv = await opened();
  expect(await kv.run("Open")).toBe("Ok");
  for (const kind of ["read", "write"]) {
    const wanted: Capability = {
      issuer: { node: "alice.os", process: kv.module.id },
      params: JSON.stringify({ kind, db_key: [P, "d"] }),
    };
    expect(kv.harness.held(APP).some((held) => sameCapability(held, wanted))).toBe(true);
  }
});

test("Open fails when the capabilities cannot be stored", async () => {
  const kv = await setUp();
  kv.harness.failGrants();
  expect(await kv.run("Open")).toEqual({ Err: "AddCapFailed" });
});

test("[M46] a value that was set comes back in the blob, its key in the body", async () => {
  const kv = await opened();
  expect(await kv.set("hi", "world")).toBe("Ok");
  const answer = await kv.ask({ Get: [104, 105] });
  expect(answer.text).toBe('{"Get":[104,105]}');
  expect(answer.blob?.mime).toBe("application/octet-stream");
  expect(new TextDecoder().decode(answer.blob?.bytes)).toBe("world");
});

test("[M47] an absent key is not found, and deleting it is fine", async () => {
  const kv = await opened();
  expect(await kv.run({ Get: [1] })).toEqual({ Err: "KeyNotFound" });
  expect(await kv.run({ Delete: { key: [1], tx_id: null } })).toBe("Ok");
});

test("[M48] Set needs a blob; an empty one stores an empty value, also under an empty key", async () => {
  const kv = await opened();
  expect(await kv.run({ Set: { key: [1], tx_id: null } })).toEqual({ Err: "MalformedRequest" });
  expect(await kv.set("", "")).toBe("Ok");
  expect(await kv.get("")).toBe("");
});

test("[M49] a second process of the package needs its own Open", async () => {
  const kv = await opened();
  const tx_id = await kv.begin();
  const started = await kv.run({ IterStart: null });
  const { iterator_id } = (started as { IterStart: { iterator_id: number } }).IterStart;
  const actions = {
    write: [
      { Set: { key: [1], tx_id: null } },
      { Delete: { key: [1], tx_id: null } },
      "BeginTx",
      { Commit: { tx_id } },
      { Rollback: { tx_id } },
    ],
    read: [
      { Get: [1] },
      { IterStart: {} },
      { IterNext: { iterator_id, count: 1 } },
      { IterClose: { iterator_id } },
    ],
  };
  const NO_CAP = { write: { Err: "NoWriteCap" }, read: { Err: "NoReadCap" } };
  const answersOf = (right: "read" | "write") =>
    Promise.all(actions[right].map((action) => kv.run(action, "v", SIBLING)));
  const refused = (right: "read" | "write") => actions[right].map(() => NO_CAP[right]);
  expect(await answersOf("write")).toEqual(refused("write"));
  expect(await answersOf("read")).toEqual(refused("read"));
  // One right is not the other.
  for (const [held, missing] of [
    ["read", "write"],
    ["write", "read"],
  ] as const) {
    kv.harness.give(SIBLING, JSON.stringify({ kind: held, db_key: [P, "d"] }));
    expect(await answersOf(missing)).toEqual(refused(missing));
    expect(await answersOf(held)).not.toContainEqual(NO_CAP[held]);
    kv.harness.takeAll(SIBLING);
  }
  expect(await kv.run("Open", undefined, SIBLING)).toBe("Ok");
  expect(await kv.set("k", "v", null, SIBLING)).toBe("Ok");
  expect(await kv.get("k", SIBLING)).toBe("v");
});

test("a process of another package uses what it holds the capability for, and no more", async () => {
  const kv = await opened();
  await kv.set("k", "v");
  kv.harness.give(FOREIGN, JSON.stringify({ db_key: [P, "d"], kind: "read" }));
  expect(await kv.get("k", FOREIGN)).toBe("v");
  expect(await kv.set("k", "w", null, FOREIGN)).toEqual({ Err: "NoWriteCap" });
  expect(await kv.get("k", FOREIGN, "other")).toEqual({ Err: "NoReadCap" });
});

test("[M50] a transaction is invisible until its commit, and whole after it", async () => {
  const kv = await opened();
  await kv.set("old", "1");
  const tx = await kv.begin();
  await kv.set("a", "1", tx);
  await kv.set("b", "2", tx);
  await kv.run({ Delete: { key: bytes("old"), tx_id: tx } });
  expect(await kv.get("a")).toEqual({ Err: "KeyNotFound" });
  expect(await kv.get("old")).toBe("1");
  expect(await kv.run({ Commit: { tx_id: tx } })).toBe("Ok");
  expect([await kv.get("a"), await kv.get("b")]).toEqual(["1", "2"]);
  expect(await kv.get("old")).toEqual({ Err: "KeyNotFound" });
});

test("[M51] a second commit names the transaction that is not there", async () => {
  const kv = await opened();
  const tx = await kv.begin();
  expect(await kv.run({ Commit: { tx_id: tx } })).toBe("Ok");
  expect(await kv.run({ Commit: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
  const text = '{"package_id":{"package_name":"p","publisher_node":"x.os"},"db":"d","action":';
  const answer = await kv.harness.ask(APP, {
    body: `${text}{"Commit":{"tx_id":18446744073709551615}}}`,
  });
  expect(answer.text).toBe('{"Err":{"NoTx":18446744073709551615}}');
  const one = await kv.harness.ask(APP, { body: `${text}{"Commit":{"tx_id":1.0}}}` });
  expect(one.text).toBe('{"Err":"MalformedRequest"}');
});

test("[M52] a transaction is that of one process and one database", async () => {
  const kv = await opened();
  await kv.run("Open", undefined, SIBLING);
  for (const process of [APP, SIBLING]) await kv.run("Open", undefined, process, "e");
  const tx_id = await kv.begin();
  for (const [process, db] of [
    [SIBLING, "d"],
    [APP, "e"],
    [SIBLING, "e"],
  ] as const) {
    for (const action of [
      { Set: { key: [1], tx_id } },
      { Delete: { key: [1], tx_id } },
      { Commit: { tx_id } },
      { Rollback: { tx_id } },
    ]) {
      expect(await kv.run(action, "v", process, db)).toEqual({ Err: { NoTx: tx_id } });
    }
  }
  // Its own process still has it, as it was.
  expect(await kv.set("k", "v", tx_id)).toBe("Ok");
  expect(await kv.run({ Commit: { tx_id } })).toBe("Ok");
  expect(await kv.get("k")).toBe("v");
  expect(await kv.run({ Get: [1] })).toEqual({ Err: "KeyNotFound" });
});

test("[M53] RemoveDb erases everything; the database is made anew at its next use", async () => {
  const kv = await opened();
  await kv.set("k", "v");
  expect(await kv.run("RemoveDb")).toBe("Ok");
  expect(readdirSync(join(kv.folder, "p:x.os"))).toEqual([]);
  expect(await kv.run("RemoveDb")).toEqual({
    Err: { IOError: "No such file or directory (os error 2)" },
  });
  expect(await kv.get("k")).toEqual({ Err: "KeyNotFound" });
});

test("a database that is removed while others use it is gone, or there again, but never half", async () => {
  const kv = await opened();
  const others = ["b:p:x.os", "c:p:x.os", "d:p:x.os"];
  for (const process of others) await kv.run("Open", undefined, process);
  for (let round = 0; round < 20; round++) {
    const uses = others.map((process) =>
      kv.run({ Set: { key: [round], tx_id: null } }, "v", process),
    );
    const all = await Promise.all([kv.run("RemoveDb"), ...uses, kv.set("k", "v")]);
    expect(new Set<unknown>(all)).toEqual(new Set(["Ok"]));
    expect(await kv.set("k", `v${round}`)).toBe("Ok");
    // What was acknowledged is in the file that is there, not in one that was removed below it: what a program that ends now
    // leaves behind is read by another.
    const copy = mkdtempSync(join(kv.root, "left-"));
    cpSync(kv.folder, join(copy, "kv"), { recursive: true });
    const next = await setUp({}, copy);
    expect(await next.run("Open")).toBe("Ok");
    expect(await next.get("k")).toBe(`v${round}`);
    await next.module.stop?.();
  }
});

test("[M54] names that could lead elsewhere are malformed, and nothing of the host is touched", async () => {
  const kv = await setUp();
  mkdirSync(join(kv.root, "canary"));
  writeFileSync(join(kv.root, "canary", "file"), "untouched");
  const names = [
    "../x",
    "/tmp/x",
    "",
    "a/b",
    ".",
    "..",
    "../canary",
    "a\\b",
    "a\0b",
    "a\nb",
    1,
    null,
  ];
  for (const name of [...names, "x".repeat(201), "\ud800"]) {
    for (const action of ["Open", "RemoveDb", { Get: [1] }]) {
      expect(await kv.run(action, undefined, APP, name)).toEqual({ Err: "MalformedRequest" });
    }
  }
  for (const owner of [
    { package_name: "..", publisher_node: "x.os" },
    { package_name: "p" },
    "p:x.os",
  ]) {
    const answer = await kv.harness.ask(APP, {
      body: { package_id: owner, db: "d", action: "Open" },
    });
    expect(answer.json).toEqual({ Err: "MalformedRequest" });
  }
  expect(readdirSync(kv.root)).toEqual(["canary"]);
  expect(readdirSync(join(kv.root, "canary"))).toEqual(["file"]);
});

test("[M55] two processes that open one database at once both succeed", async () => {
  const kv = await setUp();
  const answers = await Promise.all([kv.run("Open"), kv.run("Open", undefined, SIBLING)]);
  expect(answers).toEqual(["Ok", "Ok"]);
  await kv.set("k", "v");
  expect(await kv.get("k", SIBLING)).toBe("v");
});

test("[M56] errors are answered also when no response was expected, successes not", async () => {
  const kv = await opened();
  const count = kv.harness.answers.length;
  const body = (action: unknown) => ({ package_id: P, db: "d", action });
  kv.harness.post(APP, { body: body({ Get: [9] }), expectsResponse: null, metadata: "m" });
  kv.harness.post(APP, { body: body("BeginTx"), expectsResponse: null });
  await kv.get("anything");
  const [error, ...rest] = kv.harness.answers.slice(count);
  expect(error).toMatchObject({ json: { Err: "KeyNotFound" }, metadata: undefined });
  expect(rest).toHaveLength(1);
  // Nobody is told but the process.
  expect(kv.harness.prints).toEqual([]);
});

test("what one process asks for without waiting is done and answered in its order", async () => {
  const kv = await setUp();
  const first = kv.harness.answers.length;
  const answers = await Promise.all([
    kv.run("Open"),
    kv.set("k", "0"),
    kv.get("k"),
    kv.set("k", "1"),
    kv.get("k"),
    kv.run("RemoveDb"),
    kv.get("k"),
    kv.set("k", "2"),
    kv.get("k"),
  ]);
  const gone = { Err: "KeyNotFound" };
  expect(answers).toEqual(["Ok", "Ok", "0", "Ok", "1", "Ok", gone, "Ok", "2"]);
  const ids = kv.harness.answers.slice(first).map(({ id }) => id as number);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test("a success carries the metadata of its request", async () => {
  const kv = await opened();
  const body = { package_id: P, db: "d", action: "BeginTx" };
  expect((await kv.harness.ask(APP, { body, metadata: "m" })).metadata).toBe("m");
});

test("requests of other nodes are dropped", async () => {
  const kv = await opened();
  const count = kv.harness.answers.length;
  kv.harness.post(APP, { body: { package_id: P, db: "d", action: "Open" }, node: "bob.os" });
  await kv.harness.delivered();
  expect(kv.harness.answers).toHaveLength(count);
  expect(kv.harness.prints).toHaveLength(1);
});

test("values survive a new start of the module; open transactions do not", async () => {
  const root = mkdtempSync(join(tmpdir(), "kv-"));
  const kv = await setUp({}, root);
  await kv.run("Open");
  await kv.set("k", "v");
  const tx = await kv.begin();
  await kv.module.stop?.();
  const again = await setUp({}, root);
  again.harness.give(APP, JSON.stringify({ kind: "read", db_key: [P, "d"] }));
  again.harness.give(APP, JSON.stringify({ kind: "write", db_key: [P, "d"] }));
  expect(await again.get("k")).toBe("v");
  expect(await again.run({ Commit: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
});

test("more databases than may be open are all usable, and fd-manager is told", async () => {
  const kv = await setUp({ initialOpenCount: 2 });
  for (const db of ["a", "b", "c"]) {
    await kv.run("Open", undefined, APP, db);
    await kv.run({ Set: { key: [1], tx_id: null } }, db, APP, db);
  }
  for (const db of ["a", "b", "c"]) {
    const { blob } = await kv.ask({ Get: [1] }, undefined, APP, db);
    expect(new TextDecoder().decode(blob?.bytes)).toBe(db);
  }
  const told = kv.harness.sent.map(({ body }) => new TextDecoder().decode(body));
  expect(told[0]).toBe('"RequestFdsLimit"');
  expect(told).toContain('"FdsLimitHit"');
});

test("a share of no files at all still leaves room for one database", async () => {
  const kv = await setUp();
  const share = { body: { FdsLimit: 0 }, expectsResponse: null };
  kv.harness.post("fd-manager:distro:sys", share);
  await kv.harness.delivered();
  for (const db of ["a", "b", "a", "b"]) {
    expect(await kv.run("Open", undefined, APP, db)).toBe("Ok");
    expect(await kv.run({ Set: { key: [1], tx_id: null } }, db, APP, db)).toBe("Ok");
  }
  const { blob } = await kv.ask({ Get: [1] }, undefined, APP, "a");
  expect(new TextDecoder().decode(blob?.bytes)).toBe("a");
});

test("transactions are bounded in number and bytes, and go with their process", async () => {
  const kv = await opened({ maxTransactionsCount: 2, maxTransactionBytes: 1_000 });
  const [first, second] = [await kv.begin(), await kv.begin()];
  expect(JSON.stringify(await kv.run("BeginTx"))).toContain("2 transactions are open");
  expect(await kv.set("a", "x".repeat(500), first)).toBe("Ok");
  expect(JSON.stringify(await kv.set("b", "x".repeat(500), first))).toContain("larger than 1000");
  expect(await kv.run({ Commit: { tx_id: first } })).toEqual({ Err: { NoTx: first } });
  kv.module.processEnded?.(APP as never);
  expect(await kv.run({ Commit: { tx_id: second } })).toEqual({ Err: { NoTx: second } });
});

test("an iterator gives every pair once, in order, however small its steps", async () => {
  const kv = await opened();
  const keys = ["user/1", "user/2", "user/3", "zebra", "a"];
  for (const key of keys) await kv.set(key, key.toUpperCase());
  const walk = async (range: object, count: number): Promise<string[]> => {
    const started = await kv.run({ IterStart: range });
    const { iterator_id } = (started as { IterStart: { iterator_id: number } }).IterStart;
    const found: string[] = [];
    for (;;) {
      const answer = await kv.ask({ IterNext: { iterator_id, count } });
      const pairs = JSON.parse(new TextDecoder().decode(answer.blob?.bytes)) as number[][][];
      found.push(...pairs.map(([key]) => String.fromCharCode(...key!)));
      if ((answer.json as { IterNext: { done: boolean } }).IterNext.done) break;
    }
    const gone = await kv.run({ IterNext: { iterator_id, count } });
    expect(gone).toEqual({ Err: "NoIterator" });
    expect(await kv.run({ IterClose: { iterator_id } })).toBe("Ok");
    return found;
  };
  const all = keys.toSorted();
  for (const count of [1, 2, 100]) {
    expect(await walk({ prefix: null }, count)).toEqual(all);
    expect(await walk({ prefix: bytes("user/") }, count)).toEqual(all.slice(1, 4));
    expect(await walk({ start: bytes("user/2"), end: bytes("z") }, count)).toEqual(all.slice(2, 4));
    expect(await walk({ reverse: true }, count)).toEqual(all.toReversed());
    const last = { prefix: bytes("user/"), reverse: true, end: bytes("user/3") };
    expect(await walk(last, count)).toEqual(["user/2", "user/1"]);
  }
  expect(await walk({ prefix: [255, 255] }, 1)).toEqual([]);
});

test("bodies that are not as specified are malformed and change nothing", async () => {
  const kv = await opened();
  await kv.set("k", "v");
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
      const answer = await kv.harness.ask(APP, { body: text, blob: "x" });
      expect(answer.json).toEqual({ Err: "MalformedRequest" });
    }),
    { numRuns: 200 },
  );
  const actions = [
    "Close",
    "Get",
    { Get: "k" },
    { Get: [256] },
    { Get: [1.5] },
    { Get: [-1] },
    { Get: [null] },
    { Set: {} },
    { Set: { key: [1], tx_id: "1" } },
    { Delete: [1] },
    { Commit: {} },
    { Commit: { tx_id: -1 } },
    { IterNext: { iterator_id: 1, count: 0 } },
    { IterNext: { iterator_id: 1, count: -1 } },
    { IterNext: { iterator_id: 1 } },
    { IterStart: { prefix: "x" } },
    { IterStart: { reverse: "yes" } },
    { IterStart: { reverse: 1 } },
    { A: 1, B: 2 },
    [],
    null,
  ];
  for (const action of actions) {
    expect(await kv.run(action, "x")).toEqual({ Err: "MalformedRequest" });
  }
  expect(await kv.get("k")).toBe("v");
});

test("actions without content take null in its place, and nothing else", async () => {
  const kv = await opened();
  await kv.set("k", "v");
  for (const name of ["Open", "RemoveDb", "BeginTx"]) {
    for (const content of [0, 5, false, "", [], {}, { tx_id: null }]) {
      expect(await kv.run({ [name]: content })).toEqual({ Err: "MalformedRequest" });
    }
  }
  expect(await kv.get("k")).toBe("v");
  expect(await kv.run({ Open: null })).toBe("Ok");
  expect(await kv.run({ BeginTx: null })).toHaveProperty("BeginTx.tx_id");
  expect(await kv.run({ RemoveDb: null })).toBe("Ok");
  expect(await kv.get("k")).toEqual({ Err: "KeyNotFound" });
});

test("a key that is too long is refused by name", async () => {
  const kv = await opened({ maxKeyBytes: 4 });
  expect(JSON.stringify(await kv.set("12345", "v"))).toContain("a key of 5 bytes is longer than 4");
});

test("a hundred thousand iterators take the place of the oldest ones, and go with their process", async () => {
  const kv = await opened();
  await kv.set("k", "v");
  let first: unknown;
  let last: unknown;
  const count = isThroughKernel() ? 5_000 : 100_000;
  for (let i = 0; i < count; i++) {
    last = ((await kv.run({ IterStart: {} })) as { IterStart: { iterator_id: number } }).IterStart;
    first ??= last;
  }
  expect(await kv.run({ IterNext: { ...(first as object), count: 1 } })).toEqual({
    Err: "NoIterator",
  });
  await kv.run("Open", undefined, SIBLING);
  const next = { IterNext: { ...(last as object), count: 1 } };
  expect(await kv.run(next, undefined, SIBLING)).toEqual({ Err: "NoIterator" });
  kv.module.processEnded?.(APP as never);
  expect(await kv.run(next)).toEqual({ Err: "NoIterator" });
}, 120_000);

test("pairs come as bytes when they are asked for so", async () => {
  const kv = await opened();
  await kv.set("", "empty key");
  await kv.set("a", "");
  const started = await kv.run({ IterStart: null });
  const { iterator_id } = (started as { IterStart: { iterator_id: number } }).IterStart;
  const unknown = { IterNext: { iterator_id, count: 9, format: "xml" } };
  expect(await kv.run(unknown)).toEqual({ Err: "MalformedRequest" });
  const answer = await kv.ask({ IterNext: { iterator_id, count: 9, format: "bytes" } });
  expect(answer.json).toEqual({ IterNext: { done: true, format: "bytes" } });
  const u32 = (n: number): number[] => [n, 0, 0, 0];
  expect([...answer.blob!.bytes]).toEqual([
    ...u32(0),
    ...u32(9),
    ...bytes("empty key"),
    ...u32(1),
    ...bytes("a"),
    ...u32(0),
  ]);
});

test("a count may be as large as numbers of 64 bits are", async () => {
  const kv = await opened();
  await kv.set("a", "1");
  const started = await kv.run({ IterStart: {} });
  const { iterator_id } = (started as { IterStart: { iterator_id: number } }).IterStart;
  const body = `{"package_id":${JSON.stringify(P)},"db":"d","action":{"IterNext":{"iterator_id":${iterator_id},"count":18446744073709551615}}}`;
  const { json, blob } = await kv.harness.ask(APP, { body });
  expect(json).toEqual({ IterNext: { done: true } });
  expect(new TextDecoder().decode(blob?.bytes)).toBe("[[[97],[49]]]");
});

test("a batch ends at its bound in bytes, and gives one pair at least", async () => {
  const kv = await opened({ maxBatchBytes: 1_000 });
  for (const key of ["a", "b", "c"]) await kv.set(key, key.repeat(700));
  await kv.set("d", "d".repeat(5_000));
  const started = await kv.run({ IterStart: {} });
  const { iterator_id } = (started as { IterStart: { iterator_id: number } }).IterStart;
  for (const key of ["a", "b", "c", "d"]) {
    const { json, blob } = await kv.ask({ IterNext: { iterator_id, count: 100 } });
    const pairs = JSON.parse(new TextDecoder().decode(blob?.bytes)) as number[][][];
    expect(pairs).toHaveLength(1);
    expect(pairs[0]![0]).toEqual(bytes(key));
    expect(json).toEqual({ IterNext: { done: key === "d" } });
  }
});

test("a value that is too large is refused by name", async () => {
  const kv = await opened({ maxValueBytes: 100 });
  expect(await kv.set("k", "x".repeat(100))).toBe("Ok");
  expect(await kv.set("k", "x".repeat(101))).toEqual({
    Err: { RocksDBError: "a value of 101 bytes is longer than 100" },
  });
});

test("bodies with very many values are refused before they are parsed", async () => {
  const kv = await opened();
  const body = `{"package_id":${JSON.stringify(P)},"db":"d","action":{"Get":[${"1,".repeat(900_000)}1]}}`;
  const startedMs = processorMs();
  expect((await kv.harness.ask(APP, { body })).json).toEqual({ Err: "MalformedRequest" });
  expect(processorMs() - startedMs).toBeLessThan(500);
});

test("bodies that are too long are refused by name, whatever is in them", async () => {
  const kv = await opened();
  const body = `{"db":"d",${" ".repeat(3_000_000)}"action":{"Get":[1]}}`;
  expect((await kv.harness.ask(APP, { body })).json).toEqual({
    Err: {
      RocksDBError:
        "a request of 3000031 bytes is longer than 2097152; pass large values in the blob",
    },
  });
});

test("a transaction that is given up leaves nothing, and makes place for another", async () => {
  const kv = await opened({ maxTransactionsCount: 1 });
  for (let i = 0; i < 3; i++) {
    const tx = await kv.begin();
    await kv.set("k", "v", tx);
    expect(await kv.run({ Rollback: { tx_id: tx } })).toBe("Ok");
    expect(await kv.run({ Rollback: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
  }
  expect(await kv.get("k")).toEqual({ Err: "KeyNotFound" });
});

test("a database that is used while it is removed is a new one, and whole", async () => {
  const kv = await opened();
  await kv.run("Open", undefined, SIBLING);
  for (let round = 0; round < 50; round++) {
    await kv.set("old", "v");
    const removed = kv.run("RemoveDb");
    const used = Array.from({ length: round % 7 }, (_, i) => kv.set(`new${i}`, "w", null, SIBLING));
    for (let turn = 0; turn < round % 5; turn++) await Promise.resolve();
    const late = kv.set("late", "w", null, SIBLING);
    expect(await removed).toBe("Ok");
    for (const answer of await Promise.all([...used, late])) {
      if (answer !== "Ok") expect(answer).toEqual({ Err: { NoDb: [P, "d"] } });
    }
    expect(await kv.get("old", SIBLING)).toEqual({ Err: "KeyNotFound" });
    if ((await late) === "Ok") expect(await kv.get("late", SIBLING)).toBe("w");
    await kv.set("again", "x", null, SIBLING);
    expect(await kv.get("again")).toBe("x");
  }
});
