/**
 * Rust: a crate of kind `cdylib` for `wasm32-wasip1`, usually on the public crate `kinode_process_lib`, as cargo builds
 * it. Its bindings carry the interface they were made for, so the WIT version is the crate's own affair.
 * Source: spec/packages-and-tools.md §23.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { PackageError } from "../errors.ts";
import type { BuildRequest, Language, MissingTool, ToolRunner } from "./contract.ts";
import { missingAdapter } from "./adapter-bun.ts";
import { makeComponent } from "./make-component-bun.ts";

const TARGET = "wasm32-wasip1";

/** Where distributions put theirs; a rustup in front of it on the PATH may lack the target. */
const SYSTEM_FOLDER = "/usr/bin";

interface Toolchain {
  readonly cargo: string;
  readonly rustc: string;
  /** What to link with; rustup's toolchains bring their own. */
  readonly linker: string | undefined;
  readonly version: string;
}

type Search = Toolchain | { readonly missing: readonly MissingTool[] };

const NO_RUST: MissingTool = {
  what: "Rust (cargo and rustc)",
  howTo: `install it from https://rustup.rs, then run rustup target add ${TARGET}`,
};
const NO_TARGET: MissingTool = {
  what: `Rust's target ${TARGET}`,
  howTo: `run rustup target add ${TARGET}`,
};
const NO_LINKER: MissingTool = {
  what: "the linker wasm-ld, which this Rust does not bring along",
  howTo: "install lld (Debian: apt-get install lld)",
};

async function ask(tools: ToolRunner, command: readonly string[]): Promise<string> {
  try {
    return (await tools.run(command, { cwd: import.meta.dir })).trim();
  } catch {
    return "";
  }
}

async function toolchainOf(tools: ToolRunner, cargo: string, rustc: string): Promise<Search> {
  const version = await ask(tools, [rustc, "--version"]);
  if (version === "") return { missing: [NO_RUST] };
  const library = await ask(tools, [rustc, "--print", "target-libdir", "--target", TARGET]);
  const hasStd =
    existsSync(library) &&
    readdirSync(library).some((name) => /^libstd(?:-[0-9a-f]+)?\.rlib$/.test(name));
  const host = await ask(tools, [rustc, "--print", "target-libdir"]);
  const bringsLinker = existsSync(join(host, "../bin/rust-lld"));
  const linker = bringsLinker ? undefined : tools.find("wasm-ld");
  const missing = [
    ...(hasStd ? [] : [NO_TARGET]),
    ...(bringsLinker || linker !== undefined ? [] : [NO_LINKER]),
  ];
  return missing.length > 0 ? { missing } : { cargo, rustc, linker, version };
}

/** The first of those on the PATH and the system's that can compile for the target; what the first lacks if none can. */
async function search(tools: ToolRunner): Promise<Search> {
  const cargo = process.env["CARGO"] ?? tools.find("cargo");
  const rustc = process.env["RUSTC"] ?? tools.find("rustc");
  const first: Search =
    cargo === undefined || rustc === undefined
      ? { missing: [NO_RUST] }
      : await toolchainOf(tools, cargo, rustc);
  if (!("missing" in first)) return first;
  const system = { cargo: join(SYSTEM_FOLDER, "cargo"), rustc: join(SYSTEM_FOLDER, "rustc") };
  if (!existsSync(system.cargo) || !existsSync(system.rustc)) return first;
  const second = await toolchainOf(tools, system.cargo, system.rustc);
  return "missing" in second ? first : second;
}

/** What a search found, as long as the runner lives. */
const found = new WeakMap<ToolRunner, Promise<Search>>();

function findToolchain(tools: ToolRunner): Promise<Search> {
  const known = found.get(tools) ?? search(tools);
  found.set(tools, known);
  return known;
}

/** Existing packages generate their bindings from `target/wit` beside their sources. */
function copyWit({ witFolder, sourceFolder }: BuildRequest): void {
  const own = join(sourceFolder, "target/wit");
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(witFolder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".wit")) continue;
    const text = readFileSync(join(witFolder, name), "utf8");
    const path = join(own, name);
    mkdirSync(dirname(path), { recursive: true });
    // Untouched where nothing changed: cargo looks at times.
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
}

function environment({ rustc, linker }: Toolchain): Record<string, string> {
  return {
    RUSTC: rustc,
    // The process library and many packages use features that only nightly compilers have unlocked.
    RUSTC_BOOTSTRAP: "1",
    ...(linker === undefined ? {} : { CARGO_TARGET_WASM32_WASIP1_LINKER: linker }),
  };
}

/**
 * No path of this machine in the texts of panics: same sources, same bytes. Paths of the package itself are relative
 * already; naming its folder here would have cargo build all dependencies again for every package.
 */
function remapping(): string {
  const cargoHome = process.env["CARGO_HOME"] ?? join(homedir(), ".cargo");
  const flags = [`--remap-path-prefix=${cargoHome}=/cargo`];
  return `target.${TARGET}.rustflags=${JSON.stringify(flags)}`;
}

interface Metadata {
  readonly packages: readonly {
    readonly manifest_path: string;
    readonly features?: Readonly<Record<string, unknown>>;
    readonly targets: readonly { readonly name: string; readonly crate_types: readonly string[] }[];
  }[];
}

/** What cargo says about the crate of a folder. */
interface Crate {
  /** The file that it will write. */
  readonly output: string;
  readonly features: ReadonlySet<string>;
}

async function describeCrate(toolchain: Toolchain, request: BuildRequest): Promise<Crate> {
  const command = [toolchain.cargo, "metadata", "--no-deps", "--format-version", "1"];
  const text = await request.tools.run(command, {
    cwd: request.sourceFolder,
    env: environment(toolchain),
  });
  const line = text.split("\n").find((each) => each.startsWith("{")) ?? "{}";
  const { packages = [] } = JSON.parse(line) as Partial<Metadata>;
  const manifest = join(request.sourceFolder, "Cargo.toml");
  const crate = packages.find((each) => resolve(each.manifest_path) === manifest);
  const library = crate?.targets.find((target) => target.crate_types.includes("cdylib"));
  if (library === undefined) {
    const reason = `${manifest} makes no process`;
    throw new PackageError(
      { code: "kit.build-failed", entry: request.sourceFolder, reason },
      reason,
      {
        hint: 'Add crate-type = ["cdylib"] under [lib]',
      },
    );
  }
  return {
    output: `${library.name.replaceAll("-", "_")}.wasm`,
    features: new Set(Object.keys(crate?.features ?? {})),
  };
}

async function build(request: BuildRequest): Promise<Uint8Array> {
  const toolchain = await findToolchain(request.tools);
  if ("missing" in toolchain) throw new Error(toolchain.missing.map(({ what }) => what).join(", "));
  copyWit(request);
  const { output, features } = await describeCrate(toolchain, request);
  const wanted = (request.features ?? []).filter((name) => features.has(name));
  const targetFolder = process.env["CARGO_TARGET_DIR"] ?? request.workFolder;
  const command = [
    toolchain.cargo,
    "build",
    "--release",
    // As the existing packages expect it.
    "--no-default-features",
    `--target=${TARGET}`,
    `--target-dir=${targetFolder}`,
    `--config=${remapping()}`,
    ...(wanted.length > 0 ? [`--features=${wanted.join(",")}`] : []),
  ];
  await request.tools.run(command, { cwd: request.sourceFolder, env: environment(toolchain) });
  return await makeComponent(readFileSync(join(targetFolder, TARGET, "release", output)));
}

/** Sources of crates that a manifest points to with `path = "…"`, and those they point to. */
function pathDependencies(crateFolder: string, seen: Set<string>): string[] {
  const manifest = join(crateFolder, "Cargo.toml");
  if (!existsSync(manifest)) return [];
  const text = readFileSync(manifest, "utf8");
  return [...text.matchAll(/\bpath\s*=\s*"([^"]+)"/g)].flatMap(([, path = ""]) => {
    const folder = resolve(crateFolder, path);
    if (seen.has(folder) || !existsSync(join(folder, "Cargo.toml"))) return [];
    seen.add(folder);
    return [...crateFiles(folder), ...pathDependencies(folder, seen)];
  });
}

function crateFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /(?:\.rs|^Cargo\.toml)$/.test(name) && !/(?:^|[\\/])target[\\/]/.test(name))
    .map((name) => join(folder, name))
    .toSorted();
}

/** Of the crate itself and of the workspace it belongs to. */
function workspaceFiles({ sourceFolder, packageFolder }: BuildRequest): string[] {
  return [...new Set([packageFolder, sourceFolder])]
    .flatMap((folder) =>
      ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"].map((name) =>
        join(folder, name),
      ),
    )
    .filter((path) => existsSync(path));
}

export const rust: Language = {
  id: "rust",
  label: "Rust",
  owns: (sourceFolder) => existsSync(join(sourceFolder, "Cargo.toml")),
  async missingTools(tools) {
    const toolchain = await findToolchain(tools);
    return [...("missing" in toolchain ? toolchain.missing : []), ...missingAdapter()];
  },
  async toolchainVersion(tools) {
    const toolchain = await findToolchain(tools);
    return "missing" in toolchain ? "" : toolchain.version;
  },
  extraInputs: (request) => [
    ...workspaceFiles(request),
    ...pathDependencies(request.sourceFolder, new Set([request.sourceFolder])),
  ],
  build,
};
