import { expect, test } from "bun:test";
import type { FileSource, ServedFiles } from "../src/index.ts";
import { APP, OTHER, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const PATH = "/p:x.os/pkg/big.bin";

/** Drives with one file, that note what is done with it. */
class OneFile implements ServedFiles {
  bytes = new TextEncoder().encode("0123456789");
  version = 1;
  openCount = 0;
  readBytes = 0;
  allowed = true;

  mayRead(process: string, path: string): boolean {
    return this.allowed && process === APP && path.startsWith("/p:x.os/");
  }

  async open(path: string): Promise<FileSource | undefined> {
    if (path !== PATH) return undefined;
    this.openCount++;
    return {
      size: this.bytes.length,
      trace: `inode 7 version ${this.version}`,
      read: async (position, length) => {
        const part = this.bytes.slice(position, position + length);
        this.readBytes += part.length;
        return part;
      },
      close: () => void this.openCount--,
    };
  }
}

async function bind(node: WebNode, file: unknown, app = APP, more = {}): Promise<unknown> {
  const fields = { path: "/f", authenticated: false, local_only: false, cache: false };
  return (await node.harness.ask(app, { body: { Bind: { ...fields, file, ...more } } })).json;
}

test("a file is served whole, in parts, and not again to who has it; it is closed afterwards", async () => {
  const files = new OneFile();
  await using node = await startWebNode({ files });
  node.serve(pageOf);
  expect(await bind(node, { path: PATH, mime: "text/x-own" })).toEqual({ Ok: null });
  const get = async (headers: Record<string, string> = {}, method = "GET") => {
    const response = await node.get(`/${APP}/f`, { headers, method });
    return { response, text: await response.text() };
  };
  const whole = await get();
  expect([whole.text, whole.response.headers.get("content-type")]).toEqual([
    "0123456789",
    "text/x-own",
  ]);
  const etag = whole.response.headers.get("etag")!;
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  const part = await get({ range: "bytes=3-5" });
  expect([part.response.status, part.text]).toEqual([206, "345"]);
  expect(part.response.headers.get("content-range")).toBe("bytes 3-5/10");
  expect((await get({ range: "bytes=10-" })).response.status).toBe(416);
  const head = await get({}, "HEAD");
  expect([head.response.headers.get("content-length"), head.text]).toEqual(["10", ""]);
  expect((await get({ "if-none-match": etag })).response.status).toBe(304);
  files.bytes = new TextEncoder().encode("changed!!!");
  files.version++;
  expect((await get({ "if-none-match": etag })).text).toBe("changed!!!");
  expect((await get({ range: "bytes=0-0", "if-range": etag })).text).toBe("changed!!!");
  expect(files.openCount).toBe(0);
  await get({}, "POST");
  expect(node.received.map(({ http }) => http["method"])).toEqual(["POST"]);
});

test("a large file is read as far as its client takes it, and closed when that goes", async () => {
  const files = new OneFile();
  files.bytes = new Uint8Array(64 * 1024 * 1024);
  await using node = await startWebNode({ files });
  await bind(node, { path: PATH });
  const response = await node.get(`/${APP}/f`);
  const reader = response.body!.getReader();
  await reader.read();
  await Bun.sleep(50);
  expect(files.readBytes).toBeLessThan(32 * 1024 * 1024);
  await reader.cancel();
  while (files.openCount > 0) await Bun.sleep(1);
  const all = await (await node.get(`/${APP}/f`)).bytes();
  expect(all.length).toBe(files.bytes.length);
});

test("a file that becomes shorter while it is sent arrives broken", async () => {
  const files = new OneFile();
  files.bytes = new Uint8Array(64 * 1024 * 1024);
  await using node = await startWebNode({ files });
  await bind(node, { path: PATH });
  const response = await node.get(`/${APP}/f`);
  files.bytes = new Uint8Array(0);
  await expect(response.bytes()).rejects.toThrow();
  expect(files.openCount).toBe(0);
});

test("a small file says how long it is, and one that becomes shorter meanwhile is 500", async () => {
  const files = new OneFile();
  await using node = await startWebNode({ files });
  await bind(node, { path: PATH });
  for (const [range, length] of [
    ["", "10"],
    ["bytes=2-4", "3"],
  ] as const) {
    const { headers } = await node.get(`/${APP}/f`, { headers: range === "" ? {} : { range } });
    expect(headers.get("content-length")).toBe(length);
  }
  const { open } = files;
  files.open = async (path) => {
    const source = await open.call(files, path);
    files.bytes = new Uint8Array(3);
    return source;
  };
  const broken = await node.get(`/${APP}/f`);
  expect([broken.status, await broken.text()]).toEqual([500, ""]);
  expect(files.openCount).toBe(0);
});

test("only who may read a file can bind it, and it is gone when the right is", async () => {
  const files = new OneFile();
  await using node = await startWebNode({ files });
  expect(await bind(node, { path: PATH }, OTHER)).toEqual({ Err: "NoReadCap" });
  expect(await bind(node, { path: "/other:y.os/pkg/x" })).toEqual({ Err: "NoReadCap" });
  for (const bad of ["text", [], {}, { path: 7 }, { path: PATH, mime: "a\nb" }]) {
    expect(await bind(node, bad)).toEqual({ Err: "MalformedRequest" });
  }
  await bind(node, { path: PATH });
  expect((await node.get(`/${APP}/f`)).status).toBe(200);
  files.allowed = false;
  expect((await node.get(`/${APP}/f`)).status).toBe(404);
  await using without = await startWebNode();
  expect(await bind(without, { path: PATH })).toEqual({ Err: "NoReadCap" });
});
