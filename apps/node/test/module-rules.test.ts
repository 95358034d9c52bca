/**
 * Rules that all modules share, asked of the real ones side by side. Source: spec/runtime-modules.md §1.2, §1.3 and §13.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createHttpClient, createHttpServer } from "@kinode-ts/http";
import { createMemoryStore } from "@kinode-ts/store";
import { createFdManager, createState, createTimer } from "@kinode-ts/system";
import { createSeededRandom } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { Address, ProcessId, RuntimeModule, U64 } from "@kinode-ts/types";
import { openFolderVfs } from "@kinode-ts/vfs";
import { createSystemClock } from "../src/boot/system-clock.ts";

const APP = "main:p:x.os";
const SYSTEM = "vfs:distro:sys";
const P = { package_name: "p", publisher_node: "x.os" };
const DRIVE = "/p:x.os/d";
const PASSWORD_HASH = "0x00ff";

const root = mkdtempSync(join(tmpdir(), "kinode-modules-"));
const clock = createSystemClock();
const random = createSeededRandom(1);
const store = createMemoryStore();
const http = createHttpServer({
  our: "alice.os",
  port: 0,
  secret: new Uint8Array(32),
  verifyPassword: async (hash) => (hash === PASSWORD_HASH ? Uint8Array.of(1) : undefined),
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
const BIND = { path: "/x", authenticated: true, local_only: false, cache: false };
/** Text is sent as it is. */
const post = (path: string, json: unknown, headers: Record<string, string> = {}) => {
  const body = typeof json === "string" ? json : JSON.stringify(json);
  return fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
};
const rpc = (json: unknown) =>
  post("/rpc:distro:sys/message", json, { authorization: "Bearer local-token" });
const FETCHED = { Ok: { Http: { status: 404 } } };
const page = () => ({ method: "GET", url: `http://127.0.0.1:${port}/nothing-there`, headers: {} });
const textOf = ({ node, process }: Address): string => `${node}@${process}`;

interface Case {
  readonly name: Name;
  readonly source: string;
  /** What is done. */
  readonly good: unknown;
  /** What fails; `undefined`: the module has no errors. */
  readonly bad: unknown;
}

/** A request of each module that goes well, and one that fails. */
const cases = (): readonly Case[] => [
  {
    name: "vfs",
    source: APP,
    good: { path: DRIVE, action: "Metadata" },
    bad: { path: `${DRIVE}/none`, action: "Read" },
  },
  { name: "kv", source: APP, good: database("Open"), bad: database({ Get: [9, 9] }) },
  { name: "sqlite", source: APP, good: database("Open"), bad: database({ Query: "nonsense" }) },
  {
    name: "state",
    source: SYSTEM,
    good: { DeleteState: "a:b:c.os" },
    bad: { GetState: "a:b:c.os" },
  },
  { name: "timer", source: APP, good: { SetTimer: 0 }, bad: undefined },
  { name: "http", source: APP, good: { Unbind: { path: "/none" } }, bad: { Bind: {} } },
  {
    name: "client",
    source: APP,
    good: { Http: page() },
    bad: { Http: { ...page(), method: " " } },
  },
  { name: "fds", source: APP, good: { GetState: null }, bad: undefined },
];

test("only the timer is for every process, the others for those who may message them", () => {
  const all = Object.values<RuntimeModule>(MODULES);
  expect(all.filter((module) => module.public === true).map(({ id }) => id as string)).toEqual([
    "timer:distro:sys",
  ]);
});

test("[M1] a unit action as text and as an object with null is the same, in every module", async () => {
  const same = async (name: Name, body: (unit: unknown) => unknown, unit: string, source = APP) => {
    const answer = await ask(name, body(unit), undefined, source);
    expect([name, "Err" in Object(answer)]).toEqual([name, false]);
    expect([name, await ask(name, body({ [unit]: null }), undefined, source)]).toEqual([
      name,
      answer,
    ]);
    return answer;
  };
  const plain = (unit: unknown) => JSON.stringify(unit);
  await same("vfs", (action) => ({ path: DRIVE, action }), "Metadata");
  expect(await same("kv", database, "Open")).toBe("Ok");
  expect(await same("sqlite", database, "Open")).toBe("Ok");
  expect(await same("state", plain, "Backup", SYSTEM)).toBe("Backup");
  expect(await same("fds", plain, "GetState")).toMatchObject({ GetState: {} });
  const { prints } = harnesses.timer;
  for (const unit of ["Debug", { Debug: null }]) {
    const before = prints.length;
    harnesses.timer.post(APP, { body: plain(unit), expectsResponse: null });
    await harnesses.timer.delivered();
    expect(prints.slice(before).map(({ verbosity }) => verbosity)).toEqual([0]);
  }
  // The two HTTP modules have no action without content, but values that are units.
  for (const [name, error] of [
    ["http", "WsChannelNotFound"],
    ["client", { WsPushUnknownChannel: { channel_id: 7 } }],
  ] as const) {
    for (const message_type of ["Text", { Text: null }]) {
      const push = { WebSocketPush: { channel_id: 7, message_type } };
      expect(await ask(name, push, "x")).toEqual({ Err: error });
    }
  }
  const outgoing = { channel_id: 7, message_type: { Binary: null } };
  const reply = { desired_reply_type: { Response: null } };
  expect(await ask("http", { WebSocketExtPushOutgoing: { ...outgoing, ...reply } }, "x")).toEqual({
    Err: "WsChannelNotFound",
  });
});

test("a unit action with content is no action, and changes nothing", async () => {
  expect(await ask("kv", database({ Set: { key: [3] } }), "kept")).toBe("Ok");
  for (const name of ["kv", "sqlite"] as const) {
    for (const content of [5, {}, [], "x", false]) {
      for (const [db, unit] of [
        ["odd", "Open"],
        ["d", "RemoveDb"],
        ["d", "BeginTx"],
      ] as const) {
        const body = { package_id: P, db, action: { [unit]: content } };
        expect([name, body, await ask(name, body)]).toEqual([name, body, MALFORMED]);
      }
    }
    expect(existsSync(join(root, name, "p:x.os/odd"))).toBe(false);
  }
  expect(await ask("kv", database({ Get: [3] }))).toEqual({ Get: [3] });
  expect(await ask("vfs", { path: `${DRIVE}/odd`, action: { CreateFile: 1 } })).toEqual(MALFORMED);
  expect(await ask("state", { Backup: 1 }, undefined, SYSTEM)).toHaveProperty("Err.BadJson");
  const { fds, timer } = harnesses;
  for (const [harness, names] of [
    [fds, ["RequestFdsLimit", "FdsLimitHit"]],
    [timer, ["Debug"]],
  ] as const) {
    for (const name of names) {
      const [prints, sent] = [harness.prints.length, harness.sent.length];
      harness.post(APP, { body: { [name]: 1 }, expectsResponse: null });
      await harness.delivered();
      expect(harness.prints.slice(prints)).toMatchObject([{ verbosity: 1 }]);
      expect(harness.sent.length).toBe(sent);
    }
  }
});

test("[M2] unknown keys are ignored in the objects of every module", async () => {
  const more = { more: [{ deep: 1.5 }], encrypted: true };
  expect(await ask("vfs", { path: DRIVE, action: "Metadata", ...more })).toHaveProperty("Metadata");
  for (const name of ["kv", "sqlite"] as const) {
    const action = (value: object) => ({
      package_id: { ...P, ...more },
      db: "d",
      ...more,
      ...value,
    });
    expect(await ask(name, action({ action: "Open" }))).toBe("Ok");
    const { BeginTx } = (await ask(name, action({ action: "BeginTx" }))) as {
      BeginTx: { tx_id: number };
    };
    expect(await ask(name, action({ action: { Commit: { ...BeginTx, ...more } } }))).toBe("Ok");
  }
  expect(await ask("kv", database({ Set: { key: [2], ...more } }), "v")).toBe("Ok");
  expect(await ask("kv", database({ Delete: { key: [2], ...more } }))).toBe("Ok");
  const create = { statement: "CREATE TABLE IF NOT EXISTS u (v)", ...more };
  expect(await ask("sqlite", database({ Write: create }))).toBe("Ok");
  expect(await ask("http", { Bind: { ...BIND, ...more } })).toEqual({ Ok: null });
  expect(await ask("http", { Unbind: { path: "/x", ...more } })).toEqual({ Ok: null });
  const socket = { path: "/ws", authenticated: true, extension: false, ...more };
  expect(await ask("http", { WebSocketBind: socket })).toEqual({ Ok: null });
  expect(await ask("client", { Http: { ...page(), ...more } })).toMatchObject(FETCHED);
  expect((await post("/login", { password_hash: PASSWORD_HASH, ...more })).status).toBe(200);
  expect((await rpc({ process: APP, ...more })).status).toBe(200);
});

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
  expect(await ask("client", { Http: page() })).toMatchObject(FETCHED);
  expect(await ask("client", { Http: { ...page(), version: null } })).toMatchObject(FETCHED);
  for (const key of ["method", "url", "headers"]) {
    expect(await ask("client", { Http: { ...page(), [key]: undefined } })).toEqual(MALFORMED);
  }
  expect(await ask("vfs", { path: DRIVE })).toEqual(MALFORMED);
  expect(await ask("http", { Bind: BIND })).toEqual({ Ok: null });
  for (const key of Object.keys(BIND)) {
    expect(await ask("http", { Bind: { ...BIND, [key]: undefined } })).toEqual(MALFORMED);
  }
  for (const subdomain of [undefined, null]) {
    const login = await post("/login", { password_hash: PASSWORD_HASH, subdomain });
    expect(login.status).toBe(200);
    expect(login.headers.get("set-cookie")).toStartWith("kinode-auth_alice.os=");
  }
  const login = await post("/login", { subdomain: null });
  expect([login.status, await login.json()]).toEqual([400, "Failed to parse login info"]);
  expect((await rpc({ process: APP })).status).toBe(200);
  expect((await rpc({ body: "x" })).status).toBe(400);
});

test("[M5] an integer given as 1.0 is malformed in every module", async () => {
  for (const one of ["1.0", "1e0", "10E-1"]) {
    const actions: Readonly<Partial<Record<Name, readonly string[]>>> = {
      kv: [
        `{"Set":{"key":[${one}],"tx_id":null}}`,
        `{"Set":{"key":[1],"tx_id":${one}}}`,
        `{"Delete":{"key":[1],"tx_id":${one}}}`,
        `{"Get":[${one}]}`,
        `{"Commit":{"tx_id":${one}}}`,
      ],
      sqlite: [
        `{"Write":{"statement":"DELETE FROM t","tx_id":${one}}}`,
        `{"Commit":{"tx_id":${one}}}`,
      ],
    };
    for (const [name, all] of Object.entries(actions)) {
      for (const action of all) {
        const body = `{"package_id":${JSON.stringify(P)},"db":"d","action":${action}}`;
        expect([action, await ask(name as Name, body, "v")]).toEqual([action, MALFORMED]);
      }
    }
    const push = `{"WebSocketPush":{"channel_id":${one},"message_type":"Text"}}`;
    for (const [name, body] of [
      ["http", `{"WebSocketClose":${one}}`],
      ["http", push],
      ["client", push],
      ["client", `{"WebSocketClose":{"channel_id":${one}}}`],
      ["client", `{"WebSocketOpen":{"url":"ws://127.0.0.1:1","headers":{},"channel_id":${one}}}`],
    ] as const) {
      expect([body, await ask(name, body, "v")]).toEqual([body, MALFORMED]);
    }
    const [answers, prints] = [harnesses.timer.answers.length, harnesses.timer.prints.length];
    harnesses.timer.post(APP, { body: `{"SetTimer":${one}}` });
    await ask("timer", { SetTimer: 0 });
    expect(harnesses.timer.answers.length).toBe(answers + 1);
    expect(harnesses.timer.prints.slice(prints)).toMatchObject([{ verbosity: 1 }]);
    expect((await rpc(`{"process":"${APP}","expects_response":${one}}`)).status).toBe(400);
  }
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
  const names: readonly Name[] = ["vfs", "kv", "sqlite", "state"];
  for (const { name, source, good, bad } of cases().filter((each) => names.includes(each.name))) {
    const success = await harnesses[name].ask(source, { body: good, metadata: "note" });
    expect("Err" in Object(success.json)).toBe(false);
    expect([name, success.metadata]).toEqual([name, "note"]);
    const error = await harnesses[name].ask(source, { body: bad, metadata: "note" });
    expect(error.json).toHaveProperty("Err");
    expect([name, error.metadata]).toEqual([name, undefined]);
  }
});

test("[M7] every module answers to rsvp when set, else to the source, with the id of the request", async () => {
  const rsvp = { node: "carol.os", process: "a:b:c.os" as ProcessId };
  let id = 7_000;
  for (const { name, source, good, bad } of cases()) {
    const { our, ask } = { our: "alice.os", ask: harnesses[name].ask.bind(harnesses[name]) };
    for (const body of [good, bad]) {
      if (body === undefined) continue;
      const chained = await ask(source, { body, rsvp, id: ++id });
      // Errors of the HTTP server go to the source in any case (§1.2).
      const wanted = name === "http" && body === bad ? `${our}@${source}` : textOf(rsvp);
      expect([name, chained.id, textOf(chained.target)]).toEqual([name, id, wanted]);
      const plain = await ask(source, { body, rsvp: undefined, id: ++id });
      expect([name, plain.id, textOf(plain.target)]).toEqual([name, id, `${our}@${source}`]);
    }
  }
});

/** Who is answered without expecting it: of a success, of an error. */
const UNASKED: Readonly<Record<Name, readonly [boolean, boolean]>> = {
  vfs: [false, false],
  kv: [false, true],
  sqlite: [false, true],
  state: [false, true],
  timer: [true, false],
  http: [false, true],
  client: [true, false],
  fds: [false, false],
};

test("who expects no answer gets one only where the table says so, module by module", async () => {
  for (const { name, source, good, bad } of cases()) {
    const harness = harnesses[name];
    for (const [index, body] of [good, bad].entries()) {
      if (body === undefined) continue;
      const before = harness.answers.length;
      const isAnswered = UNASKED[name][index]!;
      if (isAnswered) await harness.ask(source, { body, expectsResponse: null });
      else harness.post(source, { body, expectsResponse: null });
      // In order per source, and what the HTTP modules refuse they refuse at once.
      await harness.ask(source, { body: good });
      const count = harness.answers.length - before;
      expect([name, index, count]).toEqual([name, index, isAnswered ? 2 : 1]);
    }
  }
});

test("responses that nobody waits for are ignored, by state refused", async () => {
  for (const { name, source, good } of cases()) {
    const harness = harnesses[name];
    const before = harness.answers.length;
    harness.answer(source, 4_711, { body: good, blob: "x" });
    const { text } = await harness.ask(source, { body: good });
    const answers = harness.answers.slice(before).map((answer) => answer.text);
    const refused = '{"Err":{"BadRequest":{"error":"not a request"}}}';
    expect([name, answers]).toEqual([name, name === "state" ? [refused, text] : [text]]);
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

  const answerFrom = (node: string, id: U64, body: string): void =>
    http.handle({
      id,
      source: { node, process: APP as ProcessId },
      target: harnesses.http.context.address,
      rsvp: undefined,
      message: {
        kind: "response",
        inherit: false,
        body: new TextEncoder().encode(body),
        metadata: undefined,
        capabilities: [],
      },
      blob: undefined,
    });
  harnesses.http.onSend(({ id, target }) => {
    expect(target).toEqual({ node: "bob.os", process: APP as ProcessId });
    queueMicrotask(() => {
      // Of a node that was not asked first.
      answerFrom("mallory.os", id, "forged");
      answerFrom("bob.os", id, '"Ok"');
    });
  });
  const answer = await rpc({ node: "bob.os", process: APP, body: "x", expects_response: 5 });
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
