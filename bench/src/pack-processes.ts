/**
 * Packages made for one measurement.
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packFolder } from "./node-program.ts";

const MODULES = [
  "vfs",
  "kv",
  "sqlite",
  "timer",
  "scheduler",
  "http-server",
  "http-client",
  "state",
].map((name) => `${name}:distro:sys`);

export interface PackedProcess {
  readonly name: string;
  /** One of the files. */
  readonly file: string;
}

function manifestEntry({ name, file }: PackedProcess): object {
  return {
    process_name: name,
    process_wasm_path: `/${file}`,
    on_exit: "Restart",
    request_networking: false,
    request_capabilities: MODULES,
    grant_capabilities: [...MODULES, "terminal:terminal:sys"],
    public: true,
  };
}

function metadata(name: string): object {
  return {
    name,
    description: "Made for a measurement",
    image: "",
    external_url: "",
    animation_url: "",
    properties: {
      package_name: name,
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
}

/** Packs `<name>:example.os`, whose processes may use every module and be messaged by all; path of the zip. */
export async function packProcesses(
  name: string,
  processes: readonly PackedProcess[],
  files: Readonly<Record<string, Uint8Array>>,
  folder: string,
): Promise<string> {
  const home = join(folder, name);
  mkdirSync(join(home, "pkg"), { recursive: true });
  writeFileSync(join(home, "metadata.json"), JSON.stringify(metadata(name)));
  writeFileSync(join(home, "pkg/manifest.json"), JSON.stringify(processes.map(manifestEntry)));
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(home, "pkg", file), bytes);
  return await packFolder(home, folder);
}
