/**
 * How guests are compiled: C by clang, Rust by cargo, both made components by jco's tools.
 * @module
 */
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseWit } from "./wit.ts";
import { processWit, type WitFolder } from "./wit-source-bun.ts";
import { ROOT } from "./workspace.ts";

/** Debian's compiler has the standard library for WebAssembly; elsewhere `rustup target add wasm32-wasip1`. */
const RUSTC = process.env["RUSTC"] ?? (existsSync("/usr/bin/rustc") ? "/usr/bin/rustc" : "rustc");
const CARGO = process.env["CARGO"] ?? (existsSync("/usr/bin/cargo") ? "/usr/bin/cargo" : "cargo");

/** The programs a fixture needs; their first version lines are recorded with it. */
export const TOOLS = {
  c: [
    ["clang", "--version"],
    ["wasm-ld", "--version"],
  ],
  rust: [
    [RUSTC, "--version"],
    [CARGO, "--version"],
    ["wasm-ld", "--version"],
  ],
} as const;

/** The first line a tool prints about itself, or `undefined` when it is not there. */
export function toolVersion(command: readonly string[]): string | undefined {
  try {
    const result = Bun.spawnSync([...command], { stdout: "pipe", stderr: "ignore" });
    return result.exitCode === 0 ? result.stdout.toString().split("\n")[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Compiles one C file of the probe against one interface; returns the component. */
export function buildProbe(folder: WitFolder): Promise<Uint8Array> {
  return buildC(folder, "packages/testing/guests/c/probe.c", "-Os");
}

/** Compiles the guest that benchmarks run; returns the component. */
export function buildBench(): Promise<Uint8Array> {
  return buildC("kinode-process-1.0.0", "packages/testing/guests/bench/bench.c", "-O2");
}

async function buildC(
  folder: WitFolder,
  source: string,
  optimization: string,
): Promise<Uint8Array> {
  const wit = parseWit(processWit(folder));
  const standard = wit.id.replace("@", "/standard@");
  const version = { "0.7.0": 70, "0.8.0": 80, "1.0.0": 100 }[wit.id.split("@")[1]!]!;
  const core = inScratch((scratch) => {
    const output = join(scratch, "core.wasm");
    run(
      [
        "clang",
        "--target=wasm32-wasi",
        optimization,
        "-Wall",
        "-Wextra",
        `-DVERSION=${version}`,
        `-DSTANDARD="${standard}"`,
        "-mexec-model=reactor",
        "-Wl,-s",
        "-Wl,-z,stack-size=65536",
        "-Wl,--stack-first",
        "-o",
        output,
        basename(source),
      ],
      join(ROOT, dirname(source)),
    );
    return readFileSync(output);
  });
  const embedded = await componentEmbed({
    binary: core,
    witSource: processWit(folder),
    world: wit.worlds.at(-1)!.name,
  });
  return componentNew(embedded, [["wasi_snapshot_preview1", adapter()]]);
}

/** Compiles a crate that carries its own bindings; returns the component. */
export async function buildCrate(folder: string, name: string): Promise<Uint8Array> {
  const target = process.env["KINODE_CARGO_TARGET"] ?? join(tmpdir(), "kinode-fixtures-target");
  run(
    [CARGO, "build", "--release", "--locked", "--target", "wasm32-wasip1", "--target-dir", target],
    join(ROOT, folder),
    {
      RUSTC,
      // The process library needs unstable features of the compiler.
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_WASM32_WASIP1_LINKER: "wasm-ld",
      // No path of the building machine in the panic texts: same sources, same bytes.
      RUSTFLAGS: [
        `--remap-path-prefix=${process.env["CARGO_HOME"] ?? join(homedir(), ".cargo")}=/cargo`,
        `--remap-path-prefix=${ROOT}=/kinode`,
      ].join(" "),
    },
  );
  const core = readFileSync(join(target, `wasm32-wasip1/release/${name}.wasm`));
  return componentNew(core, [["wasi_snapshot_preview1", adapter()]]);
}

/** Translates WASI preview 1 into the component's world; comes with jco. */
function adapter(): Uint8Array {
  const jco = fileURLToPath(import.meta.resolve("@bytecodealliance/jco"));
  return readFileSync(join(jco, "../../lib/wasi_snapshot_preview1.reactor.wasm"));
}

/** @throws {Error} the command failed: with its output */
export function run(
  command: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): void {
  const result = Bun.spawnSync([...command], {
    cwd,
    env: { ...process.env, ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  if (result.exitCode !== 0) {
    throw new Error(`${command.slice(0, 3).join(" ")} … failed:\n${result.stderr.toString()}`);
  }
}

function inScratch<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "kinode-fixture-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
