/**
 * Keeps texts in files of an own drive, and lets a child process count them.
 * From the terminal: `m our@file-keeper:file-keeper:example.os '{"Put":{"name":"a","text":"two words"}}' -a 5`
 * @module
 */
import type { Answer, ProcessId } from "@kinode-ts/stdlib";
import {
  capabilities,
  defineProcess,
  json,
  our,
  request,
  send,
  serve,
  spawn,
  SpawnError,
} from "@kinode-ts/stdlib";
import { createDrive, file, openDir, removeFile, VfsError } from "@kinode-ts/stdlib/vfs";

type Request =
  | { readonly Put: { readonly name: string; readonly text: string } }
  | { readonly Get: string }
  | { readonly Count: string }
  | { readonly Delete: string }
  | "List"
  | "CrashCounter";

const CHILD = "counter";

/** The child survives restarts of the node as we do: one that answers is used. */
async function startCounter(): Promise<ProcessId | string> {
  const known = `${CHILD}:${our().packageId().toString()}`;
  if (capabilities.canMessage(known)) {
    const answers = await request(known, json("Ping")).then(
      () => true,
      () => false,
    );
    if (answers) return known;
  }
  const vfs = capabilities.find("vfs:distro:sys", "messaging");
  try {
    return await spawn({
      entry: "counter.js",
      name: CHILD,
      onExit: "restart",
      request: vfs === undefined ? [] : [vfs],
    });
  } catch (thrown) {
    // One that only did not answer in time.
    if (thrown instanceof SpawnError && thrown.code === "NameTaken") return known;
    throw thrown;
  }
}

function safeName(name: unknown): string {
  if (typeof name === "string" && /^[a-z0-9-]{1,64}$/.test(name)) return `${name}.txt`;
  throw new TypeError("a name is made of 1 to 64 of a-z, 0-9 and -");
}

async function answer(asked: Request, drive: string, counter: ProcessId | string): Promise<Answer> {
  if (asked === "List") {
    const entries = await (await openDir(drive)).entries();
    return entries.map(({ path }) => path.slice(drive.length).replace(/\.txt$/, "")).sort();
  }
  if (asked === "CrashCounter") {
    await send(counter, json("Crash"));
    return { Ok: null };
  }
  if ("Put" in asked) {
    await file(`${drive}/${safeName(asked.Put.name)}`).write(String(asked.Put.text));
    return { Ok: null };
  }
  if ("Get" in asked) return await file(`${drive}/${safeName(asked.Get)}`).text();
  if ("Delete" in asked) {
    await removeFile(`${drive}/${safeName(asked.Delete)}`);
    return { Ok: null };
  }
  // The child's answer is passed on as it is.
  const path = `${drive}/${safeName(asked.Count)}`;
  await file(path).metadata();
  return (await request(counter, { Count: path })).bytes();
}

export default defineProcess(async () => {
  const drive = await createDrive("files");
  const counter = await startCounter();
  await serve(async (message) => {
    if (!message.isLocal) return undefined;
    try {
      return await answer(message.json() as Request, drive, counter);
    } catch (thrown) {
      if (thrown instanceof VfsError) return { Err: `${thrown.code}: ${thrown.fault.detail}` };
      return { Err: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  });
});
