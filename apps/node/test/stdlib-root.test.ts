/**
 * The root of the library from a sandboxed package on a whole node: receiving by hand, children, blobs, state as bytes,
 * capabilities that are passed on, what happens at the end, the builders.
 * Source: spec/packages-and-tools.md §25.1–25.3.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";

/** Receives by hand: each message says what it is to be answered with. */
const SOURCE = `
import * as v from "@kinode-ts/stdlib";
import { sleep } from "@kinode-ts/stdlib/timer";

const shout = v.inline(async (our, arg) => {
  await v.send("root:root:example.os", { Shouted: arg.toUpperCase(), by: our.process.slice(0, 9) });
});
const told: unknown[] = [];
const text = (blob: v.LazyLoadBlob | undefined) => blob && v.decodeUtf8(blob.bytes);

const commands: Record<string, (message: v.IncomingRequest) => unknown> = {
  our: () => [String(v.our), v.our.node === v.our().node, v.our.package, JSON.stringify({ our: v.our })],
  async child() {
    const mine = v.Capability.withJson(v.our(), { may: "ask" });
    const child = await v.spawn({
      entry: "child.js",
      name: "kid",
      onExit: "none",
      request: [mine],
      grant: [{ to: "root:root:example.os" }],
      public: false,
    });
    const taken = await v.spawn({ entry: "child.js", name: "kid" }).catch((error) => error.code);
    const missing = await v.spawn({ entry: "none.js" }).catch((error) => error.code);
    const answer = await v.request(child, "hello", { blob: { mime: "a/b", bytes: v.encodeUtf8("blob") }, attach: "messaging" });
    const seen = answer.json() as { mayAsk: boolean };
    return { child: child.toString(), taken, missing, seen, blob: answer.blobAs((value) => value) ?? null };
  },
  async inline() {
    const id = await v.spawnInline(shout, "quiet");
    const undeclared = await v.spawnInline(async () => {}).catch((error) => error.name);
    return { kind: /^inline-0-\\d+:root:example.os$/.test(id.toString()), undeclared };
  },
  told: () => told.splice(0),
  async state() {
    const before = await v.state.raw.get();
    await v.state.raw.set(Uint8Array.of(1, 2, 3));
    const kept = [...((await v.state.raw.get()) ?? [])];
    await v.state.raw.clear();
    return { before: before === undefined, kept, after: (await v.state.raw.get()) === undefined };
  },
  async capabilities(message) {
    const [given] = message.capabilities;
    const held = () => v.capabilities.find(given!.issuer, JSON.parse(given!.params)) !== undefined;
    const steps = [held()];
    await v.capabilities.save(message);
    steps.push(held(), v.capabilities.list().some((each) => given!.equals(each)));
    await v.capabilities.drop([given!]);
    steps.push(held());
    return steps;
  },
  exit() {
    const before = v.onExit.get();
    v.onExit.set([{ target: "giver:root:example.os", body: "it ended" }]);
    const set = v.onExit.get();
    v.onExit.set("restart");
    return { before, set: Array.isArray(set) && set.length, after: v.onExit.get() };
  },
  blobs(message) {
    const own = [message.hasBlob, text(message.blob()) ?? null, message.blobAs((value) => (value as { n: number }).n) ?? null];
    return v.reply({ own, last: text(v.lastBlob()) ?? null }, { blob: v.jsonBlob({ answered: true }) });
  },
  async web() {
    const blob = new Blob(["from the web"], { type: "text/x" });
    const answer = await v.request("giver:root:example.os", "Echo", { blob });
    return { mime: answer.blob()?.mime, text: text(answer.blob()) };
  },
  async builders() {
    const answer = await v.Request.to("giver:root:example.os").body("Echo").metadata("m").blobBytes("b").blobMime("x/y")
      .attachMessaging().attachAll().context("c").sendAndAwaitResponse(5);
    const context = v.decodeUtf8(answer.context ?? new Uint8Array());
    await v.sendAll([{ target: "giver:root:example.os", body: "Note" }, v.Request.to("giver:root:example.os").body("Note").build()]);
    const notes = (await v.request({ target: "giver:root:example.os", body: "Notes", timeout: "5s" })).json();
    return { body: answer.json(), mime: answer.blob()?.mime, blob: text(answer.blob()), context, notes };
  },
  async failures() {
    const codes: unknown[] = [];
    const caught = (error: v.SendError) => codes.push([error.name, error.code, error.isOffline, error.text(), v.decodeUtf8(error.context ?? new Uint8Array())]);
    await v.request("nobody:root:example.os", "a", { context: "c" }).catch(caught);
    await v.request("far.os@a:b:c", "b", { timeout: "1s" }).catch(caught);
    const stop = new AbortController();
    const waiting = v.request("giver:root:example.os", "Silence", { timeout: "60s", signal: stop.signal });
    stop.abort(new Error("stopped"));
    codes.push(await waiting.catch((error) => error.message));
    codes.push(await v.request(undefined as never, "x").catch((error) => error.code));
    return codes;
  },
};

export default v.defineProcess(async () => {
  // Partly by hand: the first by receive, the second by its body alone, the rest as a loop.
  const first = await v.receive();
  v.respond(first.kind + " " + first.text());
  told.push(v.decodeUtf8(await v.receiveBody()));
  for await (const message of v.inbox) {
    if (message.kind !== "request") continue;
    const command = commands[message.text()];
    if (command === undefined) {
      told.push(message.json());
      continue;
    }
    try {
      const answer = await command(message);
      message.respond(answer instanceof v.Reply ? answer : (answer as object));
    } catch (error) {
      message.respond({ failed: String(error) });
    }
  }
});
`;

const CHILD = `
import { capabilities, defineProcess, jsonBlob, our, reply, serve } from "@kinode-ts/stdlib";

export default defineProcess(() =>
  serve((message) => {
    const mayAsk = capabilities.find("root:root:example.os", { may: "ask" }) !== undefined;
    const { mime } = message.blob() ?? {};
    const attached = message.capabilities.map(({ params }) => params);
    const from = message.isFrom("root:root:example.os") && message.isLocal && message.source.node === our.node;
    return reply({ mayAsk, mime, attached, from }, { blob: jsonBlob({ n: 1 }) });
  }),
);
`;

const GIVER = `
import { Capability, defineProcess, jsonBlob, our, reply, request, serve } from "@kinode-ts/stdlib";

const notes: string[] = [];
export default defineProcess(() =>
  serve(async (message) => {
    const body = message.text();
    if (body === "Echo") return reply({ metadata: message.metadata, attached: message.capabilities.length }, { inherit: true });
    if (body === "Note") return void notes.push(body);
    if (body === "Notes") return notes.splice(0);
    if (body === "Silence") return undefined;
    const capability = Capability.withJson(our(), { right: 1 });
    const options = body === "capabilities" ? { attach: [capability] } : { blob: jsonBlob({ n: 7 }) };
    const answer = await request("root:root:example.os", body, options);
    return { answer: answer.json(), blob: answer.blobAs((value) => value) ?? null };
  }),
);
`;

const WIDGET = `
import { defineWidget } from "@kinode-ts/stdlib";

export default defineWidget({ label: "Weather", html: "<p>sunny</p>" });
`;

const PROCESS = "root:root:example.os";
const entry = (name: string, more: object = {}) => ({
  process_name: name,
  process_wasm_path: `/${name}.js`,
  on_exit: name === "widget" ? "None" : "Restart",
  request_networking: true,
  request_capabilities: [
    ...["timer:distro:sys", "vfs:distro:sys", "homepage:homepage:sys"],
    ...["root", "giver"].map((each) => `${each}:root:example.os`),
  ],
  grant_capabilities: [
    ...["timer:distro:sys", "vfs:distro:sys", "homepage:homepage:sys", "terminal:terminal:sys"],
    ...["root", "giver"].map((each) => `${each}:root:example.os`),
  ],
  public: false,
  ...more,
});

// Generous: a machine under load is slow, never wrong.
setDefaultTimeout(60_000);

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const folder = writeScript("root", SOURCE, {
    files: { "src/child.ts": CHILD, "src/giver.ts": GIVER, "src/widget.ts": WIDGET },
  });
  // What the manifest names is built: the child is there as a program for `spawn`, and runs once on its own.
  const manifest = [entry("root"), entry("giver"), entry("widget"), entry("child")];
  await Bun.write(`${folder}/pkg/manifest.json`, JSON.stringify(manifest));
  await node.install(folder);
}, 60_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

/** Time passes while it is asked: a late answer needs a moment of it. */
async function ask(body: string, target = PROCESS): Promise<unknown> {
  const asking = node.ask(target, body, { timeoutSeconds: 600 });
  let isAnswered = false;
  void asking.finally(() => (isAnswered = true)).catch(() => {});
  for (; !isAnswered; await Bun.sleep(2)) await node.advance(20);
  return (await asking).body;
}

test("[P25] 25.1 messages are received one by one, by their bodies, and in a loop", async () => {
  expect(await ask("by hand")).toBe("request by hand");
  void node.ask(PROCESS, "its body", { timeoutSeconds: 1 }).catch(() => {});
  await node.advance(2_000);
  expect(await ask("told")).toEqual(["its body"]);
});

test("[P25] 25.1 our address is a value, a text, and a function", async () => {
  const text = `${node.name}@${PROCESS}`;
  expect(await ask("our")).toEqual([text, true, "root", JSON.stringify({ our: text })]);
});

test("[P25] 25.1 a child of the package's own drive gets what was asked for, and refusals are errors", async () => {
  expect(await ask("child")).toEqual({
    child: "kid:root:example.os",
    taken: "NameTaken",
    missing: "NoFileAtPath",
    seen: { mayAsk: true, mime: "a/b", attached: ['"messaging"'], from: true },
    blob: { n: 1 },
  });
});

test("[P25] 25.1 a declared function runs as a process of its own", async () => {
  expect(await ask("inline")).toEqual({ kind: true, undeclared: "TypeError" });
  let told: unknown[] = [];
  while (told.length === 0) told = (await ask("told")) as unknown[];
  expect(told).toEqual([{ Shouted: "QUIET", by: "inline-0-" }]);
});

test("[P25] 25.1 state as bytes: none, some, none", async () => {
  expect(await ask("state")).toEqual({ before: true, kept: [1, 2, 3], after: true });
});

test("[P25] 25.1 a capability that came with a message is saved, found and dropped", async () => {
  const seen = await ask("capabilities", "giver:root:example.os");
  expect(seen).toEqual({ answer: [false, true, true, false], blob: null });
});

test("[P25] 25.2 what happens at the end is read and set", async () => {
  expect(await ask("exit")).toEqual({ before: "restart", set: 1, after: "restart" });
});

test("[P25] 25.1 blobs of the current message, typed, the last one ever, and of answers", async () => {
  expect(await ask("blobs", "giver:root:example.os")).toEqual({
    answer: { own: [true, '{"n":7}', 7], last: '{"n":7}' },
    blob: { answered: true },
  });
  expect(await ask("blobs")).toEqual({ own: [false, null, null], last: '{"n":7}' });
});

test("[P25] 25.2 a web Blob travels as a blob", async () => {
  expect(await ask("web")).toEqual({ mime: "text/x", text: "from the web" });
});

test("[P25] 25.3 the builders send what they were given, and inherit passes the blob on", async () => {
  expect(await ask("builders")).toEqual({
    body: { metadata: "m", attached: 2 },
    mime: "x/y",
    blob: "b",
    context: "c",
    notes: ["Note", "Note"],
  });
});

test("[P25] 25.2 failures are errors with their kind, what failed, and the context", async () => {
  expect(await ask("failures")).toEqual([
    ["SendError", "Timeout", false, "a", "c"],
    ["SendError", "Offline", true, "b", ""],
    "stopped",
    "NoTarget",
  ]);
});

test("[P25] 25.1 a widget is on the home page, and its process has ended", async () => {
  const apps = (await (await node.fetch("/apps")).json()) as { label: string; widget: string }[];
  expect(apps).toContainEqual(
    expect.objectContaining({ label: "Weather", widget: "<p>sunny</p>" }),
  );
  expect(node.kernel.process("widget:root:example.os" as never)).toBeUndefined();
});
