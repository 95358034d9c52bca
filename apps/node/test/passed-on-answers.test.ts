/**
 * A request that a process passes on without waiting itself: whoever asked first hears the module, with the context of its own
 * question. Real processes, so that every id and address is the kernel's.
 * Source: spec/runtime-modules.md §1.2.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const FORWARDER = `
import { defineProcess, send, serve } from "@kinode-ts/stdlib";

export default defineProcess(() =>
  serve(async (message) => {
    const { target, body } = message.json() as { target: string; body: unknown };
    await send("our@" + target, JSON.stringify(body), { inherit: true });
  }),
);
`;

const ASKER = `
import { defineProcess, request, serve } from "@kinode-ts/stdlib";

export default defineProcess(() =>
  serve(async (message) => {
    const answer = await request("forwarder:forwarder:example.os", message.text(), { timeout: "30s" });
    return { from: answer.source.toString().split("@")[1], text: answer.text() };
  }),
);
`;

const MODULES = ["vfs", "kv", "sqlite", "timer", "http-server", "http-client"];
const web = Bun.serve({ port: 0, fetch: () => new Response("hello", { status: 202 }) });

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const modules = MODULES.map((name) => `${name}:distro:sys`);
  await installScript(node, "forwarder", FORWARDER, {
    request: modules,
    grant: [...modules, "asker:asker:example.os"],
  });
  await installScript(node, "asker", ASKER, {
    request: ["forwarder:forwarder:example.os"],
    grant: modules,
  });
}, 120_000);
afterAll(async () => {
  await node.stop();
  await web.stop(true);
  removeScripts();
});

const DB = { package_id: { package_name: "forwarder", publisher_node: "example.os" }, db: "d" };
const DRIVE = "/forwarder:example.os/data";
/** In order: what is asked of a module, and what it answers. */
const PASSED_ON: readonly (readonly [module: string, body: unknown, answer: unknown])[] = [
  ["vfs", { path: DRIVE, action: "CreateDrive" }, "Ok"],
  [
    "vfs",
    { path: `${DRIVE}/none`, action: "Read" },
    { Err: { IOError: "No such file or directory (os error 2)" } },
  ],
  ["kv", { ...DB, action: "Open" }, "Ok"],
  ["kv", { ...DB, action: { Get: [9] } }, { Err: "KeyNotFound" }],
  ["sqlite", { ...DB, action: "Open" }, "Ok"],
  ["sqlite", { ...DB, action: { Query: "nonsense" } }, { Err: "NotAReadKeyword" }],
  ["timer", { SetTimer: 0 }, ""],
  ["http-server", { Unbind: { path: "/x" } }, { Ok: null }],
  [
    "http-client",
    { Http: { method: "GET", url: `http://127.0.0.1:${web.port}/`, headers: {} } },
    { Ok: { Http: expect.objectContaining({ status: 202 }) } },
  ],
];

test("[M7] the answer to a request that was passed on goes to who asked first, of every module", async () => {
  for (const [module, body, wanted] of PASSED_ON) {
    const question = { target: `${module}:distro:sys`, body };
    const { body: heard } = await node.ask("asker:asker:example.os", question);
    const { from, text } = heard as { from: string; text: string };
    expect([from, text === "" ? "" : JSON.parse(text)]).toEqual([question.target, wanted]);
  }
}, 120_000);
