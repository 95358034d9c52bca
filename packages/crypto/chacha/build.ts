/**
 * Compiles `chacha20-poly1305.c` and writes it as a module of base64, so that no program needs to find a file.
 * `bun run fixtures` runs it; it needs clang and lld.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
  ...["--target=wasm32", "-O3", "-msimd128", "-nostdlib", "-ffreestanding", "-fno-builtin"],
  ...["-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"],
];
const OUTPUT = join(import.meta.dir, "../src/chacha20-poly1305-module.ts");

const folder = mkdtempSync(join(tmpdir(), "chacha-"));
try {
  const wasm = join(folder, "chacha.wasm");
  const { exitCode } = Bun.spawnSync(
    ["clang", ...FLAGS, "-o", wasm, join(import.meta.dir, "chacha20-poly1305.c")],
    { stdout: "inherit", stderr: "inherit" },
  );
  if (exitCode !== 0) process.exit(1);
  const text = readFileSync(wasm).toString("base64");
  writeFileSync(
    OUTPUT,
    `/**
 * \`chacha/chacha20-poly1305.c\`, compiled: made by \`bun run fixtures chacha\`, not by hand.
 * @module
 */
export const CHACHA20_POLY1305_WASM =
  "${text}";
`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
