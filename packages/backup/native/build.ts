/**
 * Compiles `backup.c` and writes it as a module of base64, so that no program needs to find a file.
 * `bun run fixtures` runs it; it needs clang and lld.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
  ...["--target=wasm32", "-O3", "-nostdlib", "-ffreestanding", "-fno-builtin"],
  ...["-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"],
];
const OUTPUT = join(import.meta.dir, "../src/native-module.ts");

const folder = mkdtempSync(join(tmpdir(), "backup-native-"));
try {
  const wasm = join(folder, "backup.wasm");
  const { exitCode } = Bun.spawnSync(
    ["clang", ...FLAGS, "-o", wasm, join(import.meta.dir, "backup.c")],
    { stdout: "inherit", stderr: "inherit" },
  );
  if (exitCode !== 0) process.exit(1);
  const text = readFileSync(wasm).toString("base64");
  writeFileSync(
    OUTPUT,
    `/**
 * \`native/backup.c\`, compiled: made by \`bun run fixtures backup-native\`, not by hand.
 * @module
 */
export const NATIVE_WASM =
  "${text}";
`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
