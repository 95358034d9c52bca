/**
 * A package of one TypeScript process, for tests that install it on a test node.
 * @module
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestNode } from "../testing/index.ts";

/** Inside an example, so that the library is found. */
const ROOT = join(import.meta.dir, "../../../examples/chat/target/script-packages");
const folders = new Set<string>();

export interface ScriptRights {
  /** Processes it may message. */
  readonly request?: readonly string[];
  /** Processes that may message it, besides the terminal. */
  readonly grant?: readonly string[];
  /** More files of the package, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: it starts again. */
  readonly onExit?: "None" | "Restart";
}

/** Writes the package `<name>:<name>:example.os`. @returns its folder */
export function writeScript(name: string, source: string, rights: ScriptRights = {}): string {
  const folder = join(ROOT, `${name}-${process.pid}`);
  folders.add(folder);
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write(`src/${name}.ts`, source);
  for (const [path, text] of Object.entries(rights.files ?? {})) write(path, text);
  const properties = {
    package_name: name,
    publisher: "example.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
  };
  write("metadata.json", JSON.stringify({ properties }));
  const entry = {
    process_name: name,
    process_wasm_path: `/${name}.js`,
    on_exit: rights.onExit ?? "Restart",
    request_networking: false,
    request_capabilities: rights.request ?? [],
    grant_capabilities: [...(rights.grant ?? []), "terminal:terminal:sys"],
    public: false,
  };
  write("pkg/manifest.json", JSON.stringify([entry]));
  return folder;
}

/** Installs `<name>:<name>:example.os`. */
export async function installScript(
  node: TestNode,
  name: string,
  source: string,
  rights: ScriptRights = {},
): Promise<void> {
  await node.install(writeScript(name, source, rights));
}

/** Removes what was written. */
export function removeScripts(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
