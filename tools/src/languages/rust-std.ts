/**
 * Rust for `wasm32-wasip1` from Debian's packages alone, where no rustup reaches its server: the packaged compiler, and
 * the standard library compiled once from the compiler's source package. Needs root, 200 MB of downloads, 2 GB of disk
 * and one to several minutes.
 * @module
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, works } from "./commands.ts";
import { installPackages } from "./debian.ts";

/** One version for compiler and library; a newer one in the archive is of no use without trying. */
const VERSION = "1.85.0";
const DEBIAN_VERSION = `${VERSION}+dfsg3-1~deb12u3`;
const SYSROOT = "/usr/lib/rustlib/wasm32-wasip1/lib";
const SOURCES_LIST = "/etc/apt/sources.list.d/kinode-sources.sources";
const PACKAGES = [
  `rustc-web=${DEBIAN_VERSION}`,
  `cargo-web=${DEBIAN_VERSION}`,
  `libstd-rust-web-dev=${DEBIAN_VERSION}`,
  "clang",
  "lld",
  "wasi-libc",
  "libclang-rt-14-dev-wasm32",
  "xz-utils",
  // The C linker and library that build scripts of crates need on the host.
  "gcc",
  "libc6-dev",
  "ca-certificates",
];

/** A library with everything in it links: std, its bitcode, libc and the linker are there. */
async function compiles(): Promise<boolean> {
  if (!existsSync("/usr/bin/rustc") || !existsSync(SYSROOT)) return false;
  const folder = mkdtempSync(join(tmpdir(), "kinode-rust-"));
  const source = join(folder, "try.rs");
  writeFileSync(
    source,
    '#[no_mangle]\npub extern "C" fn f() { println!("{:?}", std::env::args()); }\n',
  );
  const flags = ["--crate-type=cdylib", "-O", "-Cpanic=abort", "-Clto", "-Clinker=wasm-ld"];
  const command = [
    "/usr/bin/rustc",
    "--target=wasm32-wasip1",
    ...flags,
    "-o",
    join(folder, "try.wasm"),
    source,
  ];
  const good = await works(command);
  rmSync(folder, { recursive: true, force: true });
  return good;
}

/** Makes apt know source packages; only the main archive of the compiler is fetched, not 900 MB of older compilers. */
async function fetchSource(work: string): Promise<string> {
  const folder = join(work, `rustc-${VERSION}-src`);
  if (existsSync(folder)) return folder;
  const list = readFileSync("/etc/apt/sources.list.d/debian.sources", "utf8");
  writeFileSync(SOURCES_LIST, list.replaceAll(/^Types: deb$/gm, "Types: deb-src"));
  await run(["apt-get", "update", "-qq"]);
  const uris = await run([
    "apt-get",
    "--print-uris",
    "-qq",
    "source",
    `rustc-web=${DEBIAN_VERSION}`,
  ]);
  const line = uris.split("\n").find((each) => each.includes(".orig.tar.xz")) ?? "";
  const [, uri, file = "", , sum = ""] = /^'([^']+)' (\S+) (\d+) (\S+)/.exec(line) ?? [];
  if (uri === undefined) throw new Error(`apt names no source of rustc-web ${DEBIAN_VERSION}`);
  const archive = join(work, file);
  await run(["/usr/lib/apt/apt-helper", "download-file", uri, archive, sum]);
  const unpacked = join(work, "unpacked");
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked);
  await run(["tar", "xf", archive, "-C", unpacked]);
  rmSync(archive);
  renameSync(join(unpacked, `rustc-${VERSION}-src`), folder);
  return folder;
}

/** Debian removed a crate that only Windows needs; cargo wants to see it. */
function writeMissingCrate(source: string): void {
  const folder = join(source, "vendor/windows-sys-0.59.0");
  const features = ["Foundation", "System_Memory", "System_Threading", "System_SystemInformation"];
  const manifest = [
    "[package]",
    'name = "windows-sys"',
    'version = "0.59.0"',
    'edition = "2021"',
    "[features]",
    ...features.map((name) => `Win32_${name} = []`),
  ];
  mkdirSync(join(folder, "src"), { recursive: true });
  writeFileSync(join(folder, "Cargo.toml"), `${manifest.join("\n")}\n`);
  writeFileSync(join(folder, "src/lib.rs"), "#![no_std]\n");
  writeFileSync(join(folder, ".cargo-checksum.json"), '{"files":{}}\n');
}

function useVendoredCrates(source: string): void {
  const library = join(source, "library");
  const config = [
    "[source.crates-io]",
    'replace-with = "vendored-sources"',
    "[source.vendored-sources]",
    `directory = "${join(source, "vendor")}"`,
  ];
  mkdirSync(join(library, ".cargo"), { recursive: true });
  writeFileSync(join(library, ".cargo/config.toml"), `${config.join("\n")}\n`);
  const lock = join(library, "Cargo.lock");
  // Debian changed some of the crates: their sums are no longer those of the lock file.
  writeFileSync(lock, readFileSync(lock, "utf8").replaceAll(/^checksum = .*\n/gm, ""));
}

async function compileStd(source: string, work: string): Promise<void> {
  const target = join(work, "target");
  rmSync(target, { recursive: true, force: true });
  const flags = ["--release", "--target=wasm32-wasip1", "--features=panic-unwind"];
  const manifest = ["--manifest-path=sysroot/Cargo.toml", `--target-dir=${target}`];
  await run(["/usr/bin/cargo", "build", ...flags, ...manifest], {
    cwd: join(source, "library"),
    env: {
      RUSTC: "/usr/bin/rustc",
      RUSTC_BOOTSTRAP: "1",
      // Without this machine's paths, which would end up in every program's texts of panics.
      RUSTFLAGS: `-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --remap-path-prefix=${source}=/rustc/${VERSION}`,
      CARGO_HOME: join(work, "cargo-home"),
      CARGO_TARGET_DIR: undefined,
      CARGO_BUILD_TARGET: undefined,
    },
  });
}

function copyTo(files: readonly string[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of files) copyFileSync(file, join(folder, file.split("/").at(-1)!));
}

function installStd(work: string): void {
  const built = join(work, "target/wasm32-wasip1/release/deps");
  const crates = readdirSync(built).filter((name) => name.endsWith(".rlib"));
  const libc = "/usr/lib/wasm32-wasi";
  const startFiles = readdirSync(libc).filter((name) => /^crt1.*\.o$|^libc\.a$/.test(name));
  rmSync(SYSROOT, { recursive: true, force: true });
  copyTo(
    crates.map((name) => join(built, name)),
    SYSROOT,
  );
  copyTo(
    startFiles.map((name) => join(libc, name)),
    join(SYSROOT, "self-contained"),
  );
}

/**
 * Makes `/usr/bin/rustc` compile for `wasm32-wasip1`; does nothing where it does already.
 * @throws {Error} a step failed, with its output
 */
export async function installRustFromDebian(cache: string): Promise<void> {
  if (await compiles()) return;
  const work = join(cache, "rust-std");
  mkdirSync(work, { recursive: true });
  await installPackages(PACKAGES);
  const source = await fetchSource(work);
  writeMissingCrate(source);
  useVendoredCrates(source);
  await compileStd(source, work);
  installStd(work);
  if (!(await compiles()))
    throw new Error("The standard library was built, but a program does not compile");
  rmSync(work, { recursive: true, force: true });
}
