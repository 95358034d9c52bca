/** Two real programs with local identities on one machine, started and introduced as README.md says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlAnswer, ControlPeers } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { type NodeProgram, packExample, startNodeProgram } from "./node-program.ts";
import { kinode } from "./run-kinode.ts";

const README = readFileSync(join(import.meta.dir, "../../../README.md"), "utf8");
const CHAT = "chat:chat:example.os";

const folder = mkdtempSync(join(tmpdir(), "two-nodes-"));
const home = (name: string): string => join(folder, name);

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
  return await node.post<ControlAnswer>("send", { target, body, timeout: 10 });
}

let alice: DetachedNode;
let bob: DetachedNode;
/** The one that Bob came on. */
let used = "";
beforeAll(async () => {
  alice = await startDetached(home("alice"), flagsOf("alice"));
  bob = await startDetached(home("bob"), flagsOf("bob"));
  const zip = await packExample("chat", folder);
  for (const name of ["alice", "bob"]) {
    // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
    expect((await kinode("install", zip, "--yes", "--home", home(name))).code).toBe(0);
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
}, 60_000);

test("the chat of one node reaches the chat of the other", async () => {
  const message = { room: "alice.local", author: "bob", text: "is this the right room?", at: 1 };
  const body = JSON.stringify({ Send: message });
  expect(await send(bob, `our@${CHAT}`, body)).toMatchObject({ body: '{"Ok":null}' });
  const { body: history } = (await send(alice, `our@${CHAT}`, '"History"')) as { body: string };
  expect(JSON.parse(history)).toMatchObject([
    { room: "bob.local", author: "bob", text: message.text },
  ]);
}, 30_000);

test("[N37] a message for a process without network capability, or for none, is dropped without a reply", async () => {
  const ask = (target: string): Promise<ControlAnswer> =>
    bob.post<ControlAnswer>("send", { target, body: '"GetApps"', timeout: 2 });
  // It answers at home, so only the border keeps the answer back.
  const own = await alice.post<ControlAnswer>("send", {
    target: "our@homepage:homepage:sys",
    body: '"GetApps"',
    timeout: 5,
  });
  expect(own.kind).toBe("response");
  const timeout = { kind: "send-error", error: "timeout" } as const;
  expect(await ask("alice.local@homepage:homepage:sys")).toEqual(timeout);
  expect(await ask("alice.local@nobody:nothing:sys")).toEqual(timeout);
  expect(alice.output()).toContain("homepage:homepage:sys has no network capability");
  // The connection is as it was.
  expect(await send(bob, "alice.local@net:distro:sys", "still here")).toMatchObject({
    body: "ack",
  });
}, 30_000);

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
}, 60_000);

test("a person sees who is known, and both nodes know each other after their restart", async () => {
  const listed = await kinode("peers", "--home", home("alice"));
  expect(listed.out).toMatch(/^alice\.local, reached at .*127\.0\.0\.1:\d+$/m);
  expect(listed.out).toMatch(/^bob\.local +direct at \S+ +now +(?:[0-9a-f]{4} ){7}[0-9a-f]{4}/m);
  await alice.stop();
  await bob.killHard();
  bob = await startDetached(home("bob"));
  const early = await send(bob, "alice.local@net:distro:sys", "too early");
  expect(early).toEqual({ kind: "send-error", error: "offline" });
  alice = await startDetached(home("alice"));
  expect(await send(bob, "alice.local@net:distro:sys", "again")).toMatchObject({ body: "ack" });
}, 60_000);

test("hi in the terminal of one node is shown by the other; a removed node hears nothing", async () => {
  await bob.stop();
  const program: NodeProgram = await startNodeProgram(home("bob"), ["--port", "0"]);
  await program.type("hi alice.local good morning");
  await program.shows(/response from alice\.local: ack/);
  expect(alice.output()).toContain("bob.local: good morning");
  await program.type("peer alice.local");
  await program.shows(/key: [0-9a-f]{64}\s[^]*routing: direct at \S+ with tcp, ws/);
  await program.type("peer nobody.local");
  await program.shows(/no PKI entry for nobody\.local/);
  await program.type("net-diagnostics");
  await program.shows(/we are bob\.local, direct at .*alice\.local: connected/s);
  expect((await kinode("peers", "remove", "bob.local", "--home", home("alice"))).code).toBe(0);
  program.forget();
  await program.type("hi alice.local are you there");
  await program.shows(/message to alice\.local timed out|alice\.local is offline/);
  expect(alice.output()).not.toContain("are you there");
  await program.stop();
}, 60_000);

test("a port that is taken is a line, and the node is there", async () => {
  const taken = Bun.listen({ hostname: "::", port: 0, socket: { data() {} } });
  const flags = ["--tcp-port", String(taken.port), "--ws-port", "0", "--name", "dora.local"];
  const dora = await startDetached(home("dora"), flags);
  expect(dora.output()).toContain(`Cannot listen for nodes on tcp port ${taken.port}`);
  expect(await dora.get<ControlPeers>("peers")).toMatchObject({ our: { addresses: [] } });
  await dora.stop();
  taken.stop(true);
}, 60_000);
