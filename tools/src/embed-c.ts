/**
 * Compiles one file of C to a core module without imports and writes it as base64 into a TypeScript module, so that no program needs to
 * find a file. Needs clang and lld.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./toolchain.ts";
import { ROOT } from "./workspace.ts";

const FLAGS = [
  ...["--target=wasm32", "-O3", "-nostdlib", "-ffreestanding", "-fno-builtin"],
  ...["-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"],
];

export interface EmbeddedC {
  /** Of the fixture; the module says so. */
  readonly name: string;
  /** Relative to the root, as `output`. */
  readonly source: string;
  readonly output: string;
  /** Name of the text that the module exports. */
  readonly constant: string;
  /** More for the compiler, such as `-msimd128`. */
  readonly flags?: readonly string[];
}

export function embedC({ name, source, output, constant, flags = [] }: EmbeddedC): void {
  const folder = mkdtempSync(join(tmpdir(), "embed-c-"));
  try {
    const wasm = join(folder, "module.wasm");
    run(["clang", ...FLAGS, ...flags, "-o", wasm, join(ROOT, source)], ROOT);
    const shown = source.split("/").slice(2).join("/");
    const text = `/**
 * \`${shown}\`, compiled: made by \`bun run fixtures ${name}\`, not by hand.
 * @module
 */
export const ${constant} =
  "${readFileSync(wasm).toString("base64")}";
`;
    writeFileSync(join(ROOT, output), text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
