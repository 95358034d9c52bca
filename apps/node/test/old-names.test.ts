/** Packages of versions 0.8 and 0.9 call modules by their old names. Source: spec/runtime-modules.md §1.1. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `
import { defineProcess, request, serve } from "@kinode-ts/stdlib";

const seen: string[] = [];
export default defineProcess(async () => {
  const bind = (path: string, module: string) =>
    request("our@" + module, { Bind: { path, authenticated: true, local_only: false, cache: false } });
  const answer = await bind("/old", "http_server:distro:sys");
  seen.push("bound by " + answer.source.toString().split("@")[1]);
  await serve(async (message) => {
    const text = message.text();
    if (text === '"seen"') return seen;
    if (text === '"today"') {
      seen.push("bound by " + (await bind("/old", "http-server:distro:sys")).source.toString().split("@")[1]);
      return "now";
    }
    if (text === '"fetch"') {
      const get = { method: "GET", version: null, url: "http://127.0.0.1:1/", headers: {} };
      const refused = await request("our@http_client:distro:sys", { Http: get });
      return [refused.source.toString().split("@")[1], Object.keys((refused.json() as { Err: object }).Err)];
    }
    if (text === '"limits"') {
      const limits = await request("our@fd_manager:distro:sys", '"GetState"');
      return [limits.source.toString().split("@")[1], Object.keys(limits.json() as object)];
    }
    seen.push("asked by " + message.source.toString().split("@")[1]);
    return JSON.stringify({ status: 200, headers: {} });
  });
});
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const modules = [
    "http_server:distro:sys",
    "http_client:distro:sys",
    "fd_manager:distro:sys",
    "http-server:distro:sys",
    "http-client:distro:sys",
  ];
  await installScript(node, "old", SOURCE, { request: modules, grant: modules });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const OLD = "old:old:example.os";
const ask = async (what: string): Promise<unknown> => (await node.ask(OLD, `"${what}"`)).body;

test("who calls the HTTP server by its old name is answered and asked under that name", async () => {
  expect((await node.fetch(`/${OLD}/old`)).status).toBe(200);
  expect(await ask("seen")).toEqual([
    "bound by http_server:distro:sys",
    "asked by http_server:distro:sys",
  ]);
});

test("the HTTP client answers under its old name as well", async () => {
  expect(await ask("fetch")).toEqual(["http_client:distro:sys", ["ExecuteRequestFailed"]]);
});

test("the manager of open files answers under its old name as well", async () => {
  expect(await ask("limits")).toEqual(["fd_manager:distro:sys", ["GetState"]]);
});

test("whoever uses today's name hears today's name", async () => {
  await ask("today");
  expect((await node.fetch(`/${OLD}/old`)).status).toBe(200);
  expect(((await ask("seen")) as string[]).slice(2)).toEqual([
    "bound by http-server:distro:sys",
    "asked by http-server:distro:sys",
  ]);
});
