/**
 * Cost of requests to the vfs, message handling included, beside the same calls of the host. Run: `bun src/vfs.bench.ts`
 * @module
 */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
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

function ask(message: KernelMessage): Promise<void> {
  return new Promise((resolve) => {
    answered = resolve;
    vfs.handle(message);
  });
}

/** Best of several rounds: others share the machine. */
async function best(count: number, once: (round: number) => void | Promise<void>): Promise<number> {
  let least = Infinity;
  let number = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let index = 0; index < count; index++) await once(number++);
    least = Math.min(least, ((performance.now() - start) * 1_000) / count);
  }
  return least;
}

const ROUNDS = 7;
const drive = "/p:x.os/data";
const host = join(folder, "p:x.os/data");
const small = new Uint8Array(100).fill(65);
const mebibyte = new Uint8Array(1024 * 1024).fill(66);
for (const name of ["new", "host-new", "log", "host-log"]) {
  await vfs.files.makeDirectories(`${drive}/${name}`);
}
const existing = request(`${drive}/file`, "Write", small);
const open = request(`${drive}/file`, { OpenFile: { create: false } });
const read = request(`${drive}/file`, "Read");
const close = request(`${drive}/file`, "CloseFile");
const create = request(`${drive}/file`, "CreateFile");
const readBig = request(`${drive}/big`, "Read");
await ask(request(`${drive}/big`, "Write", mebibyte));
writeFileSync(`${host}/host-big`, mebibyte);
writeFileSync(`${host}/host-file`, small);

async function append(number: number): Promise<void> {
  // A log that does not grow for ever.
  const path = `${drive}/log/${number >> 6}`;
  if ((number & 63) === 0) {
    rmSync(`${host}/log/${(number >> 6) - 1}`, { force: true });
    await ask(request(path, "CreateFile"));
  }
  await ask(request(path, "Append", mebibyte));
}

let log = 0;
function appendHost(number: number): void {
  if ((number & 63) === 0) {
    if (log !== 0) closeSync(log);
    rmSync(`${host}/host-log/${(number >> 6) - 1}`, { force: true });
    log = openSync(`${host}/host-log/${number >> 6}`, "w");
  }
  writeSync(log, mebibyte);
}

type Once = (number: number) => void | Promise<void>;
const rows: readonly (readonly [string, number, Once, Once])[] = [
  [
    "create and write 100 B",
    500,
    (number) => ask(request(`${drive}/new/${number}`, "Write", small)),
    (number) => writeFileSync(`${host}/host-new/${number}`, small),
  ],
  ["overwrite 100 B", 2_000, () => ask(existing), () => writeFileSync(`${host}/host-file`, small)],
  [
    "open, read 100 B, close",
    2_000,
    async () => {
      await ask(open);
      await ask(read);
      await ask(close);
    },
    () => void readFileSync(`${host}/host-file`),
  ],
  [
    "empty, write 100 B, close",
    500,
    async () => {
      await ask(create);
      await ask(existing);
      await ask(close);
    },
    () => {
      const file = openSync(`${host}/host-file`, "w");
      writeSync(file, small);
      closeSync(file);
    },
  ],
  ["read 100 B", 2_000, () => ask(read), () => void readFileSync(`${host}/host-file`)],
  ["append 1 MiB", 128, append, appendHost],
  ["read 1 MiB", 200, () => ask(readBig), () => void readFileSync(`${host}/host-big`)],
];
for (const [label, count, ours, hosts] of rows) {
  const cost = await best(count, ours);
  console.log(
    `${label}: ${cost.toFixed(1)} µs, host alone ${(await best(count, hosts)).toFixed(1)} µs`,
  );
}
rmSync(folder, { recursive: true });
