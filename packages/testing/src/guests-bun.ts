/**
 * The committed guest binaries, by name.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const BUILT = join(import.meta.dir, "../guests/built");

/** Bytes of `guests/built/<name>.wasm`. @throws {Error} there is none */
export function guestBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(BUILT, `${name}.wasm`)));
}
