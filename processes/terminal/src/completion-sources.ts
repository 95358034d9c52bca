/**
 * Where completions come from: files, processes, scripts of packages.
 * @module
 */
import { decodeUtf8, parseJson } from "@kinode-ts/stdlib";
import { Directory, VfsError, vfsRequest } from "@kinode-ts/stdlib/vfs";
import type { Completion } from "@kinode-ts/types";
import {
  FD_MANAGER_PROCESS,
  HTTP_CLIENT_PROCESS,
  HTTP_SERVER_PROCESS,
  KERNEL_PROCESS,
  KV_PROCESS,
  LOG_PROCESS,
  NET_PROCESS,
  SCHEDULER_PROCESS,
  SQLITE_PROCESS,
  STATE_PROCESS,
  TIMER_PROCESS,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { processUsage } from "./kernel-questions.ts";
import { baseName, resolvePath } from "./vfs-path.ts";

/** Packages whose scripts are looked through. */
const MAX_PACKAGES = 64;

const PARTS_OF_THE_NODE: readonly string[] = [
  FD_MANAGER_PROCESS,
  HTTP_CLIENT_PROCESS,
  HTTP_SERVER_PROCESS,
  KERNEL_PROCESS,
  KV_PROCESS,
  LOG_PROCESS,
  NET_PROCESS,
  SCHEDULER_PROCESS,
  SQLITE_PROCESS,
  STATE_PROCESS,
  TIMER_PROCESS,
  VFS_PROCESS,
];

/** What `step` gives, or nothing when the VFS refuses. */
async function unlessRefused<T>(step: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await step();
  } catch (thrown) {
    if (thrown instanceof VfsError) return [];
    throw thrown;
  }
}

/** Entries of the folder that a half typed path is in. A text that ends in `/` is a folder. */
export async function paths(word: string, folder: string): Promise<Completion[]> {
  const slash = word.lastIndexOf("/") + 1;
  const start = word.slice(0, slash);
  const name = word.slice(slash);
  const place = resolvePath(folder, start === "" ? "." : start);
  const entries = await unlessRefused(() => new Directory(place).entries());
  return entries
    .map(({ path, file_type: type }) => ({ name: baseName(path), isFolder: type === "Directory" }))
    .filter((entry) => entry.name.startsWith(name) && (name !== "" || !entry.name.startsWith(".")))
    .map((entry): Completion => ({ text: start + entry.name + (entry.isFolder ? "/" : "") }));
}

/** Process ids of programs. */
export async function processes(): Promise<Completion[]> {
  const usage = await processUsage();
  return Object.keys(usage)
    .filter((id) => !isPassing(id))
    .map((id) => (usage[id] === null ? { text: id, hint: "not running" } : { text: id }));
}

/** Scripts have a number for a name, and are gone before it is typed. */
function isPassing(id: string): boolean {
  return /^\d+:/.test(id);
}

/** `our@…` of everything that can be sent a message, and the same as plain process ids. */
export async function addresses(node: string): Promise<Completion[]> {
  const programs = (await processes()).map(({ text }) => text);
  const parts = PARTS_OF_THE_NODE.map((text): Completion => ({ text, hint: "part of the node" }));
  const all = [...programs.map((text): Completion => ({ text })), ...parts];
  const prefixes = ["our@", `${node}@`, ""];
  return prefixes.flatMap((prefix) =>
    all.map((each): Completion => ({ ...each, text: prefix + each.text })),
  );
}

/** Process ids of the scripts of all packages. */
export async function scriptIds(word: string): Promise<Completion[]> {
  const wanted = word.slice(word.indexOf(":") + 1 || word.length);
  const packages = (await unlessRefused(() => new Directory("/").entries()))
    .map(({ path }) => baseName(path))
    .filter((id) => id.startsWith(wanted))
    .slice(0, MAX_PACKAGES);
  const lists = await Promise.all(packages.map(scriptNames));
  return lists.flatMap((names, index) =>
    names.map((name): Completion => ({ text: `${name}:${packages[index]!}` })),
  );
}

/** Without functions that wait for each other: each costs the answer a turn. */
function scriptNames(id: string): Promise<readonly string[]> {
  return vfsRequest(`/${id}/pkg/scripts.json`, "Read").then(
    ({ message }) => namesIn(decodeUtf8(message.blob()?.bytes ?? new Uint8Array(0))),
    () => [],
  );
}

function namesIn(manifest: string): readonly string[] {
  try {
    return Object.keys(parseJson(manifest) as object).map((name) =>
      name.replace(/\.(?:wasm|js)$/, ""),
    );
  } catch {
    return [];
  }
}
