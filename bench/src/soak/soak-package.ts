/**
 * One package with all the processes of a soak: compiled ones, scripts, and relays that never end.
 * @module
 */
import { guestBytes } from "@kinode-ts/testing/guests";
import { packProcesses } from "../pack-processes.ts";
import { bundle } from "../script-trips.ts";

const PACKAGE = "soak:example.os";
export interface Crowd {
  /** Workers that take steps; half of them scripts. */
  readonly workers: readonly string[];
  /** Those of the workers that are scripts: they have a page and a web socket. */
  readonly scripts: readonly string[];
  readonly relays: readonly string[];
}

const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}:${PACKAGE}`);

/** @param count - processes in all */
export function crowd(count: number): Crowd {
  const relays = names(Math.max(3, Math.round(count / 20)), "relay");
  const scripts = names(Math.floor((count - relays.length) / 2), "script");
  const compiled = names(count - relays.length - scripts.length, "web");
  return { workers: [...scripts, ...compiled], scripts, relays };
}

/** Packs it below `folder`; path of the zip. */
export async function packCrowd(all: Crowd, folder: string): Promise<string> {
  const scripts = new Set(all.scripts);
  const processes = [...all.workers, ...all.relays].map((process) => ({
    name: process.split(":")[0]!,
    file: scripts.has(process) ? "worker.js" : "modules.wasm",
  }));
  const files = {
    "modules.wasm": guestBytes("rust-modules"),
    "worker.js": await bundle("soak-worker"),
  };
  return await packProcesses("soak", processes, files, folder);
}
