/**
 * One package with all the processes of a soak: compiled ones, scripts, and relays that never end.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guestBytes } from "@kinode-ts/testing/guests";
import { packFolder } from "../node-program.ts";
import { bundle } from "../script-trips.ts";

const PACKAGE = "soak:example.os";
const MODULES = ["vfs", "kv", "sqlite", "timer", "http-server", "http-client", "state"].map(
  (name) => `${name}:distro:sys`,
);

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

const entry = (process: string, file: string) => ({
  process_name: process.split(":")[0],
  process_wasm_path: file,
  on_exit: "Restart",
  request_networking: false,
  request_capabilities: MODULES,
  grant_capabilities: [...MODULES, "terminal:terminal:sys"],
  public: true,
});

const METADATA = {
  name: "soak",
  description: "Mixed load over all modules",
  image: "",
  external_url: "",
  animation_url: "",
  properties: {
    package_name: "soak",
    publisher: "example.os",
    current_version: "0.1.0",
    mirrors: [],
    code_hashes: { "0.1.0": "" },
    license: "Apache-2.0",
    screenshots: null,
    wit_version: 1,
    dependencies: [],
    api_includes: null,
  },
};

/** Writes and packs it below `folder`; path of the zip. */
export async function packCrowd(all: Crowd, folder: string): Promise<string> {
  const home = join(folder, "package");
  mkdirSync(join(home, "pkg"), { recursive: true });
  const scripts = new Set(all.scripts);
  const manifest = [...all.workers, ...all.relays].map((process) =>
    entry(process, scripts.has(process) ? "/worker.js" : "/modules.wasm"),
  );
  writeFileSync(join(home, "metadata.json"), JSON.stringify(METADATA));
  writeFileSync(join(home, "pkg/manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(home, "pkg/modules.wasm"), guestBytes("rust-modules"));
  writeFileSync(join(home, "pkg/worker.js"), await bundle("soak-worker"));
  return await packFolder(home, folder);
}
