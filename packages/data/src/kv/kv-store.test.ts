/** The folder of key-value databases: what is carried out over several turns, the disk, and accounts of packages. */
import { afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, DiskAccounts } from "@kinode-ts/types";
import { realClock } from "../../test/real-clock.ts";
import { TestAccount, testAccounts } from "../../test/test-accounts.ts";
import type { DatabaseKey } from "../request.ts";
import type { KvChange } from "./kv-store.ts";
import { openKvFolder } from "./kv-store-bun.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const keyOf = (name: string): DatabaseKey => ({
  packageId: "p:x.os" as DatabaseKey["packageId"],
  name,
  wire: { package_name: "p", publisher_node: "x.os" },
  text: `p:x.os/${name}`,
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value && new TextDecoder().decode(value);

const MIB = 1 << 20;

function setUp(accounts?: DiskAccounts, clock: Clock = realClock) {
  const folder = mkdtempSync(join(tmpdir(), "kv-store-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const store = openKvFolder({
    folder,
    clock,
    ...(accounts === undefined ? {} : { accounts }),
  });
  const open = (name = "d") => {
    const database = store.open(keyOf(name));
    cleanups.push(() => database.close());
    return database;
  };
  return { folder, store, open, files: join(folder, "p:x.os", "d") };
}

const many = (count: number, value: Uint8Array, name = "k"): KvChange[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: "set" as const,
    key: bytes(`${name}${i}`),
    value,
  }));

const folderSize = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

test("a large transaction lets others have their turn, and nobody sees half of it", async () => {
  const { open } = setUp();
  const [database, other] = [open("d"), open("other")];
  await database.set(bytes("k0"), bytes("old"));
  await other.set(bytes("k"), bytes("v"));
  let turns = 0;
  let isRunning = true;
  const count = (): void => {
    turns++;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  const applied = database.apply(many(30_000, bytes("new")));
  const seen = Promise.resolve(database.get(bytes("k0")));
  const after = Promise.resolve(database.get(bytes("k29999")));
  expect(database.busy).toBe(true);
  expect(text(await other.get(bytes("k")))).toBe("v");
  await applied;
  isRunning = false;
  expect([text(await seen), text(await after)]).toEqual(["new", "new"]);
  expect(turns).toBeGreaterThan(5);
});

test("a large transaction that fails leaves nothing", async () => {
  const { open } = setUp();
  const database = open();
  await database.set(bytes("k0"), bytes("old"));
  const broken = [...many(5_000, bytes("new")), { kind: "set", key: bytes("x"), value: () => 0 }];
  await expect(Promise.resolve(database.apply(broken as never))).rejects.toThrow();
  expect(text(await database.get(bytes("k0")))).toBe("old");
  expect(await database.get(bytes("k4000"))).toBeUndefined();
  await database.set(bytes("k0"), bytes("again"));
  expect(text(await database.get(bytes("k0")))).toBe("again");
});

test("what was acknowledged is there after a sudden end, whenever that was", async () => {
  const { folder, open, files } = setUp();
  const database = open();
  const value = new Uint8Array(2_000).fill(7);
  // More than fits into the log, so that it is folded into the file now and then.
  for (let i = 0; i < 5_000; i++) {
    const done = database.set(bytes(`k${i}`), value);
    if (done instanceof Promise) await done;
    if (i % 2_000 !== 1_400) continue;
    const copy = join(folder, `copy-${i}`);
    cpSync(files, join(copy, "p:x.os", "d"), { recursive: true });
    const again = openKvFolder({ folder: copy, clock: realClock }).open(keyOf("d"));
    await again.ready();
    expect([...again.scan({}, undefined)]).toHaveLength(i + 1);
    await again.close();
  }
  await database.close();
  expect(readdirSync(files)).toEqual(["kv.sqlite"]);
  const other = new Database(join(files, "kv.sqlite"), { readonly: true });
  expect(other.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  expect(other.query("SELECT count(*) AS n FROM kv").all()).toEqual([{ n: 5_000 }]);
  other.close();
}, 120_000);

test("one that is opened again while it is being closed waits for it", async () => {
  const { store, open } = setUp();
  const first = open();
  for (let i = 0; i < 100; i++) await first.set(bytes(`k${i}`), bytes("v"));
  const closed = first.close();
  const second = open();
  const found = Promise.resolve(second.get(bytes("k99")));
  expect(text(await found)).toBe("v");
  await closed;
  await expect((async () => first.get(bytes("k1")))()).rejects.toMatchObject({
    code: "data.no-db",
  });
  await second.close();
  await store.remove(keyOf("d"));
  await expect(store.remove(keyOf("d"))).rejects.toMatchObject({ code: "data.io" });
});

test("a file that is no database, or a damaged one, is an error by name, and can be removed", async () => {
  const { folder, files, store, open } = setUp();
  const planted = [
    "this is no database, and long enough for a header of a hundred bytes".repeat(20),
    "SQLite format 3\0" + "\xff".repeat(5_000),
  ];
  for (const content of planted) {
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, "kv.sqlite"), content, "latin1");
    const database = open();
    for (let i = 0; i < 2; i++) {
      const failed = (async () => database.get(bytes("k")))();
      await expect(failed).rejects.toThrow(/the file of the database is damaged \(SQLITE_/);
      await expect(failed).rejects.not.toThrow(folder);
    }
    await database.close();
    await store.remove(keyOf("d"));
    expect(existsSync(files)).toBe(false);
  }
  const fresh = open();
  await fresh.set(bytes("k"), bytes("v"));
  expect(text(await fresh.get(bytes("k")))).toBe("v");
});

test("a folder in the place of the file, or a log full of rubbish, ends nothing", async () => {
  const { files, open } = setUp();
  mkdirSync(join(files, "kv.sqlite"), { recursive: true });
  const database = open();
  await expect((async () => database.get(bytes("k")))()).rejects.toMatchObject({
    code: "data.engine",
  });
  await database.close();
  rmSync(files, { recursive: true });
  const first = open();
  await first.set(bytes("k"), bytes("v"));
  await first.close();
  appendFileSync(join(files, "kv.sqlite-wal"), "rubbish".repeat(10_000));
  expect(text(await open().get(bytes("k")))).toBe("v");
});

test("what a database occupies is on its package's account, exactly", async () => {
  const account = new TestAccount();
  const { open, store, files } = setUp(testAccounts(account));
  const database = open();
  await database.apply(many(2_000, new Uint8Array(1_000)));
  expect(account.usedBytes).toBe(folderSize(files));
  expect(account.usedBytes).toBeGreaterThan(2_000_000);
  await database.close();
  expect(account.usedBytes).toBe(folderSize(files));
  const again = open();
  await again.ready();
  expect(account.usedBytes).toBe(folderSize(files));
  await again.close();
  await store.remove(keyOf("d"));
  expect(account.usedBytes).toBe(0);
});

test("beyond the limit of its package nothing is written, what is there stays, and deleting gives room", async () => {
  const account = new TestAccount();
  account.limitBytes = 1_000_000;
  const { open, files } = setUp(testAccounts(account));
  const database = open();
  const value = new Uint8Array(10_000).fill(1);
  let written = 0;
  let refused: unknown;
  for (; refused === undefined && written < 1_000; written++) {
    refused = await (async () => database.set(bytes(`k${written}`), value))().catch(
      (thrown: unknown) => thrown,
    );
  }
  written--;
  expect(refused).toMatchObject({ code: "data.engine" });
  expect(String(refused)).toContain("database or disk is full: the package p:x.os uses");
  // The log was emptied before anything was refused: nearly all of the room holds values.
  expect(written).toBeGreaterThan(60);
  expect(account.usedBytes).toBeLessThanOrEqual(1_000_000 + 128 * 1024);
  for (const changes of [many(30, value, "t"), many(300, value, "u")]) {
    await expect((async () => database.apply(changes))()).rejects.toThrow("disk is full");
  }
  expect(await database.get(bytes("t0"))).toBeUndefined();
  expect([...database.scan({}, undefined)]).toHaveLength(written);
  for (let i = 0; i < 40; i++) await database.delete(bytes(`k${i}`));
  for (let i = 0; i < 30; i++) await database.set(bytes(`n${i}`), value);
  expect(text((await database.get(bytes("n29")))?.subarray(0, 0))).toBe("");
  await database.close();
  expect(account.usedBytes).toBe(folderSize(files));
  const other = new Database(join(files, "kv.sqlite"), { readonly: true });
  expect(other.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  other.close();
});

test("one that is removed while it is being closed is closed first, and nothing of it is counted or found afterwards", async () => {
  const account = new TestAccount();
  const { store, open, files } = setUp(testAccounts(account));
  for (let round = 0; round < 5; round++) {
    const database = open();
    await database.apply(many(500, new Uint8Array(1_000)));
    const order: string[] = [];
    const closed = database.close().then(() => order.push("closed"));
    const removed = store.remove(keyOf("d")).then(() => order.push("removed"));
    const next = open();
    const written = Promise.resolve(next.set(bytes("new"), bytes("v"))).then(() =>
      order.push("written"),
    );
    await Promise.all([closed, removed, written]);
    expect(order).toEqual(["closed", "removed", "written"]);
    expect([...next.scan({}, undefined)].map(({ key }) => text(key))).toEqual(["new"]);
    await next.close();
    expect(account.usedBytes).toBe(folderSize(files));
    await store.remove(keyOf("d"));
    expect(account.usedBytes).toBe(0);
  }
});

test("the log keeps its room while there is much to write, and gives it back when nothing is", async () => {
  const account = new TestAccount();
  const quiet: (() => void)[] = [];
  const clock = {
    ...realClock,
    after(_delayMs: number, fire: () => void) {
      quiet.push(fire);
      return { cancel: () => void quiet.splice(quiet.indexOf(fire), 1) };
    },
  };
  const { open, files } = setUp(testAccounts(account), clock);
  const database = open();
  const log = join(files, "kv.sqlite-wal");
  const sizes: number[] = [];
  const beginnings = new Set<string>();
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 500; i++) await database.set(bytes(`k${i}`), bytes(`${round} `.repeat(50)));
    sizes.push(statSync(log).size);
    beginnings.add((await Bun.file(log).slice(0, 32).bytes()).toHex());
  }
  // About 60 MiB have been written.
  expect(Math.max(...sizes)).toBeLessThan(18 * MIB);
  expect(sizes.slice(15).every((size) => size > 15 * MIB)).toBe(true);
  expect(beginnings.size).toBeGreaterThan(2);
  expect(beginnings.size).toBeLessThan(10);
  for (let i = 1; i < 500; i++) await database.delete(bytes(`k${i}`));
  expect(quiet).toHaveLength(1);
  quiet.shift()!();
  // There have been writes since the look before.
  expect(statSync(log).size).toBeGreaterThan(15 * MIB);
  expect(quiet).toHaveLength(1);
  quiet.shift()!();
  await database.idle();
  expect(folderSize(files)).toBeLessThan(MIB / 4);
  expect(account.usedBytes).toBe(folderSize(files));
  expect(quiet).toHaveLength(0);
  expect([...database.scan({}, undefined)]).toHaveLength(1);
});

test("free pages are given back", async () => {
  const account = new TestAccount();
  const { open } = setUp(testAccounts(account));
  const database = open();
  await database.apply(many(2_000, new Uint8Array(2_000)));
  await database.close();
  const full = account.usedBytes;
  const again = open();
  await again.apply(
    Array.from({ length: 2_000 }, (_, i) => ({ kind: "delete" as const, key: bytes(`k${i}`) })),
  );
  await again.close();
  expect(account.usedBytes).toBeLessThan(full / 10);
});

test("while the disk does not answer how much is there, an error says so; afterwards the database works", async () => {
  let asked = 0;
  const account = new TestAccount();
  const accounts: DiskAccounts = {
    account: () => (asked++ === 0 ? Promise.reject(new Error("stuck")) : Promise.resolve(account)),
  };
  const { open } = setUp(accounts);
  const database = open();
  const set = async (): Promise<void> => database.set(bytes("k"), bytes("v"));
  await expect(set()).rejects.toMatchObject({
    fault: { code: "data.io", text: expect.stringContaining("os error 110") },
  });
  await set();
  expect(text(await database.get(bytes("k")))).toBe("v");
});
