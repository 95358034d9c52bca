/**
 * Rules that all modules share, asked of the real ones side by side. Source: spec/runtime-modules.md §1.2, §1.3 and §13.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createHttpClient, createHttpServer } from "@kinode-ts/http";
import { createMemoryStore } from "@kinode-ts/store";
import { createFdManager, createState, createTimer } from "@kinode-ts/system";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { RuntimeModule } from "@kinode-ts/types";
import { openFolderVfs } from "@kinode-ts/vfs";
import { createSystemClock } from "../src/boot/system-clock.ts";

const APP = "main:p:x.os";
const SYSTEM = "vfs:distro:sys";
const P = { package_name: "p", publisher_node: "x.os" };
const DRIVE = "/p:x.os/d";

const root = mkdtempSync(join(tmpdir(), "kinode-modules-"));
const clock = createSystemClock();
const random = createSeededRandom(1);
const store = createMemoryStore();
const http = createHttpServer({
  our: "alice.os",
  port: 0,
  secret: new Uint8Array(32),
  verifyPassword: () => Promise.resolve(undefined),
  localToken: "local-token",
  dev: false,
  clock,
  random,
  hostRoutes: [],
});
const MODULES = {
  vfs: openFolderVfs({ folder: join(root, "vfs") }),
  kv: openFolderKv({ folder: join(root, "kv"), clock, random }),
  sqlite: openFolderSqlite({ folder: join(root, "sqlite"), clock, random }),
  state: createState({ store, commit: (changes) => store.commit(changes), backup: async () => {} }),
  timer: createTimer({ clock }),
  http: http as RuntimeModule,
  client: createHttpClient({ clock, ownPorts: () => [] }),
  fds: createFdManager({ budget: { kind: "static", count: 100 } }),
} as const;
type Name = keyof typeof MODULES;

const harnesses = {} as Record<Name, ModuleHarness>;
let port = 0;
beforeAll(async () => {
  for (const [name, module] of Object.entries(MODULES)) {
    harnesses[name as Name] = createModuleHarness(module);
    await harnesses[name as Name].start();
  }
  ({ port } = await http.listen());
  expect(await ask("kv", database("Open"))).toBe("Ok");
  expect(await ask("sqlite", database("Open"))).toBe("Ok");
  expect(await ask("vfs", { path: DRIVE, action: "CreateDrive" })).toBe("Ok");
}, 120_000);
afterAll(async () => {
  for (const module of Object.values(MODULES)) await module.stop?.();
  rmSync(root, { recursive: true });
});

const database = (action: unknown) => ({ package_id: P, db: "d", action });
/** JSON of the answer. Text is sent as it is. */
const ask = async (name: Name, body: unknown, blob?: string, source = APP): Promise<unknown> =>
  (await harnesses[name].ask(source, { body, blob })).json;
const MALFORMED = { Err: "MalformedRequest" };

test("[M3] a missing optional key means null, a missing required one is malformed", async () => {
  expect(await ask("kv", database({ Set: { key: [1] } }), "v")).toBe("Ok");
  expect(await ask("kv", database({ Set: { key: [1], tx_id: null } }), "v")).toBe("Ok");
  expect(await ask("kv", database({ Set: { tx_id: null } }), "v")).toEqual(MALFORMED);
  const create = { Write: { statement: "CREATE TABLE IF NOT EXISTS t (v)" } };
  expect(await ask("sqlite", database(create))).toBe("Ok");
  expect(await ask("sqlite", database({ Write: { tx_id: null } }))).toEqual(MALFORMED);
  for (const name of ["kv", "sqlite"] as const) {
    expect(await ask(name, { package_id: P, action: "Open" })).toEqual(MALFORMED);
    expect(await ask(name, { db: "d", action: "Open" })).toEqual(MALFORMED);
    expect(await ask(name, { package_id: P, db: "d" })).toEqual(MALFORMED);
  }
  const url = `http://127.0.0.1:${port}/nothing-there`;
  const get = { method: "GET", url, headers: {} };
  expect(await ask("client", { Http: get })).toMatchObject({ Ok: { Http: { status: 404 } } });
  const explicit = { Http: { ...get, version: null } };
  expect(await ask("client", explicit)).toMatchObject({ Ok: { Http: { status: 404 } } });
  expect(await ask("client", { Http: { method: "GET", url } })).toEqual(MALFORMED);
  expect(await ask("vfs", { path: DRIVE })).toEqual(MALFORMED);
  const bind = { path: "/x", authenticated: true, local_only: false, cache: false };
  expect(await ask("http", { Bind: bind })).toEqual({ Ok: null });
  expect(await ask("http", { Bind: { path: "/x" } })).toEqual(MALFORMED);
});

test("[M4] the largest transaction id comes back exactly", async () => {
  const prefix = '{"package_id":{"package_name":"p","publisher_node":"x.os"},"db":"d","action":';
  const commit = `${prefix}{"Commit":{"tx_id":18446744073709551615}}}`;
  for (const name of ["kv", "sqlite"] as const) {
    const { text } = await harnesses[name].ask(APP, { body: commit });
    expect(text).toBe('{"Err":{"NoTx":18446744073709551615}}');
  }
});

test("[M6] successes of vfs, kv, sqlite and state echo the metadata, their errors have none", async () => {
  const cases: readonly [Name, string, good: unknown, bad: unknown][] = [
    [
      "vfs",
      APP,
      { path: `${DRIVE}/f`, action: "CreateFile" },
      { path: `${DRIVE}/g`, action: "Read" },
    ],
    ["kv", APP, database("Open"), database({ Get: [9, 9] })],
    ["sqlite", APP, database("Open"), database({ Query: "nonsense" })],
    ["state", SYSTEM, { DeleteState: "a:b:c.os" }, { GetState: "a:b:c.os" }],
  ];
  for (const [name, source, good, bad] of cases) {
    const success = await harnesses[name].ask(source, { body: good, metadata: "note" });
    expect([name, success.metadata]).toEqual([name, "note"]);
    const error = await harnesses[name].ask(source, { body: bad, metadata: "note" });
    expect(error.json).toHaveProperty("Err");
    expect([name, error.metadata]).toEqual([name, undefined]);
  }
});

test("[M8] requests of other nodes are dropped by every module, and an RPC that names one is answered", async () => {
  const bodies: Readonly<Record<Name, readonly [string, unknown]>> = {
    vfs: [APP, { path: "/p:x.os/foreign", action: "CreateDrive" }],
    kv: [APP, { package_id: P, db: "foreign", action: "Open" }],
    sqlite: [APP, { package_id: P, db: "foreign", action: "Open" }],
    state: [SYSTEM, { GetState: "a:b:c.os" }],
    timer: [APP, { SetTimer: 0 }],
    http: [
      APP,
      { Bind: { path: "/foreign", authenticated: false, local_only: false, cache: false } },
    ],
    client: [APP, { Http: { method: "GET", url: `http://127.0.0.1:${port}/`, headers: {} } }],
    fds: [APP, '"GetState"'],
  };
  const counts = Object.values(harnesses).map(({ answers }) => answers.length);
  for (const [name, [source, body]] of Object.entries(bodies)) {
    harnesses[name as Name].post(source, { body, node: "bob.os" });
  }
  // Each module is in order per source: once this is answered, what came before has had its turn.
  for (const [name, [source, body]] of Object.entries(bodies)) {
    await harnesses[name as Name].ask(source, { body });
  }
  const now = Object.values(harnesses).map(({ answers }) => answers.length);
  expect(now).toEqual(counts.map((count) => count + 1));
  expect(readdirSync(join(root, "kv/p:x.os")).toSorted()).toEqual(["d", "foreign"]);

  harnesses.http.onSend(({ id, target }) =>
    queueMicrotask(() => harnesses.http.answer(target.process, id, { body: '"Ok"' })),
  );
  const answer = await fetch(`http://127.0.0.1:${port}/rpc:distro:sys/message`, {
    method: "POST",
    headers: { authorization: "Bearer local-token" },
    body: JSON.stringify({ node: "bob.os", process: APP, body: "x", expects_response: 5 }),
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ body: [34, 79, 107, 34] });
});

test("[M11] bytes are arrays of integers; a string in their place is malformed", async () => {
  for (const action of [
    { Set: { key: "aGk=", tx_id: null } },
    { Delete: { key: "hi", tx_id: null } },
    { Get: "hi" },
    { Get: [300] },
    { IterStart: { prefix: "hi" } },
  ]) {
    expect(await ask("kv", database(action), "v")).toEqual(MALFORMED);
  }
  expect(await ask("kv", database({ Set: { key: [104, 105], tx_id: null } }), "v")).toBe("Ok");
  expect(await ask("kv", database({ Get: [104, 105] }))).toEqual({ Get: [104, 105] });
  const blobs = JSON.stringify([{ Blob: "AQI=" }]);
  expect(await ask("sqlite", database({ Query: "SELECT ?" }), blobs)).toEqual({
    Err: "InvalidParameters",
  });
});
