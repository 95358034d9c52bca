/**
 * Rewritten programs, kept in the home folder from one run of the node to the next.
 *
 * What is read back decides what the sandbox is: a module without its meter could run for ever and take all memory. So each file
 * begins with a code (HMAC-SHA-256) that only this node can make, over its name and its content; a file whose code is wrong
 * is as good as none. Guests do not see the folder.
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MeteredModuleStore } from "@kinode-ts/component";
import type { NodeSigner } from "@kinode-ts/types";

const CODE_BYTES = 32;
/** Of all files together; the longest unused go first. */
const MAX_BYTES = 256 * 1024 * 1024;
const KEY_TEXT = "kinode: key of the kept programs, version 1";

export interface KeptModulesOptions {
  readonly folder: string;
  readonly signer: NodeSigner;
  readonly maxBytes?: number;
}

/** Failures count as a miss: whoever asks makes the module anew. */
export function createMeteredModules(options: KeptModulesOptions): MeteredModuleStore {
  const { folder, signer, maxBytes = MAX_BYTES } = options;
  // Signatures are deterministic, so the key is the same in every run and nobody else can make it.
  const secret = signer.sign(new TextEncoder().encode(KEY_TEXT));
  const pathOf = (key: string): string => join(folder, `${key}.wasm`);
  const codeOf = (key: string, bytes: Uint8Array): Buffer =>
    createHmac("sha256", secret).update(`${key}\0`).update(bytes).digest();
  let writes = 0;
  return {
    async read(key) {
      const path = pathOf(key);
      const file = await readFile(path).catch(() => undefined);
      if (file === undefined) return undefined;
      const bytes = file.subarray(CODE_BYTES);
      const code = file.subarray(0, CODE_BYTES);
      if (code.length < CODE_BYTES || !timingSafeEqual(code, codeOf(key, bytes))) {
        await rm(path, { force: true });
        return undefined;
      }
      const now = new Date();
      await utimes(path, now, now).catch(() => {});
      return bytes;
    },
    async write(key, bytes) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Two nodes never share a home, so the number is enough to tell writers apart.
      const temporary = `${pathOf(key)}.${writes++}.new`;
      await writeFile(temporary, [codeOf(key, bytes), bytes], { mode: 0o600 });
      await rename(temporary, pathOf(key));
      await removeOldest(folder, maxBytes);
    },
  };
}

async function removeOldest(folder: string, maxBytes: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      return { path, size, mtimeMs };
    }),
  );
  let left = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (left <= maxBytes) return;
    await rm(path, { force: true });
    left -= size;
  }
}
