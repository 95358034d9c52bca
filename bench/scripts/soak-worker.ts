/**
 * The script among the processes of a soak: the same steps as `packages/testing/guests/rust-modules/src/soak.rs`, a page that
 * answers with its query parameter `n`, and a web socket that answers what it is sent.
 */
import { defineProcess, type IncomingRequest, our, request, serve, state } from "@kinode-ts/stdlib";
import { createHttpServer, Response } from "@kinode-ts/stdlib/http";
import { openKv, type RawKv } from "@kinode-ts/stdlib/kv";
import { schedule } from "@kinode-ts/stdlib/schedule";
import { openSqlite, type Sqlite } from "@kinode-ts/stdlib/sqlite";
import { sleep } from "@kinode-ts/stdlib/timer";
import { createDrive, createFile, open, openDir, removeFile } from "@kinode-ts/stdlib/vfs";

interface Step {
  readonly step: number;
  readonly ops: readonly string[];
  readonly peers: readonly string[];
  readonly url: string;
  readonly size: number;
  readonly database: number;
}

const timeout = "60s";
const decoder = new TextDecoder();

function ensure(condition: boolean, text: string): void {
  if (!condition) throw new Error(text);
}

async function counted(): Promise<number> {
  const bytes = await state.raw.get();
  return bytes === undefined ? 0 : Number(decoder.decode(bytes));
}

async function files(step: Step, counter: number): Promise<void> {
  const folder = `${await createDrive("soak", { timeout })}/${our().process}`;
  await openDir(folder, { create: true, timeout });
  const path = `${folder}/${counter % 8}`;
  const content = `${counter}:${"f".repeat(step.size)}`;
  const file = await createFile(path, { timeout });
  await file.write(content);
  ensure((await file.text()) === content, `${path} is not what was written`);
  const log = await open(`${folder}/log`, { create: true, timeout });
  const before = Number(await log.len());
  await log.append("l".repeat(64));
  const after = Number(await log.len());
  ensure(after === before + 64, `a log of ${before} bytes has ${after} after 64 more`);
  if (after > 16_384) await log.setLen(0n);
  if (counter % 16 === 0) await removeFile(path, { timeout });
}

let kv: RawKv | undefined;
async function pairs(step: Step, counter: number): Promise<void> {
  kv ??= await openKv(`soak-${step.database}`, { timeout });
  const name = our().process;
  const value = `${counter}:${"k".repeat(Math.min(step.size, 4_096))}`;
  const other = `${name}/${counter % 32}`;
  if (counter % 4 === 0) {
    await kv.transaction(async (tx) => {
      await tx.set(name, value);
      await tx.set(other, value);
    });
  } else {
    await kv.set(name, value);
    await kv.set(other, value);
  }
  const found = await kv.get(name);
  ensure(found !== undefined && decoder.decode(found) === value, "a key has not its value");
}

let sqlite: Sqlite | undefined;
async function rows(step: Step, counter: number): Promise<void> {
  if (sqlite === undefined) {
    sqlite = await openSqlite(`soak-${step.database}`, { timeout });
    await sqlite.run(
      "CREATE TABLE IF NOT EXISTS mark (name TEXT, slot INTEGER, n INTEGER, pad TEXT, PRIMARY KEY (name, slot))",
    );
  }
  const name = our().process;
  const sql = "INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)";
  const pad = "s".repeat(Math.min(step.size, 512));
  const put = (slot: number) => [name, slot, counter, pad] as const;
  if (counter % 4 === 0) {
    await sqlite.transaction(async (tx) => {
      await tx.run(sql, put(0));
      await tx.run(sql, put(1 + (counter % 16)));
    });
  } else {
    await sqlite.run(sql, put(0));
    await sqlite.run(sql, put(1 + (counter % 16)));
  }
  const found = await sqlite.query("SELECT n FROM mark WHERE name = ? AND slot = 0", [name]);
  ensure(Number(found[0]?.["n"]) === counter, `a row says ${found[0]?.["n"]}, not ${counter}`);
}

async function mirrored(step: Step): Promise<void> {
  const body = `number ${step.step}`;
  const blob = new Uint8Array(step.size).fill(step.step & 255);
  const answer = await request(step.peers[0]!, body, { blob, timeout });
  ensure(answer.text() === body, "another body came back");
  const back = answer.blob()?.bytes;
  ensure(back?.length === step.size && back.every((byte) => byte === blob[0]), "another blob");
}

async function chained(step: Step): Promise<void> {
  const body = JSON.stringify({ relay: step.peers.slice(1), number: step.step });
  const answer = await request(step.peers[0]!, body, { timeout });
  ensure(answer.text() === String(step.step), "another number came back");
}

async function fetched(step: Step): Promise<void> {
  const body = {
    Http: { method: "GET", version: null, url: `${step.url}?n=${step.step}`, headers: {} },
  };
  const answer = await request("our@http-client:distro:sys", JSON.stringify(body), { timeout });
  const { Ok: ok } = answer.json() as { Ok?: { Http: { status: number } } };
  ensure(ok?.Http.status === 200, `the http client says ${answer.text()}`);
  ensure(answer.blob()?.bytes !== undefined, "no page");
  ensure(decoder.decode(answer.blob()!.bytes) === String(step.step), "another number came back");
}

/** Fires once, at the time that is now. */
async function scheduled(step: Step): Promise<void> {
  const fired = Promise.withResolvers<void>();
  let count = 0;
  await schedule(
    `step-${step.step}`,
    { at: new Date() },
    () => {
      ensure(++count === 1, "a schedule fired twice");
      fired.resolve();
    },
    { body: String(step.step) },
  );
  await fired.promise;
}

async function operation(op: string, step: Step, counter: number): Promise<void> {
  if (op === "vfs") await files(step, counter);
  else if (op === "kv") await pairs(step, counter);
  else if (op === "sqlite") await rows(step, counter);
  else if (op === "timer") await sleep(1 + (step.step % 50));
  else if (op === "message") await mirrored(step);
  else if (op === "chain") await chained(step);
  else if (op === "http") await fetched(step);
  else if (op === "schedule") await scheduled(step);
}

async function run(step: Step): Promise<object> {
  if (step.ops.includes("crash")) crash();
  const counter = (await counted()) + 1;
  await state.raw.set(new TextEncoder().encode(String(counter)));
  const wrong: string[] = [];
  for (const op of step.ops) {
    try {
      await operation(op, step, counter);
    } catch (thrown) {
      wrong.push(`${op}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  if ((await counted()) !== counter) wrong.push("state: not what was set");
  return { step: step.step, counter, wrong, stray: 0 };
}

/** What the body of the process throws ends it. */
const crashed = Promise.withResolvers<never>();
const crash = (): void => crashed.reject(new Error("told to"));

export default defineProcess(async () => {
  const server = createHttpServer();
  const text = { headers: { "content-type": "text/plain" } };
  const served = Promise.all([
    serve((message: IncomingRequest) => run(message.json() as Step)),
    server.bind("/", { authenticated: false }, (incoming) => {
      return new Response(incoming.kinode.query["n"] ?? "", text);
    }),
    server.ws(
      "/echo",
      { authenticated: false },
      {
        message: (channel, frame) => channel.send(frame.text()),
      },
    ),
  ]);
  await Promise.race([served, crashed.promise]);
});
