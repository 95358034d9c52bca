/**
 * Every client of the library once, from one sandboxed package against the real modules. Their own tests go deeper.
 * Source: spec/packages-and-tools.md §25.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";
import { runCommand } from "./run-command.ts";

const SOURCE = `
import * as v from "@kinode-ts/stdlib";
import { homepage } from "@kinode-ts/stdlib/homepage";
import { createHttpServer, Response } from "@kinode-ts/stdlib/http";
import { fetch as ask, http, openWebSocket } from "@kinode-ts/stdlib/http-client";
import { openKv } from "@kinode-ts/stdlib/kv";
import { initLogging, log } from "@kinode-ts/stdlib/logging";
import { getProtocolPort, isDirect, names, net, routers } from "@kinode-ts/stdlib/net";
import { schedule, unschedule } from "@kinode-ts/stdlib/schedule";
import { openSqlite } from "@kinode-ts/stdlib/sqlite";
import { clearTimeout, setTimeout, setTimer, sleep, timers } from "@kinode-ts/stdlib/timer";
import { createDrive, openDir, file, createFile } from "@kinode-ts/stdlib/vfs";

const inbox: unknown[] = [];

const commands: Record<string, (argument: any) => unknown> = {
  async vfs() {
    const drive = await createDrive("data");
    await using notes = await createFile(drive + "/notes.txt");
    await notes.write("one\\n");
    await notes.append("two\\n");
    const { len, file_type } = await notes.metadata();
    const names = (await (await openDir(drive)).entries()).map(({ path }) => path);
    const missing = await file(drive + "/none").text().catch((error) => error.code);
    return { text: await notes.text(), len, file_type, names, missing };
  },
  async kv() {
    const db = await openKv("shelf");
    await db.transaction(async (tx) => {
      for (const key of ["b", "a", "c"]) await tx.set(key, key.toUpperCase());
    });
    const found = [];
    for await (const [key, value] of db.scan()) found.push(v.decodeUtf8(key) + v.decodeUtf8(value));
    await db.delete("a");
    return { found, gone: await db.get("a"), b: v.decodeUtf8((await db.get("b"))!) };
  },
  async sqlite() {
    const db = await openSqlite("books");
    await db.run("CREATE TABLE IF NOT EXISTS books (id INTEGER PRIMARY KEY, title TEXT)");
    await db.transaction(async (tx) => {
      await tx.run("INSERT INTO books (title) VALUES (?)", ["Emma"]);
      await tx.run("INSERT INTO books (title) VALUES (?)", ["Ulysses"]);
    });
    const wrong = await db.run("INSERT INTO nothing VALUES (1)").catch((error) => error.name);
    return { rows: await db.query("SELECT * FROM books ORDER BY id"), wrong };
  },
  async timer() {
    const log: string[] = [];
    setTimeout(() => log.push("late"), 30);
    clearTimeout(setTimeout(() => log.push("never"), 10));
    await sleep("20ms");
    log.push("slept");
    const stop = new AbortController();
    globalThis.setTimeout(() => stop.abort(new Error("stopped")), 5);
    log.push(await sleep("1h", { signal: stop.signal }).catch((error) => error.message));
    await setTimer(1, "ring");
    await sleep(40);
    await timers.debug();
    return { log, inbox: inbox.splice(0) };
  },
  async state() {
    const count = (value: unknown) => (value as { count: number }).count;
    const before = (await v.state.load(count)) ?? 0;
    await v.state.save({ count: before + 1 });
    return before;
  },
  async log() {
    await initLogging({ file: "debug", terminal: "warn", levels: { warn: 0 } });
    log.debug("looked", { at: 7n });
    log.warn("low on ink", { percent: 3, self: globalThis });
    await log.flush();
  },
  async fetch(url) {
    const response = await ask(url + "/echo", { method: "POST", body: "to a server", timeout: "10s" });
    return { status: response.status, text: await response.text() };
  },
  async send(url) {
    await http.send("GET", url + "/echo", { context: "answer" });
  },
  inbox: () => inbox.splice(0),
  async socket(url) {
    const socket = await openWebSocket(url.replace("http", "ws") + "/socket");
    await socket.send("over a socket");
    for await (const data of socket) {
      await socket.close();
      return data;
    }
  },
  home: (label) => (label === null ? homepage.remove() : homepage.add({ label, path: "/" })),
  async kernel() {
    const drive = "/" + v.our().packageId().toString() + "/pkg";
    return {
      our: v.our().toString(),
      mayMessageTimer: v.capabilities.canMessage("our@timer:distro:sys"),
      mayMessageKernel: v.capabilities.canMessage("our@kernel:distro:sys"),
      exit: v.onExit.get(),
      drive,
    };
  },
  async net() {
    const bytes = v.encodeUtf8("I promise");
    const signature = await net.sign(bytes);
    const me = v.our().toString();
    const other = me.replace("everything", "nothing");
    const self = (await net.peer(v.our().node))!;
    return {
      length: signature.length,
      good: await net.verify(me, bytes, signature),
      otherProcess: await net.verify(other, bytes, signature),
      otherBytes: await net.verify(v.our(), v.encodeUtf8("I promised"), signature),
      unknownNode: await net.verify("far.os@a:b:c", bytes, signature),
      name: self.name === v.our().node,
      direct: [isDirect(self), getProtocolPort(self, "tcp") ?? null, routers(self)],
      unknown: (await net.peer("far.os")) ?? null,
      peers: await net.peers(),
      words: (await net.diagnostics()).includes(v.our().node),
      hash: (await names.fromHash("0x" + "11".repeat(32))) ?? null,
      bad: await net.verify("nonsense", bytes, signature).catch((error) => error.name),
    };
  },
  async schedule() {
    await schedule("tick", "* * * * *", () => void inbox.push("scheduled"));
  },
  unschedule: () => unschedule("tick"),
};

export default v.defineProcess(async () => {
  const server = createHttpServer({ timeout: "5s" });
  await server.bind("/books/:id", {}, async (request) =>
    Response.json({ id: request.kinode.params.id, body: await request.text() }),
  );
  await v.serve(
    async (message) => {
      const { command, argument } = message.json() as { command: string; argument: unknown };
      try {
        return { ok: (await commands[command]!(argument)) ?? null };
      } catch (thrown) {
        return { failed: String(thrown) };
      }
    },
    {
      onResponse: (response) => {
        const context = v.decodeUtf8(response.context ?? new Uint8Array());
        inbox.push(context === "answer" ? http.answerOf(response).status : context);
      },
    },
  );
});
`;

const SCRIPT = `
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";

export default defineScript(({ args, stdin, hasStdin }) => {
  const { options, rest } = parseArgs(args, {
    usage: "shout [-n <times>] [<text>]",
    options: { times: { type: "integer", short: "n", default: 1 } },
  });
  const text = hasStdin ? stdin.trim() : rest.join(" ");
  if (text === "") throw new ScriptFailure("shout: nothing to shout", { status: 3 });
  return (text.toUpperCase() + "!").repeat(options.times);
});
`;

const PROCESS = "everything:everything:example.os";
const MODULES = [
  "vfs",
  "kv",
  "sqlite",
  "timer",
  "http-server",
  "http-client",
  "scheduler",
  "net",
].map((name) => `${name}:distro:sys`);

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request, self) => {
    if (new URL(request.url).pathname !== "/socket") return new Response(await request.text());
    return self.upgrade(request, { data: undefined }) ? undefined : new Response();
  },
  websocket: { message: (socket, message) => void socket.send(message) },
});
const URL_OF_SERVER = `http://127.0.0.1:${server.port}`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const rights = {
    request: [...MODULES, "homepage:homepage:sys", "kns-indexer:kns-indexer:sys"],
    grant: [...MODULES, "homepage:homepage:sys", "kns-indexer:kns-indexer:sys"],
  };
  const folder = writeScript("everything", SOURCE, rights);
  mkdirSync(join(folder, "src/scripts"), { recursive: true });
  writeFileSync(join(folder, "src/scripts/shout.ts"), SCRIPT);
  const entry = {
    root: false,
    public: false,
    request_networking: false,
    request_capabilities: [],
    grant_capabilities: [],
    wit_version: 1,
  };
  writeFileSync(join(folder, "pkg/scripts.json"), JSON.stringify({ "shout.js": entry }));
  await node.install(folder);
}, 120_000);
afterAll(async () => {
  await node.stop();
  await server.stop(true);
  removeScripts();
});

const run = (command: string, argument?: unknown): Promise<unknown> =>
  runCommand(node, PROCESS, command, argument);

test("[P25] 25.4 vfs: a drive, a file, a listing, an error by its code", async () => {
  expect(await run("vfs")).toEqual({
    text: "one\ntwo\n",
    len: 8,
    file_type: "File",
    names: ["everything:example.os/data/notes.txt"],
    missing: "IOError",
  });
});

test("[P25] 25.5 kv: a transaction, a range in order, a key that is gone", async () => {
  expect(await run("kv")).toEqual({ found: ["aA", "bB", "cC"], b: "B" });
});

test("[P25] 25.6 sqlite: a table, a transaction, rows, an error as a class", async () => {
  expect(await run("sqlite")).toEqual({
    rows: [
      { id: 1, title: "Emma" },
      { id: 2, title: "Ulysses" },
    ],
    wrong: "SqliteError",
  });
});

test("[P25] 25.7 net: signatures of the node for one process, what is known of nodes, a name of a hash", async () => {
  expect(await run("net")).toEqual({
    length: 64,
    good: true,
    otherProcess: false,
    otherBytes: false,
    unknownNode: false,
    name: true,
    // The network of this test's node is off.
    direct: [false, null, []],
    unknown: null,
    peers: [],
    words: true,
    hash: null,
    bad: "AddressParseError",
  });
});

test("[P25] 25.7 timer: waiting, being told later, clearing, aborting, a ring in the inbox", async () => {
  expect(await run("timer")).toEqual({ log: ["slept", "stopped", "late"], inbox: ["ring"] });
});

test("[P25] 25.1 state: it is there after a restart of the node, and so are the package's bindings", async () => {
  expect(await run("state")).toBe(0);
  await node.restart();
  expect(await run("state")).toBe(1);
});

test("[P25] 25.8 http server: a page with parameters and a body", async () => {
  const page = await node.fetch(`/${PROCESS}/books/7`, { method: "POST", body: "hi" });
  expect(await page.json()).toEqual({ id: "7", body: "hi" });
});

test("[P25] 25.8 http client: fetch, an answer in the inbox, a web socket", async () => {
  expect(await run("fetch", URL_OF_SERVER)).toEqual({ status: 200, text: "to a server" });
  await run("send", URL_OF_SERVER);
  let inbox: unknown[] = [];
  while (inbox.length === 0) inbox = (await run("inbox")) as unknown[];
  expect(inbox).toEqual([200]);
  expect(await run("socket", URL_OF_SERVER)).toBe("over a socket");
});

test("[P25] 25.10 logging: lines in the package's file and at the terminal", async () => {
  const before = node.lines.length;
  await run("log");
  expect(node.lines.slice(before).join("\n")).toContain("WARN low on ink percent=3");
  const { output } = await typeLine(node, "cat /everything:example.os/log/everything.log");
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { level: "DEBUG", fields: { message: "looked", at: "7" }, target: "everything" },
    { level: "WARN", fields: { message: "low on ink", percent: 3 } },
  ]);
});

test("[P25] 25.1 scripting: arguments, a pipe, a failure with its text", async () => {
  const shout = "shout:everything:example.os";
  expect((await typeLine(node, `${shout} -n 2 hey 'you  there'`)).output).toBe(
    "HEY YOU  THERE!HEY YOU  THERE!",
  );
  expect((await typeLine(node, `echo from a pipe | ${shout}`)).output).toBe("FROM A PIPE!");
  expect(await typeLine(node, shout)).toMatchObject({
    output: "",
    errors: expect.stringContaining("nothing to shout"),
  });
  expect((await typeLine(node, `${shout} --loud`)).errors).toContain("usage: shout");
});

test("[P25] 25.7 homepage: an entry comes and goes", async () => {
  const labels = async () =>
    ((await (await node.fetch("/apps")).json()) as { label: string }[]).map(({ label }) => label);
  await run("home", "Everything");
  expect(await labels()).toContain("Everything");
  await run("home", null);
  expect(await labels()).not.toContain("Everything");
});

test("schedule: a function is called at its time", async () => {
  await run("schedule");
  for (let i = 0; i < 13; i++) await node.advance(5_000);
  let inbox: unknown[] = [];
  while (inbox.length === 0) inbox = (await run("inbox")) as unknown[];
  expect(inbox[0]).toBe("scheduled");
  expect(await run("unschedule")).toBe(true);
});

test("[P25] 25.1 the process itself: its address, what it may, what happens at its end", async () => {
  expect(await run("kernel")).toEqual({
    our: `${node.name}@${PROCESS}`,
    mayMessageTimer: true,
    mayMessageKernel: false,
    exit: "restart",
    drive: "/everything:example.os/pkg",
  });
});
