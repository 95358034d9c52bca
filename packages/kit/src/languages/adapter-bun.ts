/**
 * The adapter that translates what compilers emit (WASI preview 1) into what components import (WASI 0.2). It is a file of the
 * package jco, which is large and which nobody needs who writes in TypeScript: it is installed beside the kit when it is wanted.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MissingTool } from "./contract.ts";

const NAME = "@bytecodealliance/jco";
const FILE = "wasi_snapshot_preview1.reactor.wasm";

/** The version this kit is tried with; its package.json has the same. */
export const ADAPTER_VERSION = "1.35.0";

const MISSING: MissingTool = {
  what: `the WASI adapter of ${NAME}`,
  howTo: `Install it in the package's folder: bun add -d ${NAME}@${ADAPTER_VERSION}`,
};

/** Path of the adapter, looked for from the folder the build was started in and from the kit. */
function findAdapter(): string | undefined {
  for (const folder of [process.cwd(), import.meta.dir]) {
    try {
      // The package does not export the file by name; it lies beside its `dist`.
      const jco = Bun.resolveSync(NAME, folder);
      return join(jco.startsWith("file:") ? fileURLToPath(jco) : jco, "../../lib", FILE);
    } catch {
      // Not from here.
    }
  }
  return undefined;
}

/** What a build of a component needs beside its compiler. */
export function missingAdapter(): readonly MissingTool[] {
  return findAdapter() === undefined ? [MISSING] : [];
}

/** @throws {Error} it is not installed; builds say so earlier, by `missingAdapter` */
export function readAdapter(): Uint8Array {
  const path = findAdapter();
  if (path === undefined) throw new Error(`${MISSING.what} is missing. ${MISSING.howTo}`);
  return readFileSync(path);
}
