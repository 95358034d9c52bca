/** SQL databases as a sandboxed process on `@kinode-ts/stdlib/sqlite` sees them, in a whole node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import {
  blobBytes, type Migration, MigrationError, migrate, openSqlite, removeSqlite, SqliteError,
} from "@kinode-ts/stdlib/sqlite";

const codeOf = (thrown: unknown) =>
  thrown instanceof SqliteError ? [thrown.code, thrown.fault.detail] : String(thrown);

async function values() {
  const db = await openSqlite("values");
  await db.run("CREATE TABLE t (i, r, s, b, n)");
  const bytes = Uint8Array.of(1, 2, 255);
  await db.run("INSERT INTO t VALUES (?, ?, ?, ?, ?)", [9007199254740993n, 1.5, "Dave", bytes, null]);
  const [row] = await db.query("SELECT *, typeof(s) AS type, typeof(b) AS btype FROM t");
  const word = "Dave";
  const found = await db.sql\`SELECT count(*) AS n FROM t WHERE s = \${word}\`;
  return { ...row, i: String(row!["i"]), found: found[0]!["n"] };
}

async function transactions() {
  const db = await openSqlite("tx");
  await db.run("CREATE TABLE t (v UNIQUE)");
  await db.transaction(async (tx) => {
    for (let i = 0; i < 10; i++) await tx.run("INSERT INTO t VALUES (?)", [i]);
  });
  const failed = await db.transaction(async (tx) => {
    await tx.run("INSERT INTO t VALUES (100)");
    await tx.run("INSERT INTO t VALUES (1)");
  }).catch(codeOf);
  const [checked] = await db.query("SELECT count(*) AS n FROM t", [], (row) => (row as { n: number }).n);
  await removeSqlite("tx");
  const gone = await (await openSqlite("tx")).query("SELECT * FROM t").catch(codeOf);
  return { failed, checked, gone };
}

async function writers() {
  const db = await openSqlite("writers");
  await db.run("CREATE TABLE t (v, b)");
  for (let i = 0; i < 70; i++) {
    await db.transaction(async (tx) => {
      await tx.run("INSERT INTO t VALUES (1, NULL)");
      throw new Error("no");
    }).catch(() => undefined);
  }
  await db.transaction(async (tx) => {
    await db.run("INSERT INTO t VALUES (?, ?)", [true, new Uint8Array(1_000).fill(9)], { tx });
  });
  const rows = await db.query("SELECT * FROM t");
  const bytes = blobBytes(rows[0]!["b"]);
  return { count: rows.length, v: rows[0]!["v"], length: bytes.length, last: bytes.at(-1) };
}

const STEPS: Migration[] = [
  { name: "people", sql: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL)" },
  {
    name: "mail",
    sql: [
      "ALTER TABLE people ADD COLUMN mail TEXT; -- a comment after it is fine",
      "CREATE INDEX people_mail ON people (mail)",
      "CREATE TRIGGER keep AFTER DELETE ON people BEGIN SELECT 1; SELECT 2; END",
    ],
  },
  {
    name: "first people",
    up: async (tx, db) => {
      const [row] = await db.query("SELECT count(*) AS n FROM people");
      await tx.run("INSERT INTO people (name) VALUES (?)", [\`person \${row!["n"]}\`]);
    },
  },
];
const failure = (thrown: unknown) =>
  thrown instanceof MigrationError ? [thrown.code, thrown.fault.version, thrown.fault.name] : String(thrown);

async function migrations() {
  const db = await openSqlite("migrated");
  const first = await migrate(db, STEPS.slice(0, 1));
  const second = await migrate(db, STEPS);
  const third = await migrate(db, STEPS);
  const broken = [...STEPS, { name: "broken", sql: ["CREATE TABLE half (v)", "CREATE TABLE people (v)"] }];
  const failed = await migrate(db, broken).catch(failure);
  const half = await db.query("SELECT name FROM sqlite_schema WHERE name = 'half'");
  const mended = await migrate(db, [...STEPS, { name: "whole", sql: "CREATE TABLE half (v)" }]);
  const newer = await migrate(db, STEPS).catch(failure);
  const other = await migrate(db, [STEPS[1]!, STEPS[0]!]).catch(failure);
  const several = await migrate(db, [{ name: "x", sql: "CREATE TABLE a (v); CREATE TABLE b (v)" }]).catch(String);
  const twice = await migrate(db, [STEPS[0]!, STEPS[0]!]).catch(String);
  const people = await db.query("SELECT name FROM people");
  return { first, second, third, failed, half, mended, newer, other, several, twice, people };
}

async function together() {
  const db = await openSqlite("together");
  const steps: Migration[] = Array.from({ length: 10 }, (_, i) => ({ name: \`step \${i}\`, sql: \`CREATE TABLE t\${i} (v)\` }));
  const results = await Promise.all([migrate(db, steps), migrate(db, steps), migrate(db, steps)]);
  const applied = results.flatMap((result) => result.applied);
  const tables = await db.query("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 't_'");
  return { to: results.map(({ to }) => to), applied: applied.toSorted(), tables };
}

async function foreign() {
  const other = await openSqlite("secrets", { package: "other:example.os" });
  return [await other.query("SELECT 1").catch(codeOf), await other.run("DELETE FROM t").catch(codeOf)];
}

const TESTS = { values, transactions, writers, migrations, together, foreign };
export default defineProcess(() =>
  serve((request) => TESTS[request.json() as keyof typeof TESTS]()),
);
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["sqlite:distro:sys"];
  await installScript(node, "keeper", SOURCE, { request: rights, grant: rights });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const run = async (name: string): Promise<unknown> =>
  (await node.ask("keeper:keeper:example.os", JSON.stringify(name))).body;

test("[P25] 25.6 values of every kind come back as they are; text stays text", async () => {
  expect(await run("values")).toEqual({
    i: "9007199254740993",
    r: 1.5,
    s: "Dave",
    b: "AQL/",
    n: null,
    type: "text",
    btype: "blob",
    found: 1,
  });
}, 120_000);

test("[P25] 25.6 a transaction happens wholly or not at all", async () => {
  expect(await run("transactions")).toEqual({
    failed: ["RusqliteError", "UNIQUE constraint failed: t.v"],
    checked: 10,
    gone: ["RusqliteError", "no such table: t"],
  });
}, 120_000);

test("[P25] 25.6 a transaction that fails is given back; blobs come back as bytes", async () => {
  expect(await run("writers")).toEqual({ count: 1, v: 1, length: 1_000, last: 9 });
}, 120_000);

test("migrations run once each, in their order, wholly or not at all", async () => {
  expect(await run("migrations")).toEqual({
    first: { from: 0, to: 1, applied: ["people"] },
    second: { from: 1, to: 3, applied: ["mail", "first people"] },
    third: { from: 3, to: 3, applied: [] },
    failed: ["MigrationFailed", 4, "broken"],
    half: [],
    mended: { from: 3, to: 4, applied: ["whole"] },
    newer: ["NewerDatabase", 4, "whole"],
    other: ["DifferentMigration", 1, "people"],
    several: expect.stringContaining("has several statements"),
    twice: expect.stringContaining('Two migrations are named "people"'),
    people: [{ name: "person 0" }],
  });
}, 120_000);

test("several that migrate one database at once run each step once", async () => {
  expect(await run("together")).toEqual({
    to: [10, 10, 10],
    applied: Array.from({ length: 10 }, (_, i) => `step ${i}`),
    tables: [{ n: 10 }],
  });
}, 120_000);

test("[P25] 25.6 another package's database needs its capability", async () => {
  expect(await run("foreign")).toEqual([
    ["NoReadCap", ""],
    ["NoWriteCap", ""],
  ]);
});
