/** SQL databases as a sandboxed process on `@kinode-ts/stdlib/sqlite` sees them, in a whole node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { openSqlite, removeSqlite, SqliteError } from "@kinode-ts/stdlib/sqlite";

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

async function foreign() {
  const other = await openSqlite("secrets", { package: "other:example.os" });
  return [await other.query("SELECT 1").catch(codeOf), await other.run("DELETE FROM t").catch(codeOf)];
}

const TESTS = { values, transactions, foreign };
export default defineProcess(() =>
  serve((request) => TESTS[request.json() as keyof typeof TESTS]()),
);
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = ["sqlite:distro:sys"];
  await installScript(node, "keeper", SOURCE, { request: rights, grant: rights });
}, 30_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const run = async (name: string): Promise<unknown> =>
  (await node.ask("keeper:keeper:example.os", JSON.stringify(name))).body;

test("values of every kind come back as they are; text stays text", async () => {
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
}, 20_000);

test("a transaction happens wholly or not at all", async () => {
  expect(await run("transactions")).toEqual({
    failed: ["RusqliteError", "UNIQUE constraint failed: t.v"],
    checked: 10,
    gone: ["RusqliteError", "no such table: t"],
  });
}, 20_000);

test("another package's database needs its capability", async () => {
  expect(await run("foreign")).toEqual([
    ["NoReadCap", ""],
    ["NoWriteCap", ""],
  ]);
});
