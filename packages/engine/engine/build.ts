/**
 * Builds `kinode-engine.wasm` from the sources beside it; run it with `bun packages/engine/engine/build.ts [output file]`,
 * or with `--check` to show that the committed file corresponds to the sources.
 * Needs clang and lld with the wasm32 target, wasi-libc, and cargo, which fetches QuickJS-ng inside crate rquickjs-sys.
 * The same toolchain gives the same bytes; BUILD.md records which one made the committed file.
 * @module
 */
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { patchQuickJs } from "./patches.ts";
import { snapshotModule } from "./snapshot.ts";
import { ENGINE_PARTS } from "./web/part-list.ts";

const CRATE = { name: "rquickjs-sys", version: "0.14.0" };
const HERE = import.meta.dir;
const ROOT = join(HERE, "../../..");
/** The C stack; a script that recurses deeper gets an error it can catch. */
const STACK_BYTES = 512 * 1024;

async function run(command: string[], cwd: string): Promise<void> {
  const child = Bun.spawn(command, { cwd, stdout: "inherit", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`Failed: ${command.join(" ")}`);
}

/** Lets cargo fetch the crate and copies the engine's C files out of it. */
async function fetchQuickJs(work: string): Promise<string> {
  const project = join(work, "fetch");
  await Bun.write(
    join(project, "Cargo.toml"),
    `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n` +
      `[dependencies]\n${CRATE.name} = "=${CRATE.version}"\n`,
  );
  await Bun.write(join(project, "lib.rs"), "");
  await run([Bun.env["CARGO"] ?? "cargo", "fetch", "--quiet"], project);
  const home = Bun.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
  const pattern = new Bun.Glob(`registry/src/*/${CRATE.name}-${CRATE.version}/quickjs/quickjs.c`);
  for await (const file of pattern.scan(home)) {
    const target = join(work, "quickjs");
    await cp(join(home, file, ".."), target, { recursive: true });
    return target;
  }
  throw new Error(
    `cargo fetched ${CRATE.name} ${CRATE.version}, but its sources are not under ${home}`,
  );
}

/** Our JavaScript as one expression: a function of the engine's natives that returns what the file exports. */
async function bundle(file: string): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(HERE, file)],
    format: "iife",
    target: "browser",
    conditions: ["bun"],
    minify: { whitespace: true, syntax: true, identifiers: false },
  });
  const text = (await built.outputs[0]!.text()).trimEnd();
  return `(function(engineNatives){let engineExports;const engineExport=(exports)=>{engineExports=exports};${text}\nreturn engineExports})`;
}

/** The prelude as a C array, NUL at the end as the parser wants it. */
async function writePrelude(work: string): Promise<void> {
  const bytes = new TextEncoder().encode(await bundle("prelude.ts"));
  await Bun.write(
    join(work, "prelude.c"),
    `#include <stdint.h>\nconst char prelude_source[] = {${[...bytes].join(",")},0};\n` +
      `const uint32_t prelude_length = ${bytes.length};\n`,
  );
}

async function compile(work: string, quickjs: string): Promise<Uint8Array> {
  const output = join(work, "core.wasm");
  const flags = [
    "--target=wasm32-wasi -mexec-model=reactor -O2 -mbulk-memory -msign-ext -mnontrapping-fptoint",
    "-std=gnu11 -D_GNU_SOURCE -DNDEBUG -D_WASI_EMULATED_SIGNAL -fno-strict-aliasing -funsigned-char -fwrapv -w",
    `-Wl,-s -Wl,--stack-first -Wl,-z,stack-size=${STACK_BYTES} -Wl,--gc-sections`,
  ].flatMap((line) => line.split(" "));
  const sources = ["engine.c", "prelude.c", "libregexp.c", "libunicode.c", "dtoa.c"];
  await cp(join(HERE, "src"), quickjs, { recursive: true });
  await cp(join(work, "prelude.c"), join(quickjs, "prelude.c"));
  const clang = (Bun.env["CC"] ?? "clang").split(" ");
  await run([...clang, ...flags, "-I.", "-o", output, ...sources, "-lm"], quickjs);
  return Bun.file(output).bytes();
}

interface CoreExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  prepare(): void;
  allocate_source(length: number): number;
  compile_part(source: number, length: number): number;
  set_part(number: number, offset: number, length: number): void;
}

/** Runs the core module here, with a fixed clock and nothing else. */
function instantiate(core: Uint8Array): CoreExports {
  const module = new WebAssembly.Module(core.slice());
  const wasi: Record<string, (...args: number[]) => number> = {
    // NOTE: without a fixed time the saved seed of Math.random, and so the bytes of the engine, would differ.
    clock_time_get: (_id, _precision, to) => {
      new DataView(exports.memory.buffer).setBigUint64(to!, 1_000_000_000n, true);
      return 0;
    },
    fd_prestat_get: () => 8,
  };
  const imports: Record<string, Record<string, (...args: number[]) => unknown>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] =
      (from === "wasi_snapshot_preview1" ? wasi[name] : undefined) ??
      (() => {
        throw new Error(`prepare called ${from}#${name}`);
      });
  }
  const { exports: found } = new WebAssembly.Instance(module, imports);
  const exports = found as unknown as CoreExports;
  exports._initialize();
  return exports;
}

/** Bytecode of every part (web/part-list.ts). */
async function compileParts(core: Uint8Array): Promise<Uint8Array[]> {
  const engine = instantiate(core);
  engine.prepare();
  const compiled: Uint8Array[] = [];
  for (const { name } of ENGINE_PARTS) {
    const source = new TextEncoder().encode(await bundle(`web/parts/${name}.ts`));
    const at = engine.allocate_source(source.length);
    new Uint8Array(engine.memory.buffer).set(source, at);
    const view = engine.compile_part(at, source.length);
    const [start, length] = new Uint32Array(engine.memory.buffer, view, 2) as unknown as [
      number,
      number,
    ];
    compiled.push(new Uint8Array(engine.memory.buffer).slice(start, start + length));
  }
  return compiled;
}

/** Runs `prepare` once and saves the memory it leaves; the parts go beside it. */
async function prepareContext(core: Uint8Array): Promise<Uint8Array> {
  const parts = await compileParts(core);
  const engine = instantiate(core);
  let offset = 0;
  for (const [number, part] of parts.entries()) {
    engine.set_part(number, offset, part.length);
    offset += part.length;
  }
  engine.prepare();
  return snapshotModule(core, {
    memory: new Uint8Array(engine.memory.buffer),
    dropped: [
      "_initialize",
      "prepare",
      "allocate_source",
      "compile_part",
      "set_part",
      "part_bytes",
    ],
    passive: { bytes: Buffer.concat(parts), copier: "part_bytes" },
  });
}

/** Joins our WIT files into one text: each further package in its nested form. */
async function witSource(): Promise<string> {
  const script = await Bun.file(join(ROOT, "wit/script/script.wit")).text();
  const standard = await Bun.file(join(ROOT, "wit/kinode-process-1.0.0/process.wit")).text();
  return `${script}\n${standard.replace(/^package ([^;]+);/m, "package $1 {")}\n}\n`;
}

async function toComponent(core: Uint8Array): Promise<Uint8Array> {
  // The package does not export its adapter by name; it lies beside its `dist`.
  const jco = import.meta.resolve("@bytecodealliance/jco");
  const adapter = new URL("../lib/wasi_snapshot_preview1.reactor.wasm", jco);
  const embedded = await componentEmbed({
    binary: core,
    witSource: await witSource(),
    world: "engine",
    stringEncoding: "utf8",
  });
  return componentNew(embedded, [["wasi_snapshot_preview1", await Bun.file(adapter).bytes()]]);
}

/** Builds the engine and returns its bytes. */
export async function buildEngine(): Promise<Uint8Array> {
  const work = await mkdtemp(join(tmpdir(), "kinode-engine-"));
  try {
    await mkdir(work, { recursive: true });
    const quickjs = await fetchQuickJs(work);
    await patchQuickJs(quickjs);
    await writePrelude(work);
    return await toComponent(await prepareContext(await compile(work, quickjs)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const committed = join(HERE, "kinode-engine.wasm");
  const argument = process.argv[2];
  const before = argument === "--check" ? await Bun.file(committed).bytes() : new Uint8Array();
  const bytes = await buildEngine();
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  console.log(`${bytes.length} bytes, sha256 ${hash}`);
  if (argument !== "--check") await Bun.write(argument ?? committed, bytes);
  else if (!bytes.every((byte, i, { length }) => byte === before[i] && length === before.length)) {
    throw new Error(
      "The committed engine does not correspond to its sources and this toolchain; see BUILD.md",
    );
  }
}
