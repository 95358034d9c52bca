/**
 * The files of one SQL database in a folder of the host. Named as SQLite names them, so that any tool can open them while the
 * node does not run.
 * @module
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { EngineFiles } from "./engine.ts";

const SUFFIXES = ["", "-journal", "-wal"] as const;

class FolderFiles implements EngineFiles {
  readonly #paths: readonly string[];
  readonly #open: (number | undefined)[] = [undefined, undefined, undefined];

  constructor(folder: string, name: string) {
    this.#paths = SUFFIXES.map((suffix) => join(folder, `${name}.db${suffix}`));
  }

  read(file: number, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      return bytes.subarray(0, readSync(this.#descriptor(file), bytes, 0, length, offset));
    } catch {
      return bytes.subarray(0, 0);
    }
  }

  write(file: number, offset: number, bytes: Uint8Array): boolean {
    try {
      return writeSync(this.#descriptor(file), bytes, 0, bytes.length, offset) === bytes.length;
    } catch {
      return false;
    }
  }

  truncate(file: number, size: number): boolean {
    return attempt(() => ftruncateSync(this.#descriptor(file), size));
  }

  sync(file: number): boolean {
    return attempt(() => fsyncSync(this.#descriptor(file)));
  }

  size(file: number): number {
    const open = this.#open[file];
    if (open !== undefined) return fstatSync(open).size;
    return statSync(this.#paths[file]!, { throwIfNoEntry: false })?.size ?? 0;
  }

  exists(file: number): boolean {
    return existsSync(this.#paths[file]!);
  }

  delete(file: number): boolean {
    this.#close(file);
    return attempt(() => rmSync(this.#paths[file]!, { force: true }));
  }

  close(): void {
    for (const file of SUFFIXES.keys()) this.#close(file);
  }

  #descriptor(file: number): number {
    const path = this.#paths[file]!;
    return (this.#open[file] ??= openSync(path, existsSync(path) ? "r+" : "w+", 0o600));
  }

  #close(file: number): void {
    const open = this.#open[file];
    this.#open[file] = undefined;
    if (open !== undefined) closeSync(open);
  }
}

function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** @param folder - must exist */
export function openEngineFiles(folder: string, name: string): EngineFiles {
  return new FolderFiles(folder, name);
}
