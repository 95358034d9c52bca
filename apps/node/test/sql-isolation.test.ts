/**
 * Endless statements of SQL beside everything else a node does, on the real clock: ten of them must not be worse than one.
 * What is measured is the processor time of the thread that all of it shares: other programs on the machine do not count.
 * Without turns among engines, everything below takes ten times as long beside ten.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createTimer } from "@kinode-ts/system";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import { mainThreadMs } from "@kinode-ts/testing/processor-time";
import { createSystemClock } from "../src/boot/system-clock.ts";

const APP = "main:p:x.os";
const P = { package_name: "p", publisher_node: "x.os" };
const ENDLESS =
  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
const ENDLESS_MS = 3_000;
const COUNT = 10;

const folder = mkdtempSync(join(tmpdir(), "sql-isolation-"));
const clock = createSystemClock();
const random = createSeededRandom(1);
const modules = {
  kv: openFolderKv({ folder: join(folder, "kv"), clock, random }),
  sqlite: openFolderSqlite({
    folder: join(folder, "sqlite"),
    clock,
    random,
    maxStatementMs: ENDLESS_MS,
    // As a node gives it more than the ten of its start.
    limits: { initialOpenCount: 100 },
  }),
  timer: createTimer({ clock }),
};
const harness = {} as Record<keyof typeof modules, ModuleHarness>;
const web = Bun.serve({ port: 0, fetch: () => new Response("hello") });

beforeAll(async () => {
  for (const name of ["kv", "sqlite", "timer"] as const) {
    harness[name] = createModuleHarness(modules[name]);
    await harness[name].start();
  }
});
afterAll(async () => {
  await web.stop(true);
  for (const module of Object.values(modules)) await module.stop?.();
  rmSync(folder, { recursive: true });
});

const ask = async (
  name: "kv" | "sqlite",
  action: unknown,
  { process = APP, db = "d", blob }: { process?: string; db?: string; blob?: string } = {},
): Promise<unknown> =>
  (await harness[name].ask(process, { body: { package_id: P, db, action }, blob })).json;

const write = (statement: string): Promise<unknown> =>
  ask("sqlite", { Write: { statement, tx_id: null } });

let inserted = 0;
const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
  "kv set": () => ask("kv", { Set: { key: [1], tx_id: null } }, { blob: "v" }),
  "kv get": () => ask("kv", { Get: [1] }),
  "sqlite insert": () => {
    inserted++;
    return write("INSERT INTO t VALUES (1)");
  },
  "sqlite select": () => ask("sqlite", { Query: "SELECT count(*) FROM t" }),
  timer: () => harness.timer.ask(APP, { body: { SetTimer: 1 } }),
  http: async () => (await fetch(web.url)).text(),
};

/** Middle of how much of the thread passes until each kind of work is done, in milliseconds. */
async function measure(): Promise<Record<string, number>> {
  const took = new Map<string, number[]>();
  for (let round = 0; round < 25; round++) {
    for (const [name, work] of Object.entries(WORK)) {
      const startedMs = mainThreadMs();
      await work();
      const list = took.get(name) ?? [];
      list.push(mainThreadMs() - startedMs);
      took.set(name, list);
    }
  }
  return Object.fromEntries(
    [...took].map(([name, list]) => [name, list.toSorted((a, b) => a - b)[list.length >> 1]!]),
  );
}

async function startEndless(i: number): Promise<{ readonly answer: Promise<unknown> }> {
  const where = { process: `long-${i}:p:x.os`, db: `long-${i}` };
  expect(await ask("sqlite", "Open", where)).toBe("Ok");
  return { answer: ask("sqlite", { Query: ENDLESS }, where) };
}

test("ten endless statements cost others no more than one does, and each ends with its error", async () => {
  for (const name of ["kv", "sqlite"] as const) expect(await ask(name, "Open")).toBe("Ok");
  expect(await write("CREATE TABLE t (v)")).toBe("Ok");
  await measure();
  const endless = [await startEndless(0)];
  const one = await measure();
  for (let i = 1; i < COUNT; i++) endless.push(await startEndless(i));
  const ten = await measure();
  for (const [name, tookMs] of Object.entries(ten)) {
    const isFlat = tookMs < 4 * Math.max(one[name]!, 4);
    expect({ name, one: one[name], ten: tookMs, isFlat }).toMatchObject({ isFlat: true });
  }
  for (const { answer } of endless) {
    expect(await answer).toEqual({ Err: { RusqliteError: "interrupted" } });
  }
  const counted = harness.sqlite.ask(APP, {
    body: { package_id: P, db: "d", action: { Query: "SELECT count(*) AS n FROM t" } },
  });
  expect(new TextDecoder().decode((await counted).blob?.bytes)).toBe(`[{"n":${inserted}}]`);
}, 120_000);
