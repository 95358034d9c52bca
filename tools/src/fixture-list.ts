/**
 * The committed binaries of this repository, what each is built from, and how.
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { embedC, type EmbeddedC } from "./embed-c.ts";
import { oldPackageFixture, templateFixture } from "./template-fixtures.ts";
import { buildBench, buildCrate, buildProbe, run, TOOLS } from "./toolchain.ts";
import { WIT_FOLDERS } from "./wit-source-bun.ts";
import { ROOT } from "./workspace.ts";

export interface Fixture {
  readonly name: string;
  /** Files it makes, or a folder whose `.wasm` files with this prefix it makes. Relative to the root. */
  readonly outputs: readonly string[];
  /** Files and folders it is made from. */
  readonly sources: readonly string[];
  /** Commands that print the version of each tool it needs; none: Bun and the installed packages do. */
  readonly tools: readonly (readonly string[])[];
  /** Writes the outputs. */
  build(): Promise<void>;
}

const BUILT = "packages/testing/guests/built";
const WAT_SCRIPT = "packages/testing/guests/build-wat.ts";
/** Of C and C++, in the kit. */
const CLANG_BUILDER = "src/languages/clang-bun.ts";
const OLD_PACKAGES = "apps/node/test/languages/old";
const ENGINE_SCRIPT = "packages/engine/engine/build.ts";

const write = (path: string, bytes: Uint8Array): void => writeFileSync(join(ROOT, path), bytes);

const probes: readonly Fixture[] = WIT_FOLDERS.map((folder) => {
  const output = `${BUILT}/probe-${folder.replace("kinode-process-", "").replace("-process", "")}.wasm`;
  return {
    name: output.split("/").at(-1)!.replace(".wasm", ""),
    outputs: [output],
    sources: ["packages/testing/guests/c", `wit/${folder}`],
    tools: TOOLS.c,
    build: async () => write(output, await buildProbe(folder)),
  };
});

const crate = (name: string, folder: string, library: string, output: string): Fixture => ({
  name,
  outputs: [output],
  sources: [
    `${folder}/src`,
    `${folder}/Cargo.toml`,
    `${folder}/Cargo.lock`,
    "wit/kinode-process-1.0.0",
  ],
  tools: TOOLS.rust,
  build: async () => write(output, await buildCrate(folder, library)),
});

/** Guests written in WebAssembly text: one script builds them all. */
const wat = (): Fixture => ({
  name: "wat",
  outputs: readdirSync(join(ROOT, "packages/testing/guests/wat"))
    .filter((file) => file.endsWith(".wat"))
    .map((file) => `${BUILT}/${file.replace(".wat", ".wasm")}`)
    .filter((file) => existsSync(join(ROOT, file)))
    .sort(),
  sources: ["packages/testing/guests/wat", WAT_SCRIPT],
  tools: [],
  build: async () => run([process.execPath, WAT_SCRIPT], ROOT),
});

const engine: Fixture = {
  name: "engine",
  outputs: ["packages/engine/engine/kinode-engine.wasm"],
  sources: [
    "packages/engine/engine",
    "packages/engine/src/web",
    "packages/engine/src/pack/exported-interface.ts",
    "packages/engine/src/guest-console.ts",
    "packages/codec/src/web-fetch.ts",
  ],
  tools: [...TOOLS.c, ["cargo", "--version"]],
  build: async () => run([process.execPath, ENGINE_SCRIPT], ROOT),
};

const sqliteEngine: Fixture = {
  name: "sqlite-engine",
  outputs: ["packages/data/sqlite-engine/sqlite-engine.wasm"],
  sources: ["packages/data/sqlite-engine"],
  tools: [...TOOLS.c, ["cargo", "--version"]],
  build: async () => run([process.execPath, "packages/data/sqlite-engine/build.ts"], ROOT),
};

function embedded(c: EmbeddedC): Fixture {
  return {
    name: c.name,
    outputs: [c.output],
    sources: [c.source, "tools/src/embed-c.ts"],
    tools: TOOLS.c,
    build: async () => embedC(c),
  };
}

/** The cipher between nodes. */
const chacha = embedded({
  name: "chacha",
  source: "packages/crypto/chacha/chacha20-poly1305.c",
  output: "packages/crypto/src/chacha20-poly1305-module.ts",
  constant: "CHACHA20_POLY1305_WASM",
  flags: ["-msimd128"],
});

/** Where backups cut content, and their tags. */
const backupNative = embedded({
  name: "backup-native",
  source: "packages/backup/native/backup.c",
  output: "packages/backup/src/native-module.ts",
  constant: "NATIVE_WASM",
});

/** All fixtures that this tree has. */
export function fixtures(): Fixture[] {
  return [
    ...probes,
    {
      name: "c-bench",
      outputs: [`${BUILT}/c-bench.wasm`],
      sources: [
        "packages/testing/guests/bench",
        "packages/testing/guests/c/standard.h",
        "wit/kinode-process-1.0.0",
      ],
      tools: TOOLS.c,
      build: async () => write(`${BUILT}/c-bench.wasm`, await buildBench()),
    },
    crate("rust-bench", "packages/testing/guests/rust", "rust_bench", `${BUILT}/rust-bench.wasm`),
    crate(
      "rust-modules",
      "packages/testing/guests/rust-modules",
      "rust_modules",
      `${BUILT}/rust-modules.wasm`,
    ),
    crate("rust-test", "packages/testing/guests/rust-test", "rust_test", `${BUILT}/rust-test.wasm`),
    crate("echo", "examples/echo/echo", "echo", "examples/echo/pkg/echo.wasm"),
    ...(existsSync(join(ROOT, WAT_SCRIPT)) ? [wat()] : []),
    ...(existsSync(join(ROOT, engine.outputs[0]!)) ? [engine] : []),
    sqliteEngine,
    chacha,
    backupNative,
    templateFixture("go", [["go", "version"]]),
    templateFixture("c", TOOLS.c, [CLANG_BUILDER]),
    templateFixture(
      "cpp",
      [["python3", "-m", "ziglang", "version"]],
      [CLANG_BUILDER, "languages/c/library"],
    ),
    templateFixture("rust", TOOLS.rust),
    oldPackageFixture(`${OLD_PACKAGES}/wit-0.7`, TOOLS.rust),
    oldPackageFixture(`${OLD_PACKAGES}/lib-0.8`, TOOLS.rust),
  ];
}

/** SHA-256 over names and contents of the sources; outputs, records and documents among them do not count. */
export function sourceHash(fixture: Fixture): string {
  const hash = createHash("sha256");
  for (const file of fixture.sources.flatMap(filesOf)) {
    if (/\.(wasm|md|json)$/.test(file)) continue;
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

export function fileHash(path: string): string {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, path)))
    .digest("hex");
}

function filesOf(path: string): string[] {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path))
    .filter((name) => name !== "target" && name !== "node_modules")
    .sort()
    .flatMap((name) => filesOf(`${path}/${name}`));
}
