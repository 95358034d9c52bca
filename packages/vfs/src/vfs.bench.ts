/**
 * Cost of requests to the vfs, message handling included, beside the same calls of the host. Run: `bun src/vfs.bench.ts`
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KernelMessage, ModuleContext } from "@kinode-ts/types";
import { openFolderVfs } from "./vfs-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-vfs-bench-"));
const vfs = openFolderVfs({ folder });
let answered: () => void = () => {};
const address = { node: "alice.os", process: vfs.id };
await vfs.start!({
  our: "alice.os",
  address,
  send: () => 0,
  respond: () => answered(),
  respondTo: () => answered(),
  holds: () => false,
  grant: async () => true,
  exists: () => true,
  print: () => {},
} satisfies ModuleContext);
await vfs.files.makeDirectories("/p:x.os/data");

const encoder = new TextEncoder();
const source = { node: "alice.os", process: "main:p:x.os" as KernelMessage["source"]["process"] };

function request(path: string, action: unknown, bytes?: Uint8Array): KernelMessage {
  const body = encoder.encode(JSON.stringify({ path, action }));
  return {
    id: 1,
    source,
    target: address,
    rsvp: source,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: 5,
      body,
      metadata: undefined,
      capabilities: [],
    },
    blob: bytes && { mime: undefined, bytes },
  };
}

async function microseconds(count: number, once: () => void | Promise<void>): Promise<string> {
  for (let index = 0; index < count / 10; index++) await once();
  const start = performance.now();
  for (let index = 0; index < count; index++) await once();
  return (((performance.now() - start) * 1_000) / count).toFixed(1);
}

function ask(message: KernelMessage): Promise<void> {
  return new Promise((resolve) => {
    answered = resolve;
    vfs.handle(message);
  });
}

const host = join(folder, "p:x.os/data/host");
for (const [name, size, count] of [
  ["1 KiB", 1_024, 5_000],
  ["64 KiB", 65_536, 2_000],
  ["4 MiB", 4_194_304, 60],
] as const) {
  const bytes = new Uint8Array(size).fill(65);
  const write = request("/p:x.os/data/f", "Write", bytes);
  const read = request("/p:x.os/data/f", "Read");
  const rows: [string, () => void | Promise<void>][] = [
    ["Write", () => ask(write)],
    ["host writeFileSync", () => writeFileSync(host, bytes)],
    ["Read", () => ask(read)],
    ["host readFileSync", () => void readFileSync(host)],
  ];
  for (const [label, once] of rows) {
    console.log(`${name} ${label}: ${await microseconds(count, once)} µs`);
  }
}
const append = request("/p:x.os/data/log", "Append", new Uint8Array(100));
await ask(request("/p:x.os/data/log", "CreateFile"));
console.log(`100 B Append: ${await microseconds(5_000, () => ask(append))} µs`);
rmSync(folder, { recursive: true });
