/** `fetch` of a sandboxed script through the whole node: out to a server, not back into the node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";

const ROOT = join(import.meta.dir, "../../..");
/** Inside an example, so that the library is found. */
const folder = join(ROOT, "examples/chat/target/http-client-test");

const SOURCE = `
import { defineProcess, serve } from "@kinode-ts/stdlib";

async function ask({ url, init }: { url: string; init?: RequestInit }) {
  try {
    const response = await fetch(url, init);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  } catch (thrown) {
    return { failed: String(thrown) };
  }
}

export default defineProcess(() => serve((request) => ask(request.json() as { url: string })));
`;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => new Response(`${request.method} ${await request.text()}`),
});

const file = (path: string, text: string): void => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};

let node: TestNode;
beforeAll(async () => {
  file("src/asker.ts", SOURCE);
  const properties = {
    package_name: "asker",
    publisher: "example.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
  };
  file("metadata.json", JSON.stringify({ properties }));
  file(
    "pkg/manifest.json",
    JSON.stringify([
      {
        process_name: "asker",
        process_wasm_path: "/asker.js",
        on_exit: "Restart",
        request_networking: false,
        request_capabilities: ["http-client:distro:sys"],
        grant_capabilities: ["http-client:distro:sys", "terminal:terminal:sys"],
        public: false,
      },
    ]),
  );
  node = await startTestNode();
  await node.install(folder);
}, 120_000);
afterAll(async () => {
  await node.stop();
  await server.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

const run = async (url: string, init?: RequestInit): Promise<unknown> =>
  (await node.ask("asker:asker:example.os", JSON.stringify({ url, init }))).body;

test("fetch reaches a server and brings back what it says", async () => {
  const url = `http://127.0.0.1:${server.port}/`;
  expect(await run(url)).toEqual({ status: 200, type: "text/plain;charset=utf-8", text: "GET " });
  expect(await run(url, { method: "POST", body: "hello" })).toMatchObject({ text: "POST hello" });
});

test("the node itself is out of reach, under every name of this machine", async () => {
  // the redirect to the node's own pages tells one of its ports
  const pages = (await node.fetch("/~/system")).headers.get("location");
  const { port } = new URL(pages!);
  for (const host of ["127.0.0.1", "localhost", "0.0.0.0"])
    expect(await run(`http://${host}:${port}/`)).toEqual({
      failed: expect.stringContaining("TypeError"),
    });
});
