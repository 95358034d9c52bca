/**
 * Builds `sqlite-engine.wasm` from the sources beside it: run it with `bun packages/data/sqlite-engine/build.ts [output file]`,
 * or with `--check` to show that the committed file corresponds to the sources.
 * Needs clang and lld with the wasm32 target, wasi-libc, and cargo, which fetches SQLite inside crate libsqlite3-sys.
 * The same toolchain gives the same bytes; README.md records which one made the committed file.
 * @module
 */
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const CRATE = { name: "libsqlite3-sys", version: "0.39.1" };
const HERE = import.meta.dir;
const STACK_BYTES = 512 * 1024;

/** What the library of existing packages is built with, as far as it means something here, and no way to other files. */
const OPTIONS = [
  "OS_OTHER=1",
  "THREADSAFE=0",
  "TEMP_STORE=3",
  "OMIT_LOAD_EXTENSION",
  "OMIT_SHARED_CACHE",
  "DEFAULT_MEMSTATUS=0",
  "DEFAULT_FOREIGN_KEYS=1",
  "ENABLE_COLUMN_METADATA",
  "ENABLE_FTS3",
  "ENABLE_FTS3_PARENTHESIS",
  "ENABLE_FTS5",
  "ENABLE_MATH_FUNCTIONS",
  "ENABLE_RTREE",
  "ENABLE_STAT4",
  "SOUNDEX",
].map((option) => `-DSQLITE_${option}`);

async function run(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdout: "inherit", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`Failed: ${command.join(" ")}`);
}

/** Lets cargo fetch the crate; the folder of SQLite's C file in it. */
async function fetchSqlite(work: string): Promise<string> {
  const project = join(work, "fetch");
  await Bun.write(
    join(project, "Cargo.toml"),
    `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n` +
      `[dependencies]\n${CRATE.name} = "=${CRATE.version}"\n`,
  );
  await Bun.write(join(project, "lib.rs"), "");
  await run([Bun.env["CARGO"] ?? "cargo", "fetch", "--quiet"], project);
  const home = Bun.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
  const pattern = new Bun.Glob(`registry/src/*/${CRATE.name}-${CRATE.version}/sqlite3/sqlite3.c`);
  for await (const file of pattern.scan(home)) return join(home, file, "..");
  throw new Error(
    `cargo fetched ${CRATE.name} ${CRATE.version}, but its sources are not under ${home}`,
  );
}

async function compile(work: string, sqlite: string): Promise<Uint8Array> {
  const output = join(work, "core.wasm");
  const flags = [
    "--target=wasm32-wasi -mexec-model=reactor -O2 -mbulk-memory -msign-ext -mnontrapping-fptoint",
    "-std=gnu11 -D_GNU_SOURCE -DNDEBUG -fno-strict-aliasing -w",
    `-Wl,-s -Wl,--stack-first -Wl,-z,stack-size=${STACK_BYTES} -Wl,--gc-sections`,
  ].flatMap((line) => line.split(" "));
  const clang = (Bun.env["CC"] ?? "clang").split(" ");
  // Relative names, so that no path gets into the result.
  await run(
    [...clang, ...flags, ...OPTIONS, `-I${sqlite}`, "-o", output, "engine.c", "-lm"],
    join(HERE, "src"),
  );
  return Bun.file(output).bytes();
}

async function toComponent(core: Uint8Array): Promise<Uint8Array> {
  // The package does not export its adapter by name; it lies beside its `dist`.
  const jco = import.meta.resolve("@bytecodealliance/jco");
  const adapter = new URL("../lib/wasi_snapshot_preview1.reactor.wasm", jco);
  const embedded = await componentEmbed({
    binary: core,
    witSource: await Bun.file(join(HERE, "sqlite-engine.wit")).text(),
    world: "engine",
    stringEncoding: "utf8",
  });
  return componentNew(embedded, [["wasi_snapshot_preview1", await Bun.file(adapter).bytes()]]);
}

/** Builds the engine and returns its bytes. */
export async function buildSqliteEngine(): Promise<Uint8Array> {
  const work = await mkdtemp(join(tmpdir(), "kinode-sqlite-"));
  try {
    return await toComponent(await compile(work, await fetchSqlite(work)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const committed = join(HERE, "sqlite-engine.wasm");
  const argument = process.argv[2];
  const before = argument === "--check" ? await Bun.file(committed).bytes() : new Uint8Array();
  const bytes = await buildSqliteEngine();
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  console.log(`${bytes.length} bytes, sha256 ${hash}`);
  if (argument !== "--check") await Bun.write(argument ?? committed, bytes);
  else if (Buffer.compare(bytes, before) !== 0) {
    throw new Error("The committed engine does not correspond to its sources and this toolchain");
  }
}
