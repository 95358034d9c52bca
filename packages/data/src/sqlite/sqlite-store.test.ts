/** The folder of SQL databases: turns, deadlines, planted files, and accounts of packages. */
import { afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { mainThreadMs } from "@kinode-ts/testing/processor-time";
import { realClock } from "../../test/real-clock.ts";
import { TestAccount, testAccounts } from "../../test/test-accounts.ts";
import type { DatabaseKey } from "../request.ts";
import type { SqlEngine } from "./engine.ts";
import type { SqlValue } from "./parameters.ts";
import { openSqliteFolder, type SqliteFolderOptions } from "./sqlite-store-bun.ts";
import { createSqlEngines, type SqlEngines } from "./start-engine-bun.ts";

/** Compiled once for all tests. */
const engines = createSqlEngines({ clock: realClock, random: createSeededRandom(1) });
const ENDLESS =
  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";

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

function setUp(options: Partial<SqliteFolderOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "sql-store-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const store = openSqliteFolder({ folder, clock: realClock, engines, ...options });
  const open = (name = "d", caller = { ended: false }) => {
    const database = store.open(keyOf(name));
    cleanups.push(() => database.close());
    return {
      database,
      caller,
      run: (sql: string, ...parameters: SqlValue[]) => database.write({ sql, parameters }, caller),
      query: async (sql: string): Promise<unknown> =>
        JSON.parse(
          new TextDecoder().decode(await database.query({ sql, parameters: [] }, false, caller)),
        ),
      apply: (sql: string, count: number, ...parameters: SqlValue[]) =>
        database.apply(
          Array.from({ length: count }, () => ({ sql, parameters })),
          caller,
        ),
    };
  };
  return { folder, store, open, files: join(folder, "p:x.os", "d") };
}

const folderSize = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

test("each commit waits for the disk when it has to survive a loss of power, and not otherwise", async () => {
  for (const survives of ["power", "process"] as const) {
    let synced = 0;
    const counting: SqlEngines = {
      turns: engines.turns,
      start(files, shouldStop) {
        const sync = files.sync.bind(files);
        files.sync = (file) => {
          synced++;
          return sync(file);
        };
        return engines.start(files, shouldStop);
      },
    };
    const { open } = setUp({ survives, engines: counting });
    const { run, apply } = open();
    await run("CREATE TABLE t (v)");
    synced = 0;
    for (let i = 0; i < 10; i++) await run("INSERT INTO t VALUES (1)");
    await apply("INSERT INTO t VALUES (1)", 1_000);
    expect(synced).toBe(survives === "power" ? 11 : 0);
  }
});

test("statements of a transaction run in their order, whatever mix of them there is", async () => {
  const { open } = setUp();
  const { database, run, query, caller } = open();
  await run("CREATE TABLE t (v)");
  const add = (v: bigint) => ({ sql: "INSERT INTO t VALUES (?)", parameters: [v] });
  const double = { sql: "UPDATE t SET v = v * 2", parameters: [] };
  const many = Array.from({ length: 10_000 }, (_, i) => add(BigInt(i)));
  await database.apply([add(1n), add(2n), double, add(5n), ...many, double], caller);
  expect(await query("SELECT count(*) AS n, sum(v) AS s FROM t")).toEqual([
    { n: 10_003, s: 2 * (2 + 4 + 5) + 9_999 * 10_000 },
  ]);
  const wrong = [add(1n), { sql: "INSERT INTO t VALUES (?)", parameters: [] }, add(2n)];
  await expect(database.apply(wrong, caller)).rejects.toThrow("Got 0, needed 1");
  const returning = [{ sql: "INSERT INTO t VALUES (7) RETURNING v", parameters: [] }, add(2n)];
  await expect(database.apply(returning, caller)).rejects.toThrow("Execute returned results");
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: 10_003 }]);
});

test("ten statements without end take no more of a turn than one, and all of them stop", async () => {
  const { open } = setUp({ maxStatementMs: 2_000 });
  const other = open("other");
  await other.run("CREATE TABLE t (v)");
  let inserted = 0;
  /** Middle of how much of the thread a turn of the event loop and a small statement take, in milliseconds. */
  const measure = async (): Promise<{ turn: number; statement: number }> => {
    const turns: number[] = [];
    const statements: number[] = [];
    for (let i = 0; i < 60; i++) {
      let startedMs = mainThreadMs();
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(mainThreadMs() - startedMs);
      startedMs = mainThreadMs();
      await other.run("INSERT INTO t VALUES (1)");
      inserted++;
      statements.push(mainThreadMs() - startedMs);
    }
    const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[30]!;
    return { turn: middle(turns), statement: middle(statements) };
  };
  const endless = (name: string): Promise<unknown> =>
    open(name)
      .query(ENDLESS)
      .catch((thrown: Error) => thrown.message);
  const failed = [endless("long-0")];
  await Bun.sleep(20);
  const one = await measure();
  for (let i = 1; i < 10; i++) failed.push(endless(`long-${i}`));
  await Bun.sleep(20);
  const ten = await measure();
  // Without turns among engines each of these is ten times as long.
  expect(ten.turn).toBeLessThan(4 * Math.max(one.turn, 2));
  expect(ten.statement).toBeLessThan(4 * Math.max(one.statement, 2));
  expect(await Promise.all(failed)).toEqual(failed.map(() => "interrupted"));
  expect(await other.query("SELECT count(*) AS n FROM t")).toEqual([{ n: inserted }]);
}, 120_000);

test("others of the same database wait for a long statement, and lose nothing", async () => {
  const { open } = setUp({ maxStatementMs: 200 });
  const { query, run } = open();
  await run("CREATE TABLE t (v)");
  const long = query(ENDLESS).catch((thrown: Error) => thrown.message);
  const writes = Array.from({ length: 20 }, (_, i) => run("INSERT INTO t VALUES (?)", BigInt(i)));
  expect(await long).toBe("interrupted");
  await Promise.all(writes);
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: 20 }]);
});

test("what a process leaves behind has a bounded time together", async () => {
  const { open } = setUp({ maxStatementMs: 150 });
  const { query, run, caller } = open();
  await run("CREATE TABLE t (v)");
  const startedMs = mainThreadMs();
  const left = Array.from({ length: 20 }, () =>
    query(ENDLESS).catch((thrown: Error) => thrown.message),
  );
  const written = run("INSERT INTO t VALUES (1)");
  caller.ended = true;
  expect(await Promise.all(left)).toEqual(left.map(() => "interrupted"));
  await written;
  // Twenty of them one after the other would take 3 s.
  expect(mainThreadMs() - startedMs).toBeLessThan(1_500);
  expect(await open("d").query("SELECT count(*) AS n FROM t").catch(String)).toEqual([{ n: 1 }]);
});

test("a transaction may take as long as a statement, and leaves nothing when it takes longer", async () => {
  const { open } = setUp({ maxStatementMs: 150 });
  const { database, run, query, caller } = open();
  await run("CREATE TABLE t (v)");
  const sql =
    "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) SELECT count(*) FROM c";
  const startedMs = mainThreadMs();
  const statements = Array.from({ length: 2_000 }, () => ({ sql, parameters: [] }));
  await expect(database.apply(statements, caller)).rejects.toThrow("interrupted");
  expect(mainThreadMs() - startedMs).toBeLessThan(2_000);
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: 0 }]);
  await run("INSERT INTO t VALUES (1)");
});

test("a large answer is made in pieces: the event loop goes on meanwhile", async () => {
  const { open } = setUp();
  const { query } = open();
  let longestMs = 0;
  let lastMs = mainThreadMs();
  const timer = setInterval(() => {
    const nowMs = mainThreadMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  const rows = (await query(
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000) SELECT x, 'some text of a row' AS t FROM c",
  )) as unknown[];
  clearInterval(timer);
  expect(rows).toHaveLength(100_000);
  expect(rows[99_999]).toEqual({ x: 100_000, t: "some text of a row" });
  // Parsing the answer here takes most of it.
  expect(longestMs).toBeLessThan(500);
});

test("a file that is no database, or a damaged one, is an error, and can be removed", async () => {
  const { files, store, open, folder } = setUp();
  const rubbish = "no database at all, and long enough for a header".repeat(200);
  for (const content of [rubbish, "SQLite format 3\0" + "\xff".repeat(9_000)]) {
    mkdirSync(files, { recursive: true });
    writeFileSync(join(files, "d.db"), content, "latin1");
    const { database, query } = open();
    for (let i = 0; i < 3; i++) {
      await expect(query("SELECT 1")).rejects.toMatchObject({ code: "data.engine" });
      await expect(query("SELECT 1")).rejects.not.toThrow(folder);
    }
    await database.close();
    await store.remove(keyOf("d"));
  }
  const fresh = open();
  await fresh.run("CREATE TABLE t (v)");
  expect(await fresh.query("SELECT * FROM t")).toEqual([]);
});

test("damage inside a database is an error of the statements that meet it", async () => {
  const { files, open } = setUp();
  const before = open();
  await before.run("CREATE TABLE t (v)");
  await before.apply("INSERT INTO t VALUES (?)", 5_000, "some text that fills pages");
  await before.database.close();
  const path = join(files, "d.db");
  const content = Buffer.from(await Bun.file(path).bytes());
  const random = createSeededRandom(7);
  for (let round = 0; round < 20; round++) {
    const damaged = Buffer.from(content);
    for (const at of random.bytes(40)) damaged[100 + at * 300 + round] = at;
    writeFileSync(path, damaged);
    const { database, query, run } = open();
    const outcome = await query("SELECT v, count(*) AS n FROM t GROUP BY v").then(
      () => "rows",
      (thrown: { code?: string }) => thrown.code,
    );
    expect(["rows", "data.engine"]).toContain(outcome!);
    await run("DELETE FROM t").catch(() => undefined);
    await database.close();
  }
});

test("what a database occupies is on its package's account, exactly", async () => {
  const account = new TestAccount();
  const { open, store, files } = setUp({ accounts: testAccounts(account) });
  const { database, run, apply } = open();
  await run("CREATE TABLE t (v)");
  await apply("INSERT INTO t VALUES (?)", 3_000, "x".repeat(1_000));
  expect(account.usedBytes).toBe(folderSize(files));
  await run("DELETE FROM t");
  await run("VACUUM");
  expect(account.usedBytes).toBe(folderSize(files));
  expect(account.usedBytes).toBeLessThan(50_000);
  await database.close();
  expect(account.usedBytes).toBe(folderSize(files));
  await store.remove(keyOf("d"));
  expect(account.usedBytes).toBe(0);
});

test("beyond the limit of its package nothing is written, what is there stays, and deleting gives room", async () => {
  const account = new TestAccount();
  account.limitBytes = 1_000_000;
  const { open, files } = setUp({ accounts: testAccounts(account) });
  const { database, run, apply, query } = open();
  await run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  const insert = "INSERT INTO t (v) VALUES (?)";
  const value = "x".repeat(10_000);
  let written = 0;
  let refused: unknown;
  for (; refused === undefined && written < 1_000; written++) {
    refused = await run(insert, value).catch((thrown: unknown) => thrown);
  }
  written--;
  expect(String(refused)).toContain("database or disk is full: the package p:x.os uses");
  expect(written).toBeGreaterThan(60);
  expect(account.usedBytes).toBeLessThanOrEqual(1_000_000);
  await expect(apply(insert, 50, value)).rejects.toThrow("disk is full");
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: written }]);
  expect(await query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  await run("DELETE FROM t WHERE id <= 40");
  await apply(insert, 30, value);
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: written - 10 }]);
  await database.close();
  expect(account.usedBytes).toBe(folderSize(files));
  const other = new Database(join(files, "d.db"), { readonly: true });
  expect(other.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  other.close();
});

test("an engine that has grown large gives its memory back after the statement", async () => {
  const started: SqlEngine[] = [];
  const counting: SqlEngines = {
    turns: engines.turns,
    async start(files, shouldStop) {
      const engine = await engines.start(files, shouldStop);
      started.push(engine);
      return engine;
    },
  };
  const { open } = setUp({ engines: counting });
  const { run, query } = open();
  await run("CREATE TABLE t (v)");
  for (let i = 0; i < 5; i++) await run("INSERT INTO t VALUES (zeroblob(1000000))");
  expect(started).toHaveLength(1);
  expect(started[0]!.memoryBytes()).toBeLessThan(16 * 1024 * 1024);
  const sorted =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 60000) SELECT count(*) AS n FROM (SELECT DISTINCT printf('%0500d', x) FROM c)";
  expect(await query(sorted)).toEqual([{ n: 60_000 }]);
  expect(started[0]!.memoryBytes()).toBe(0);
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: 5 }]);
  expect(started).toHaveLength(2);
});

test("while the disk does not answer how much is there, an error says so; afterwards the database works", async () => {
  let asked = 0;
  const account = new TestAccount();
  const accounts = {
    account: () => (asked++ === 0 ? Promise.reject(new Error("stuck")) : Promise.resolve(account)),
  };
  const { run, query } = setUp({ accounts }).open();
  await expect(run("CREATE TABLE t (a)")).rejects.toMatchObject({
    fault: { code: "data.io", text: expect.stringContaining("os error 110") },
  });
  await run("CREATE TABLE t (a)");
  expect(await query("SELECT count(*) AS n FROM t")).toEqual([{ n: 0 }]);
});
