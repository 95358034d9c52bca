/**
 * Packages with a committed program in them, for tests that must not need compilers.
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Calls `use` with a folder that `make` filled, in which `pkg/counter.wasm` is the committed program of this name; the
 * folder is gone afterwards.
 */
export async function withPrebuilt<T>(
  name: string,
  make: (folder: string) => void,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-prebuilt-"));
  try {
    const folder = join(scratch, "my-app");
    make(folder);
    // Without its source nothing is to be built.
    rmSync(join(folder, "counter"), { recursive: true, force: true });
    const program = readFileSync(join(import.meta.dir, `prebuilt/${name}.wasm.zst`));
    mkdirSync(join(folder, "pkg"), { recursive: true });
    writeFileSync(join(folder, "pkg/counter.wasm"), Bun.zstdDecompressSync(program));
    return await use(folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
