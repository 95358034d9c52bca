/** Two real programs with local identities on one machine, started and introduced as README.md says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlAnswer, ControlPeers } from "@kinode-ts/types";
import { freePort } from "@kinode-ts/testing/free-port";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { type NodeProgram, packExample, startNodeProgram } from "./node-program.ts";
import { kinode } from "./run-kinode.ts";

const README = readFileSync(join(import.meta.dir, "../../../README.md"), "utf8");
const CHAT = "chat:chat:example.os";
const TRANSFER_PACKAGE = "file-transfer:example.os";
const TRANSFER = `file-transfer:${TRANSFER_PACKAGE}`;
const FILE_BYTES = 8 * 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), "two-nodes-"));
const home = (name: string): string => join(folder, name);

/** Of their own: those that nodes take by themselves may be another one's while a node is stopped. */
const PORTS = Object.fromEntries(
  ["alice", "bob"].map((name) => [
    name,
    ["--tcp-port", String(freePort()), "--ws-port", String(freePort())],
  ]),
);
const start = (name: string, flags: readonly string[] = []): Promise<DetachedNode> =>
  startDetached(home(name), [...flags, ...PORTS[name]!]);

/** The flags that README gives for the node of this home. */
function flagsOf(name: string): string[] {
  const [, flags = ""] = new RegExp(`^bun start \\./${name} (.*)$`, "m").exec(README) ?? [];
  expect(flags).not.toBe("");
  return flags.split(" ");
}

/** A command of README, with these homes and this invitation. */
function typed(command: string, text = ""): Promise<Awaited<ReturnType<typeof kinode>>> {
  const [line] = new RegExp(`^bun kinode ${command} .*$`, "m").exec(README) ?? [""];
  const words = line.split(" ").slice(2);
  expect(words.length).toBeGreaterThan(1);
  return kinode(
    ...words.map((word) =>
      word.startsWith("./") ? home(word.slice(2)) : word.startsWith("kinode1") ? text : word,
    ),
  );
}

async function send(node: DetachedNode, target: string, body: string): Promise<ControlAnswer> {
  return await node.post<ControlAnswer>("send", { target, body, timeout: 30 });
}

let alice: DetachedNode;
let bob: DetachedNode;
/** The one that Bob came on. */
let used = "";
beforeAll(async () => {
  alice = await start("alice", flagsOf("alice"));
  bob = await start("bob", flagsOf("bob"));
  for (const example of ["chat", "file-transfer"]) {
    // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
    const zip = await packExample(example, folder);
    for (const name of ["alice", "bob"]) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await kinode("install", zip, "--yes", "--home", home(name))).code).toBe(0);
    }
  }
}, 120_000);
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

test("strangers are offline to each other, with an invitation they talk", async () => {
  expect(await send(bob, "alice.local@net:distro:sys", "hello")).toEqual({
    kind: "send-error",
    error: "offline",
  });
  const invited = await typed("invite");
  expect(invited).toMatchObject({ code: 0, err: "" });
  expect(invited.out).toMatch(/^kinode1[a-z2-7]+$/);
  used = invited.out;
  const joined = await typed("join", used);
  expect(joined).toMatchObject({ code: 0, err: "" });
  expect(joined.out).toContain("This node and alice.local know each other now (direct at ");
  const answers = await Promise.all([
    send(bob, "alice.local@net:distro:sys", "good morning"),
    send(alice, "bob.local@net:distro:sys", "good evening"),
  ]);
  expect(answers).toMatchObject([
    { kind: "response", source: "alice.local@net:distro:sys", body: "ack" },
    { kind: "response", source: "bob.local@net:distro:sys", body: "ack" },
  ]);
  expect(alice.output()).toContain("bob.local: good morning");
  expect(bob.output()).toContain("alice.local: good evening");
}, 120_000);

async function history(node: DetachedNode): Promise<unknown> {
  const { body } = (await send(node, `our@${CHAT}`, '"History"')) as { body: string };
  return JSON.parse(body);
}

test("the chats of both nodes reach each other", async () => {
  const say = (from: DetachedNode, room: string, author: string, text: string) =>
    send(from, `our@${CHAT}`, JSON.stringify({ Send: { room, author, text, at: 1 } }));
  const question = await say(bob, "alice.local", "bob", "is this the right room?");
  expect(question).toMatchObject({ body: '{"Ok":null}' });
  const answer = await say(alice, "bob.local", "alice", "it is");
  expect(answer).toMatchObject({ body: '{"Ok":null}' });
  const said = [
    { author: "bob", text: "is this the right room?" },
    { author: "alice", text: "it is" },
  ];
  expect(await history(alice)).toMatchObject(said.map((each) => ({ ...each, room: "bob.local" })));
  expect(await history(bob)).toMatchObject(said.map((each) => ({ ...each, room: "alice.local" })));
}, 120_000);

const offered = (name: string, file: string): string =>
  join(home(name), "vfs/file-transfer:example.os/files", file);

/** Asks Bob's file transfer. */
async function ask(body: object | string): Promise<unknown> {
  const answer = await send(bob, `our@${TRANSFER}`, JSON.stringify(body));
  return JSON.parse((answer as { body: string }).body);
}

/** Until the newest download has ended. */
async function transferred(): Promise<void> {
  const deadline = performance.now() + 60_000;
  const stage = async (): Promise<string | undefined> => {
    const { Progress: all } = (await ask("Progress")) as { Progress: { stage: string }[] };
    return all.at(-1)?.stage;
  };
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
  while ((await stage()) === "fetching" && performance.now() < deadline) await Bun.sleep(50);
}

test("a file of 8 MiB is fetched from the other node", async () => {
  const bytes = Buffer.alloc(FILE_BYTES);
  for (let at = 0; at < FILE_BYTES; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  writeFileSync(offered("alice", "holiday.bin"), bytes);
  expect(await ask({ ListFiles: { node: "alice.local" } })).toEqual({
    ListFiles: [{ name: "holiday.bin", size: FILE_BYTES }],
  });
  expect(await ask({ Download: { name: "holiday.bin", target: "alice.local" } })).toBe("Started");
  await transferred();
  expect(await ask("Progress")).toMatchObject({
    Progress: [{ stage: "done", progress: 100, problem: null }],
  });
  expect(readFileSync(offered("bob", "holiday.bin")).equals(bytes)).toBe(true);
}, 120_000);

test("[N37] a message for a process without network capability, or for none, is dropped without a reply", async () => {
  const ask = (target: string): Promise<ControlAnswer> =>
    bob.post<ControlAnswer>("send", { target, body: '"GetApps"', timeout: 2 });
  // It answers at home, so only the border keeps the answer back.
  const own = await alice.post<ControlAnswer>("send", {
    target: "our@homepage:homepage:sys",
    body: '"GetApps"',
    timeout: 30,
  });
  expect(own.kind).toBe("response");
  const timeout = { kind: "send-error", error: "timeout" } as const;
  const targets = ["alice.local@homepage:homepage:sys", "alice.local@nobody:nothing:sys"];
  expect(await Promise.all(targets.map(ask))).toEqual([timeout, timeout]);
  expect(alice.output()).toContain("homepage:homepage:sys has no network capability");
  // The connection is as it was.
  expect(await send(bob, "alice.local@net:distro:sys", "still here")).toMatchObject({
    body: "ack",
  });
}, 120_000);

const FOREIGN_DB = { package_id: { package_name: "terminal", publisher_node: "sys" }, db: "far" };
/** What every module would answer at home, whatever it answers. */
const MODULE_REQUESTS: Readonly<Record<string, unknown>> = {
  vfs: { path: "/terminal:sys/far", action: "CreateDrive" },
  kv: { ...FOREIGN_DB, action: "Open" },
  sqlite: { ...FOREIGN_DB, action: "Open" },
  state: { GetState: CHAT },
  timer: { SetTimer: 0 },
  "http-server": { Unbind: { path: "/far" } },
  "http-client": { WebSocketClose: { channel_id: 1 } },
  "fd-manager": "GetState",
};

test("[M8] modules drop requests of other nodes; an RPC that names another node gets its answer", async () => {
  const asked = (from: DetachedNode, to: string, timeout: number): Promise<unknown[]> =>
    Promise.all(
      Object.entries(MODULE_REQUESTS).map(async ([module, body]) => {
        const target = `${to}@${module}:distro:sys`;
        const text = JSON.stringify(body);
        const answer = await from.post<ControlAnswer>("send", { target, body: text, timeout });
        return [module, answer.kind === "send-error" ? answer.error : answer.kind];
      }),
    );
  // Of sqlite nothing is on the disk before something is written.
  const places = ["vfs/terminal:sys/far", "kv/terminal:sys/far"];
  const made = (): string[] => places.filter((place) => existsSync(join(home("alice"), place)));
  const modules = Object.keys(MODULE_REQUESTS);
  expect(await asked(bob, "alice.local", 2)).toEqual(modules.map((each) => [each, "timeout"]));
  expect(made()).toEqual([]);
  // At home the same is answered and done.
  expect(await asked(alice, "our", 30)).toEqual(modules.map((each) => [each, "response"]));
  expect(made()).toEqual(places);

  const token = readFileSync(join(home("bob"), ".local-token"), "utf8").trim();
  const message = { node: "alice.local", process: "net:distro:sys", body: "by RPC" };
  const answer = await fetch(`${bob.url}/rpc:distro:sys/message`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...message, expects_response: 15 }),
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ body: [...Buffer.from("ack")], lazy_load_blob: null });
  expect(alice.output()).toContain("bob.local: by RPC");
}, 120_000);

test("a wrong, used or own invitation is a clear line", async () => {
  const { out: text } = await kinode("invite", "--home", home("alice"));
  const cut = await kinode("join", text.slice(0, -4), "--home", home("bob"));
  expect([cut.code, cut.err]).toEqual([1, expect.stringContaining("copy the whole line")]);
  const own = await kinode("join", text, "--home", home("alice"));
  expect([own.code, own.err]).toEqual([1, expect.stringContaining("of this node itself")]);
  // Who is known already takes no place.
  expect((await kinode("join", text, "--home", home("bob"))).code).toBe(0);
  const carol = await startDetached(home("carol"), ["--name", "carol.local", "--ws-port", "0"]);
  const late = await kinode("join", used, "--home", home("carol"));
  expect([late.code, late.err]).toEqual([1, expect.stringContaining("was used already")]);
  expect(await carol.get<ControlPeers>("peers")).toMatchObject({ peers: [] });
  await carol.stop();
}, 120_000);

test("a person sees who is known; both nodes know each other after their restart, and a download goes on", async () => {
  const listed = await kinode("peers", "--home", home("alice"));
  expect(listed.out).toMatch(/^alice\.local, reached at .*127\.0\.0\.1:\d+$/m);
  expect(listed.out).toMatch(/^bob\.local +direct at \S+ +now +(?:[0-9a-f]{4} ){7}[0-9a-f]{4}/m);
  writeFileSync(offered("alice", "late.txt"), "it was worth the wait");
  await alice.stop();
  expect(await ask({ Download: { name: "late.txt", target: "alice.local" } })).toBe("Started");
  await bob.killHard();
  bob = await start("bob");
  const early = await send(bob, "alice.local@net:distro:sys", "too early");
  expect(early).toEqual({ kind: "send-error", error: "offline" });
  alice = await start("alice");
  // On both of its ports, as before.
  expect(alice.output()).not.toContain("Cannot listen");
  expect(await send(bob, "alice.local@net:distro:sys", "again")).toMatchObject({ body: "ack" });
  await transferred();
  expect(readFileSync(offered("bob", "late.txt"), "utf8")).toBe("it was worth the wait");
}, 120_000);

test("[P19][P19.3] hi, peer, peers and net-diagnostics between two nodes; files come by command; a removed node hears nothing", async () => {
  await bob.stop();
  const program: NodeProgram = await startNodeProgram(home("bob"), [
    "--port",
    "0",
    ...PORTS["bob"]!,
  ]);
  await program.type("hi alice.local good morning");
  await program.shows(/response from alice\.local: ack/);
  expect(alice.output()).toContain("bob.local: good morning");
  await program.type("peer alice.local");
  await program.shows(/key: [0-9a-f]{64}\s[^]*routing: direct at \S+ with tcp, ws/);
  await program.type("peer nobody.local");
  await program.shows(/no PKI entry for nobody\.local/);
  program.forget();
  await program.type("peers");
  await program.shows(/terminal:sys: alice\.local\s[^]*key: [0-9a-f]{64}\s[^]*routing: direct at /);
  await program.type("net-diagnostics");
  await program.shows(/we are bob\.local, direct at .*alice\.local: connected/s);
  writeFileSync(offered("alice", "note.txt"), "by command");
  await program.type(`list-files:${TRANSFER_PACKAGE} alice.local`);
  await program.shows(/ 8388608 {2}holiday\.bin/);
  await program.shows(/ 10 {2}note\.txt/);
  await program.type(`download:${TRANSFER_PACKAGE} alice.local note.txt`);
  await program.shows(/note\.txt from alice\.local is in \/file-transfer:example\.os\/files/);
  expect(readFileSync(offered("bob", "note.txt"), "utf8")).toBe("by command");
  await program.type(`download:${TRANSFER_PACKAGE} alice.local gone.txt`);
  await program.shows(/gone\.txt: alice\.local says: there is no file "gone\.txt"/);
  expect((await kinode("peers", "remove", "bob.local", "--home", home("alice"))).code).toBe(0);
  program.forget();
  await program.type("hi alice.local are you there");
  await program.shows(/message to alice\.local timed out|alice\.local is offline/);
  expect(alice.output()).not.toContain("are you there");
  await program.stop();
}, 120_000);

test("a port that is taken is a line, and the node is there", async () => {
  const taken = Bun.listen({ hostname: "::", port: 0, socket: { data() {} } });
  const flags = ["--tcp-port", String(taken.port), "--ws-port", "0", "--name", "dora.local"];
  const dora = await startDetached(home("dora"), flags);
  expect(dora.output()).toContain(`Cannot listen for nodes on tcp port ${taken.port}`);
  expect(await dora.get<ControlPeers>("peers")).toMatchObject({ our: { addresses: [] } });
  await dora.stop();
  taken.stop(true);
}, 120_000);
