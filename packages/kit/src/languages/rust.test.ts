import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuildRequest, ToolRunner } from "./contract.ts";
import { rust } from "./rust-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-rust-"));
const sourceFolder = join(folder, "counter");
const withStd = join(folder, "toolchain/wasm32-wasip1/lib");
const hostLibraries = join(folder, "toolchain/host/lib");
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const kept = {
  CARGO: process.env["CARGO"],
  RUSTC: process.env["RUSTC"],
  target: process.env["CARGO_TARGET_DIR"],
};

function write(path: string, content: string | Uint8Array = ""): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  // Whatever this machine has, the tests see the toolchain below only.
  process.env["CARGO"] = "/fake/cargo";
  process.env["RUSTC"] = "/fake/rustc";
  delete process.env["CARGO_TARGET_DIR"];
  write("toolchain/wasm32-wasip1/lib/libstd-0123456789abcdef.rlib");
  write("toolchain/host/bin/rust-lld");
  mkdirSync(hostLibraries, { recursive: true });
  write(
    "counter/Cargo.toml",
    '[package]\nname = "counter"\n[dependencies]\nshared = { path = "../shared" }\n',
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const restore = { CARGO: kept.CARGO, RUSTC: kept.RUSTC, CARGO_TARGET_DIR: kept.target };
  for (const [name, value] of Object.entries(restore)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

interface Run {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A toolchain whose crate is of these kinds; cargo writes an empty module. */
function fakeRust(
  options: {
    readonly target?: string;
    readonly crateTypes?: readonly string[];
    readonly features?: object;
    readonly linker?: string;
  } = {},
): ToolRunner & { readonly runs: Run[] } {
  const runs: Run[] = [];
  const targets = [{ name: "the-counter", crate_types: options.crateTypes ?? ["cdylib"] }];
  const manifest_path = join(sourceFolder, "Cargo.toml");
  const answer = (words: string): string => {
    if (words.includes("--target wasm32-wasip1")) return options.target ?? withStd;
    if (words.includes("target-libdir")) return hostLibraries;
    if (words.includes("--version")) return "rustc 1.85.0";
    const crate = { manifest_path, targets, features: options.features };
    return `warning: something\n${JSON.stringify({ packages: [crate] })}`;
  };
  return {
    runs,
    find: (program) => (program === "wasm-ld" ? options.linker : undefined),
    run(command, { env = {} }) {
      runs.push({ command, env });
      if (command[1] === "build")
        write("target/build/rust/wasm32-wasip1/release/the_counter.wasm", EMPTY_MODULE);
      return Promise.resolve(`${answer(command.join(" "))}\n`);
    },
  };
}

function request(tools: ToolRunner): BuildRequest {
  const workFolder = join(folder, "target/build/rust");
  const witFolder = join(import.meta.dir, "../../../../wit/kinode-process-1.0.0");
  return {
    sourceFolder,
    packageFolder: folder,
    name: "counter",
    workFolder,
    witFolder,
    world: "process-v1",
    tools,
  };
}

describe("Rust", () => {
  test("owns folders with a Cargo.toml", () => {
    expect(rust.owns(sourceFolder)).toBe(true);
    expect(rust.owns(folder)).toBe(false);
  });

  test("misses the target, and a linker where none comes along, at once", async () => {
    expect(await rust.missingTools(fakeRust())).toEqual([]);
    rmSync(join(folder, "toolchain/host"), { recursive: true });
    mkdirSync(hostLibraries, { recursive: true });
    const missing = await rust.missingTools(fakeRust({ target: join(folder, "none") }));
    expect(missing.map(({ what }) => what)).toEqual([
      "Rust's target wasm32-wasip1",
      "the linker wasm-ld, which this Rust does not bring along",
    ]);
    expect(missing[0]!.howTo).toContain("rustup target add wasm32-wasip1");
    expect(await rust.missingTools(fakeRust({ linker: "/bin/wasm-ld" }))).toEqual([]);
  });

  test("a crate is built with those of the features asked for that it has", async () => {
    const tools = fakeRust({ features: { test: [], other: [] } });
    await rust.build({ ...request(tools), features: ["test", "simulation"] });
    const command = tools.runs.find((each) => each.command[1] === "build")?.command;
    expect(command).toContain("--features=test");
    const plain = fakeRust({ features: { test: [] } });
    await rust.build(request(plain));
    const without = plain.runs.find((each) => each.command[1] === "build")?.command ?? [];
    expect(without.filter((word) => word.startsWith("--features"))).toEqual([]);
  });

  test("gives the crate the interface where existing packages look for it, and leaves it when it is the same", async () => {
    await rust.build(request(fakeRust())).catch(() => undefined);
    const copy = join(sourceFolder, "target/wit/process.wit");
    expect(readFileSync(copy, "utf8")).toContain("package kinode:process@1.0.0;");
    const before = statSync(copy).mtimeMs;
    await Bun.sleep(10);
    await rust.build(request(fakeRust())).catch(() => undefined);
    expect(statSync(copy).mtimeMs).toBe(before);
  });

  test("builds for WebAssembly without default features, and takes the file that is named as the crate is", async () => {
    const tools = fakeRust({ linker: "/bin/wasm-ld" });
    const component = await rust.build(request(tools));
    expect([...component.subarray(4, 8)]).toEqual([0x0d, 0, 1, 0]);
    const { command, env } = tools.runs.find((run) => run.command[1] === "build")!;
    expect(command).toEqual(
      expect.arrayContaining(["--release", "--no-default-features", "--target=wasm32-wasip1"]),
    );
    expect(command.join(" ")).toContain("--remap-path-prefix");
    expect(env).toMatchObject({ RUSTC: "/fake/rustc", RUSTC_BOOTSTRAP: "1" });
    expect(env["CARGO_TARGET_WASM32_WASIP1_LINKER"]).toBeUndefined();
  });

  test("says what a crate lacks to be a process", async () => {
    await expect(rust.build(request(fakeRust({ crateTypes: ["rlib"] })))).rejects.toThrow(
      /makes no process/,
    );
  });

  test("counts the workspace and crates beside it among what goes in", () => {
    write("Cargo.toml", "[workspace]\n");
    write("Cargo.lock");
    write("shared/Cargo.toml", '[dependencies]\nback = { path = "../counter" }\n');
    write("shared/src/lib.rs");
    write("shared/target/made.rs");
    const inputs = rust
      .extraInputs(request(fakeRust()))
      .map((path) => path.slice(folder.length + 1));
    expect(inputs.toSorted()).toEqual([
      "Cargo.lock",
      "Cargo.toml",
      "counter/Cargo.toml",
      "shared/Cargo.toml",
      "shared/src/lib.rs",
    ]);
  });
});
