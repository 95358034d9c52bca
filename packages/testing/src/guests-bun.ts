/**
 * The committed guest binaries, by name.
 * @module
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const BUILT = join(import.meta.dir, "../guests/built");

/** Bytes of `guests/built/<name>.wasm`. @throws {Error} there is none */
export function guestBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(BUILT, `${name}.wasm`)));
}

/** Names of all of them. */
export function guestNames(): readonly string[] {
  return readdirSync(BUILT)
    .filter((file) => file.endsWith(".wasm"))
    .map((file) => file.slice(0, -".wasm".length))
    .sort();
}
