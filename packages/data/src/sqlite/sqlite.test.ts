/** Source: spec/runtime-modules.md §4 and §13 points 57–70. */
import { afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { RuntimeModule } from "@kinode-ts/types";
import fc from "fast-check";
import type { DataLimits } from "../limits.ts";
import { openFolderSqlite } from "./sqlite-bun.ts";
import { createSqlEngines } from "./start-engine-bun.ts";
import { realClock } from "../../test/real-clock.ts";

const APP = "main:p:x.os";
const SIBLING = "other:p:x.os";
const FOREIGN = "main:q:y.os";
/** Compiled once for all tests. */
const engines = createSqlEngines({ clock: realClock, random: createSeededRandom(1) });
const P = { package_name: "p", publisher_node: "x.os" };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

interface Options extends Partial<DataLimits> {
  readonly root?: string;
  readonly maxStatementMs?: number;
}

async function setUp({
  root = mkdtempSync(join(tmpdir(), "sql-")),
  maxStatementMs,
  ...limits
}: Options = {}) {
  const folder = join(root, "sqlite");
  const module: RuntimeModule = openFolderSqlite({
    folder,
    clock: realClock,
    engines,
    random: createSeededRandom(1),
    limits,
    ...(maxStatementMs === undefined ? {} : { maxStatementMs }),
  });
  const harness = createModuleHarness(module);
  await harness.start();
  cleanups.push(async () => {
    await module.stop?.();
    rmSync(root, { recursive: true, force: true });
  });
  const ask = (action: unknown, parameters?: unknown, source = APP, db: unknown = "d") =>
    harness.ask(source, {
      body: { package_id: P, db, action },
      blob:
        parameters === undefined
          ? undefined
          : typeof parameters === "string"
            ? parameters
            : JSON.stringify(parameters),
    });
  return {
    root,
    folder,
    harness,
    module,
    ask,
    /** JSON of the answer. */
    run: async (...args: Parameters<typeof ask>) => (await ask(...args)).json,
    write: async (
      statement: string,
      parameters?: unknown,
      tx: number | null = null,
      source = APP,
    ) => (await ask({ Write: { statement, tx_id: tx } }, parameters, source)).json,
    /** Text of the rows, else the answer. */
    query: async (sql: string, parameters?: unknown, source = APP): Promise<unknown> => {
      const { blob, json } = await ask({ Query: sql }, parameters, source);
      return blob === undefined ? json : new TextDecoder().decode(blob.bytes);
    },
    begin: async (source = APP, db = "d"): Promise<number> => {
      const { json } = await ask("BeginTx", undefined, source, db);
      return (json as { BeginTx: { tx_id: number } }).BeginTx.tx_id;
    },
  };
}

type Sql = Awaited<ReturnType<typeof setUp>>;

async function opened(options: Options = {}): Promise<Sql> {
  const sql = await setUp(options);
  expect(await sql.run("Open")).toBe("Ok");
  return sql;
}

const refused = (text: string) => ({ Err: { RusqliteError: text } });
const NOT_AUTHORIZED = refused("not authorized");

test("Open makes the database, and tells of one that cannot be used", async () => {
  const sql = await opened();
  expect(readdirSync(join(sql.folder, "p:x.os", "d"))).toContain("d.db");
  expect(await sql.run("RemoveDb")).toBe("Ok");
  const folder = join(sql.folder, "p:x.os", "e");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "e.db"), "no database, and long enough to be read as one".repeat(99));
  expect(await sql.run("Open", undefined, APP, "e")).toEqual(refused("file is not a database"));
  expect(await sql.run("RemoveDb", undefined, APP, "e")).toBe("Ok");
  expect(await sql.run("Open", undefined, APP, "e")).toBe("Ok");
});

test("rows that were written come back", async () => {
  const sql = await opened();
  expect(await sql.write("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")).toBe("Ok");
  expect(await sql.write("INSERT INTO t VALUES (?, ?)", [1, "hello world"])).toBe("Ok");
  const answer = await sql.ask({ Query: "SELECT * FROM t WHERE id = ?" }, [1]);
  expect(answer.text).toBe('"Read"');
  expect(answer.blob?.mime).toBe("application/octet-stream");
  expect(JSON.parse(new TextDecoder().decode(answer.blob?.bytes))).toEqual([
    { id: 1, name: "hello world" },
  ]);
});

test("[M57] text that looks like base64 is stored as a blob and reads as the same text", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  await sql.write("INSERT INTO t VALUES (?)", ["cinecafe"]);
  await sql.write("INSERT INTO t VALUES (?)", ["lumiere"]);
  expect(await sql.query("SELECT v, typeof(v) AS type FROM t")).toBe(
    '[{"v":"cinecafe","type":"blob"},{"v":"lumiere","type":"text"}]',
  );
  // Standard, padded, and its last bits zero; everything else is text.
  const blobs = ["", "Dave", "YQ==", "YWI=", "+/+/"];
  const texts = ["YQ", "YR==", "YWJ=", "-_-_", "A===", "====", "YQ==YQ==", "Dave ", "Da\nve==="];
  for (const value of [...blobs, ...texts]) {
    const rows = await sql.query("SELECT ? AS v, typeof(?1) AS type", [value]);
    const type = blobs.includes(value) ? "blob" : "text";
    expect(rows).toBe(JSON.stringify([{ v: value, type }]));
  }
});

test("[M58] numbers are bound by how they are written", async () => {
  const sql = await opened();
  const types = "SELECT typeof(?) AS a, typeof(?) AS b, ? AS c, typeof(?) AS d, typeof(?) AS e";
  const rows = await sql.query(types, "[1,1.0,true,null,9223372036854775808]");
  expect(rows).toBe('[{"a":"integer","b":"real","c":1,"d":"null","e":"real"}]');
  expect(
    await sql.query("SELECT ? AS a, ? AS b", "[9223372036854775807,-9223372036854775808]"),
  ).toBe('[{"a":9223372036854775807,"b":-9223372036854775808}]');
  expect(await sql.query("SELECT typeof(?) AS t, typeof(?) AS u", "[1e2,-0]")).toBe(
    '[{"t":"real","u":"real"}]',
  );
});

test("[M59] parameters are an array of plain values, or absent", async () => {
  const sql = await opened();
  for (const parameters of ["{}", "[[1]]", "[{}]", "1", "nonsense", '[{"Integer":1.5}]']) {
    expect(await sql.query("SELECT 1", parameters)).toEqual({ Err: "InvalidParameters" });
  }
  expect(await sql.query("SELECT 1 AS one")).toBe('[{"one":1}]');
});

test("tagged parameters say what they are", async () => {
  const sql = await opened();
  const tagged = [{ Text: "cinecafe" }, { Blob: [1, 2] }, { Integer: 3 }, { Boolean: true }];
  const types = "SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, ? AS d, typeof(?) AS e";
  const text = JSON.stringify(tagged).replace(/\]$/, ',{"Real":4.0}]');
  expect(await sql.query(types, text)).toBe(
    '[{"a":"text","b":"blob","c":"integer","d":1,"e":"real"}]',
  );
});

test("[M60] the first word decides between Query and Write, whatever its case", async () => {
  const sql = await opened();
  expect(await sql.query("insert into t values (1)")).toEqual({ Err: "NotAReadKeyword" });
  expect(await sql.write("select 1")).toEqual({ Err: "NotAWriteKeyword" });
  expect(await sql.query(" \n sElEcT 1 AS x")).toBe('[{"x":1}]');
  expect(await sql.write("\tcreate table t (v)")).toBe("Ok");
});

test("[M60] the words of each action are those of the specification", async () => {
  const sql = await opened();
  const reads = "ANALYZE ATTACH BEGIN EXPLAIN PRAGMA SELECT VALUES WITH".split(" ");
  const writes =
    "ALTER ANALYZE COMMIT CREATE DELETE DETACH DROP END INSERT REINDEX RELEASE RENAME REPLACE ROLLBACK SAVEPOINT UPDATE VACUUM".split(
      " ",
    );
  const others = ["MERGE", "CALL", "SELECTED", "SELECT;", "INSERT(", "X"];
  const read = { Err: "NotAReadKeyword" };
  const write = { Err: "NotAWriteKeyword" };
  for (const word of [...reads, ...writes, ...others]) {
    // No statement: words that may begin one get as far as the engine.
    const text = `${word.toLowerCase()} !`;
    const answers = [await sql.query(text), await sql.write(text)];
    expect([word, Bun.deepEquals(answers[0], read), Bun.deepEquals(answers[1], write)]).toEqual([
      word,
      !reads.includes(word),
      !writes.includes(word),
    ]);
  }
});

test("[M61] nothing but the first word is looked at", async () => {
  const sql = await opened();
  for (const text of ["SELECT(1)", "-- note\nSELECT 1", "(SELECT 1)", ""]) {
    expect(await sql.query(text)).toEqual({ Err: "NotAReadKeyword" });
  }
});

test("[M62] rows are objects with each kind of value in its JSON form", async () => {
  const sql = await opened();
  const all = `SELECT 1.0 AS r, 0.1 AS s, 1e300 AS big, x'0102ff' AS b, NULL AS n, 'é"' AS t, 2 AS i`;
  expect(await sql.query(all)).toBe(
    '[{"r":1.0,"s":0.1,"big":1e+300,"b":"AQL/","n":null,"t":"é\\"","i":2}]',
  );
  expect(await sql.query("SELECT 1 AS a, 2 AS a")).toBe('[{"a":2}]');
  expect(await sql.query("SELECT 1 WHERE 0")).toBe("[]");
});

test("[M63] the largest and smallest integers are exact", async () => {
  const sql = await opened();
  expect(await sql.query("SELECT 9223372036854775807 AS a, -9223372036854775808 AS b")).toBe(
    '[{"a":9223372036854775807,"b":-9223372036854775808}]',
  );
});

test("[M64] infinity reads as null", async () => {
  const sql = await opened();
  expect(await sql.query("SELECT 9e999 AS a, -9e999 AS b")).toBe('[{"a":null,"b":null}]');
});

test("text that is not UTF-8 is an error, not a lie", async () => {
  const sql = await opened();
  expect(await sql.query("SELECT CAST(x'ff' AS TEXT) AS t")).toEqual(
    refused("a text is not valid UTF-8"),
  );
});

test("[M65] the number of parameters must be right", async () => {
  const sql = await opened();
  const wrong = (got: number, needed: number) =>
    refused(`Wrong number of parameters passed to query. Got ${got}, needed ${needed}`);
  expect(await sql.query("SELECT ?, ?", [1])).toEqual(wrong(1, 2));
  expect(await sql.query("SELECT 1", [1, 2, 3])).toEqual(wrong(3, 0));
  await sql.write("CREATE TABLE t (v)");
  expect(await sql.write("INSERT INTO t VALUES (?)")).toEqual(wrong(0, 1));
});

test("[M66] who holds no capability neither reads nor writes", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  await sql.write("INSERT INTO t VALUES (1)");
  const tx_id = await sql.begin();
  const query = { Query: "SELECT 1 AS x" };
  const writes = [
    { Write: { statement: "DELETE FROM t", tx_id: null } },
    { Write: { statement: "DELETE FROM t", tx_id } },
    "BeginTx",
    { Commit: { tx_id } },
    { Rollback: { tx_id } },
  ];
  for (const process of [SIBLING, FOREIGN]) {
    expect(await sql.run(query, undefined, process)).toEqual({ Err: "NoReadCap" });
    for (const action of writes) {
      expect(await sql.run(action, undefined, process)).toEqual({ Err: "NoWriteCap" });
    }
    // What is not allowed is not looked at any further.
    expect(await sql.query("nonsense", "{}", process)).toEqual({ Err: "NoReadCap" });
    expect(await sql.write("nonsense", "{}", null, process)).toEqual({ Err: "NoWriteCap" });
  }
  // One right is not the other.
  const params = (kind: string) => JSON.stringify({ kind, db_key: [P, "d"] });
  sql.harness.give(FOREIGN, params("read"));
  for (const action of writes) {
    expect(await sql.run(action, undefined, FOREIGN)).toEqual({ Err: "NoWriteCap" });
  }
  expect(await sql.query("SELECT count(*) AS n FROM t", undefined, FOREIGN)).toBe('[{"n":1}]');
  sql.harness.give(SIBLING, params("write"));
  expect(await sql.run(query, undefined, SIBLING)).toEqual({ Err: "NoReadCap" });
  expect(await sql.write("DELETE FROM t", undefined, null, SIBLING)).toBe("Ok");
  for (const action of ["Open", "RemoveDb"]) {
    expect(await sql.run(action, undefined, FOREIGN)).toEqual({ Err: "MismatchingPackageId" });
  }
  expect(await sql.run("Open", undefined, SIBLING)).toBe("Ok");
  expect(await sql.query("SELECT 1 AS x", undefined, SIBLING)).toBe('[{"x":1}]');
});

test("[M67] a query cannot reach other files, and a reader cannot write by one", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE u (v)");
  await sql.write("INSERT INTO u VALUES (1)");
  expect(await sql.query("ATTACH '/etc/passwd' AS y")).toEqual(NOT_AUTHORIZED);
  sql.harness.give(FOREIGN, JSON.stringify({ kind: "read", db_key: [P, "d"] }));
  const byReader = (text: string) => sql.query(text, undefined, FOREIGN);
  expect(await byReader("WITH t AS (SELECT 1) DELETE FROM u")).toEqual(NOT_AUTHORIZED);
  expect(await byReader("WITH t AS (SELECT 1) INSERT INTO u SELECT 2")).toEqual(NOT_AUTHORIZED);
  expect(await byReader("PRAGMA user_version = 7")).toEqual(NOT_AUTHORIZED);
  expect(await byReader("ANALYZE")).toEqual(NOT_AUTHORIZED);
  expect(await byReader("SELECT count(*) AS n FROM u")).toBe('[{"n":1}]');
  // It is the right that counts, not the action.
  expect(await sql.query("WITH t AS (SELECT 1) DELETE FROM u")).toBe("[]");
  expect(await byReader("SELECT count(*) AS n FROM u")).toBe('[{"n":0}]');
  // Also when the engine has just prepared the same text for who may.
  await sql.write("INSERT INTO u VALUES (1)");
  expect(await byReader("WITH t AS (SELECT 1) DELETE FROM u")).toEqual(NOT_AUTHORIZED);
  expect(await byReader("SELECT count(*) AS n FROM u")).toBe('[{"n":1}]');
});

test("nobody attaches files, leaves transactions open, or changes how the file is written", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  writeFileSync(join(sql.root, "canary"), "untouched");
  for (const text of [
    "ATTACH '../../../canary' AS y",
    "ATTACH '' AS y",
    "BEGIN",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA locking_mode = NORMAL",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA writable_schema = ON",
    "PRAGMA database_list",
  ]) {
    expect([text, await sql.query(text)]).toEqual([text, NOT_AUTHORIZED]);
  }
  for (const text of ["COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "DETACH main"]) {
    expect([text, await sql.write(text)]).toEqual([text, NOT_AUTHORIZED]);
  }
  const into = join(sql.root, "copy.db");
  expect(await sql.write(`VACUUM INTO '${into}'`)).toEqual(NOT_AUTHORIZED);
  expect(existsSync(into)).toBe(false);
  expect(await sql.query("SELECT load_extension('x')")).toEqual(
    refused("no such function: load_extension"),
  );
  expect(await sql.query("SELECT readfile('/etc/passwd')")).toEqual(
    refused("no such function: readfile"),
  );
  expect(await sql.write("VACUUM")).toBe("Ok");
  expect(readdirSync(sql.root).toSorted()).toEqual(["canary", "sqlite"]);
});

test("what one process asks for without waiting is done and answered in its order", async () => {
  const sql = await setUp();
  const first = sql.harness.answers.length;
  const slow =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000) SELECT max(x) AS n FROM c";
  const answers = await Promise.all([
    sql.run("Open"),
    sql.write("CREATE TABLE t (v)"),
    sql.query(slow),
    sql.write("INSERT INTO t VALUES (1)"),
    sql.query("SELECT v FROM t"),
    sql.run("RemoveDb"),
    sql.query("SELECT v FROM t"),
    sql.query(slow),
    sql.write("CREATE TABLE t (v)"),
    sql.query("SELECT v FROM t"),
  ]);
  const count = '[{"n":300000}]';
  expect(answers.slice(0, 5)).toEqual(["Ok", "Ok", count, "Ok", '[{"v":1}]']);
  const rest = ["Ok", refused("no such table: t"), count, "Ok", "[]"];
  expect(answers.slice(5)).toEqual(rest);
  const ids = sql.harness.answers.slice(first).map(({ id }) => id as number);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test("pragmas that tell about a table are for readers; a writer sets the version", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  expect(await sql.query("PRAGMA table_info(t)")).toContain('"name":"v"');
  expect(await sql.query("PRAGMA user_version = 3")).toBe("[]");
  expect(await sql.query("PRAGMA user_version")).toBe('[{"user_version":3}]');
  expect(await sql.query("PRAGMA journal_mode")).toEqual(NOT_AUTHORIZED);
});

test("[M68] a commit with a failing statement leaves nothing, and the transaction is gone", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v UNIQUE)");
  const tx = await sql.begin();
  expect(await sql.write("INSERT INTO t VALUES (1)", undefined, tx)).toBe("Ok");
  expect(await sql.write("INSERT INTO t VALUES (1)", undefined, tx)).toBe("Ok");
  expect(await sql.run({ Commit: { tx_id: tx } })).toEqual(
    refused("UNIQUE constraint failed: t.v"),
  );
  expect(await sql.query("SELECT count(*) AS n FROM t")).toBe('[{"n":0}]');
  expect(await sql.run({ Commit: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
  expect(await sql.write("INSERT INTO t VALUES (1)")).toBe("Ok");
});

test("a write of a transaction is checked before it waits", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  const tx = await sql.begin();
  expect(await sql.write("SELECT 1", undefined, tx)).toEqual({ Err: "NotAWriteKeyword" });
  expect(await sql.write("INSERT INTO t VALUES (?)", "{}", tx)).toEqual({
    Err: "InvalidParameters",
  });
  expect(await sql.write("INSERT INTO t VALUES (?)", [1], tx)).toBe("Ok");
  expect(await sql.run({ Commit: { tx_id: tx } })).toBe("Ok");
  expect(await sql.query("SELECT v FROM t")).toBe('[{"v":1}]');
});

test("a transaction ends with its process, also one that is begun after that", async () => {
  const sql = await opened({ maxTransactionsCount: 1, maxStatementMs: 300 });
  const tx = await sql.begin();
  sql.module.processEnded?.(APP as never);
  expect(await sql.run({ Commit: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
  // Asked for by a process that ends while it waits for its own statement: nobody could ever commit it.
  const body = (action: unknown) => ({ package_id: P, db: "d", action });
  const endless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  sql.harness.post(APP, { body: body({ Query: endless }) });
  sql.harness.post(APP, { body: body("BeginTx") });
  await sql.harness.delivered();
  sql.module.processEnded?.(APP as never);
  expect(await sql.run("BeginTx")).toHaveProperty("BeginTx.tx_id");
});

test("a transaction is applied at its commit, and is that of one process and database", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  const tx = await sql.begin();
  await sql.write("INSERT INTO t VALUES (?)", [1], tx);
  expect(await sql.query("SELECT count(*) AS n FROM t")).toBe('[{"n":0}]');
  await sql.run("Open", undefined, SIBLING);
  expect(await sql.write("DELETE FROM t", undefined, tx, SIBLING)).toEqual({ Err: { NoTx: tx } });
  expect(await sql.write("INSERT INTO t VALUES (2)", undefined, 12_345)).toEqual({
    Err: { NoTx: 12_345 },
  });
  expect(await sql.run({ Commit: { tx_id: tx } })).toBe("Ok");
  expect(await sql.query("SELECT v FROM t")).toBe('[{"v":1}]');
});

test("[M69] only the first of several statements runs", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v); DROP TABLE t");
  expect(await sql.write("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")).toBe("Ok");
  expect(await sql.query("SELECT count(*) AS n FROM t; DELETE FROM t")).toBe('[{"n":1}]');
  // What is not run may be no SQL at all.
  expect(await sql.query("SELECT count(*) AS n FROM t; no such (")).toBe('[{"n":1}]');
  expect(await sql.write("INSERT INTO t VALUES (3); ?")).toBe("Ok");
  const tx = await sql.begin();
  await sql.write("INSERT INTO t VALUES (4); DELETE FROM t", undefined, tx);
  expect(await sql.run({ Commit: { tx_id: tx } })).toBe("Ok");
  expect(await sql.query("SELECT v FROM t")).toBe('[{"v":1},{"v":3},{"v":4}]');
});

test("[M70] the keyword is checked before the parameters", async () => {
  const sql = await opened();
  expect(await sql.query("INSERT INTO t VALUES (1)", "{}")).toEqual({ Err: "NotAReadKeyword" });
  expect(await sql.write("SELECT 1", "{}")).toEqual({ Err: "NotAWriteKeyword" });
});

test("a write that returns rows is refused although it was made, as packages know it", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  expect(await sql.write("INSERT INTO t VALUES (1) RETURNING v")).toEqual(
    refused("Execute returned results - did you mean to call query?"),
  );
  expect(await sql.query("SELECT v FROM t")).toBe('[{"v":1}]');
});

test("actions without content take null in its place, and nothing else", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  for (const name of ["Open", "RemoveDb", "BeginTx"]) {
    for (const content of [0, 5, false, "", [], {}]) {
      expect(await sql.run({ [name]: content })).toEqual({ Err: "MalformedRequest" });
    }
  }
  expect(await sql.query("SELECT count(*) AS n FROM t")).toBe('[{"n":0}]');
  expect(await sql.run({ RemoveDb: null })).toBe("Ok");
});

test("names that could lead elsewhere are malformed, and nothing of the host is touched", async () => {
  const sql = await setUp();
  mkdirSync(join(sql.root, "canary"));
  for (const db of ["../canary", "/tmp/x", "", "a/b", ".", ".."]) {
    for (const action of ["Open", "RemoveDb", { Query: "SELECT 1" }]) {
      expect(await sql.run(action, undefined, APP, db)).toEqual({ Err: "MalformedRequest" });
    }
  }
  expect(readdirSync(sql.root)).toEqual(["canary"]);
});

test("the file is an ordinary SQLite database for other tools", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  await sql.write("INSERT INTO t VALUES ('plain text')");
  await sql.module.stop?.();
  const other = new Database(join(sql.folder, "p:x.os", "d", "d.db"), { readonly: true });
  expect(other.query("SELECT v FROM t").all()).toEqual([{ v: "plain text" }]);
  expect(other.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  other.close();
});

test("RemoveDb erases everything; the database is made anew at its next use", async () => {
  const sql = await opened();
  await sql.write("CREATE TABLE t (v)");
  expect(await sql.run("RemoveDb")).toBe("Ok");
  expect(readdirSync(join(sql.folder, "p:x.os"))).toEqual([]);
  expect(await sql.run("RemoveDb")).toEqual({
    Err: { IOError: "No such file or directory (os error 2)" },
  });
  expect(await sql.query("SELECT * FROM t")).toEqual(refused("no such table: t"));
});

test("a statement without end is interrupted; what comes after it works", async () => {
  const sql = await opened({ maxStatementMs: 50 });
  const endless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  expect(await sql.query(endless)).toEqual(refused("interrupted"));
  expect(await sql.query("SELECT 1 AS x")).toBe('[{"x":1}]');
});

test("who opens a database that is open does not wait for the statements of others", async () => {
  const sql = await opened({ maxStatementMs: 2_000 });
  const endless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  const long = sql.query(endless).then(() => "the statement");
  const open = sql.run("Open", undefined, SIBLING);
  expect(await Promise.race([long, open])).toBe("Ok");
  await long;
});

test("memory is bounded: a value or a result that is too large is an error", async () => {
  const sql = await opened();
  const huge = await sql.query("SELECT randomblob(1000000000) AS x");
  expect(JSON.stringify(huge)).toMatch(/out of memory|too big/);
  const many = `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 200) SELECT randomblob(1000000) FROM c`;
  expect(JSON.stringify(await sql.query(many))).toMatch(/too large|out of memory/);
  expect(await sql.query("SELECT 1 AS x")).toBe('[{"x":1}]');
}, 120_000);

test("more databases than may be open keep what they hold", async () => {
  const sql = await setUp({ initialOpenCount: 2 });
  for (const db of ["a", "b", "c", "d"]) {
    await sql.run("Open", undefined, APP, db);
    await sql.run({ Write: { statement: "CREATE TABLE t (v)", tx_id: null } }, undefined, APP, db);
    await sql.run(
      { Write: { statement: "INSERT INTO t VALUES (?)", tx_id: null } },
      [{ Text: db }],
      APP,
      db,
    );
  }
  for (const db of ["a", "b", "c", "d"]) {
    const { blob } = await sql.ask({ Query: "SELECT v FROM t" }, undefined, APP, db);
    expect(new TextDecoder().decode(blob?.bytes)).toBe(`[{"v":"${db}"}]`);
  }
});

test("what was acknowledged is there after a start that follows no orderly end", async () => {
  const root = mkdtempSync(join(tmpdir(), "sql-"));
  const before = await setUp({ root });
  await before.run("Open");
  await before.write("CREATE TABLE t (v)");
  for (let i = 0; i < 50; i++) await before.write("INSERT INTO t VALUES (?)", [i]);
  // As the end of the program leaves it: the log was never folded into the database.
  const copy = mkdtempSync(join(tmpdir(), "sql-"));
  Bun.spawnSync(["cp", "-r", join(root, "sqlite"), copy]);
  expect(readdirSync(join(copy, "sqlite/p:x.os/d")).toSorted()).toEqual(["d.db", "d.db-wal"]);
  const after = await setUp({ root: copy });
  await after.run("Open");
  expect(await after.query("SELECT count(*) AS n, sum(v) AS s FROM t")).toBe('[{"n":50,"s":1225}]');
});

test("random statements never break the engine or the module", async () => {
  const sql = await opened({ maxStatementMs: 200 });
  await sql.write("CREATE TABLE t (a, b)");
  const word = fc.constantFrom(
    ..."SELECT WITH VALUES PRAGMA EXPLAIN INSERT DELETE UPDATE CREATE DROP ALTER TABLE t a b FROM WHERE ( ) , * = ' \" ? 1 x'00' NULL AS JOIN INTO SET ; -- RETURNING VACUUM".split(
      " ",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 12 }), fc.json(), async (words, json) => {
      const text = words.join(" ");
      for (const action of [{ Query: text }, { Write: { statement: text, tx_id: null } }]) {
        const answer = await sql.ask(action, json);
        expect(
          answer.json === "Ok" || answer.json === "Read" || "Err" in (answer.json as object),
        ).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
  expect(await sql.query("SELECT 1 AS x")).toBe('[{"x":1}]');
});

test("a transaction that is given up leaves nothing, and makes place for another", async () => {
  const sql = await opened({ maxTransactionsCount: 1 });
  await sql.write("CREATE TABLE t (v)");
  for (let i = 0; i < 3; i++) {
    const tx = await sql.begin();
    await sql.write("INSERT INTO t VALUES (1)", undefined, tx);
    expect(await sql.run({ Rollback: { tx_id: tx } })).toBe("Ok");
    expect(await sql.run({ Commit: { tx_id: tx } })).toEqual({ Err: { NoTx: tx } });
  }
  expect(await sql.query("SELECT count(*) AS n FROM t")).toBe('[{"n":0}]');
});
