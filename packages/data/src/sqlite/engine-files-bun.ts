/**
 * The files of one SQL database in a folder of the host. Named as SQLite names them, so that any tool can open them while the
 * node does not run.
 * @module
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  ftruncate,
  ftruncateSync,
  openSync,
  readSync,
  rm,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Awaitable } from "@kinode-ts/types";
import { type DiskUse, RESERVE_BYTES } from "../disk-use.ts";
import { type EngineFiles, FILE } from "./engine.ts";

/** The operating system takes a millisecond to give back so much. */
const MAX_BYTES_AT_ONCE = 4 * 1024 * 1024;
const SUFFIXES = ["", "-journal", "-wal"] as const;

class FolderFiles implements EngineFiles {
  wasRefused = false;
  readonly #paths: readonly string[];
  readonly #use: DiskUse;
  /** The engine waits for one thing at a time. */
  #underWay: Promise<boolean> | undefined;
  readonly #open: (number | undefined)[] = [undefined, undefined, undefined];
  /** Sizes as far as they are known to be right: nobody else writes these files. */
  readonly #sizes: (number | undefined)[] = [undefined, undefined, undefined];

  constructor(folder: string, name: string, use: DiskUse) {
    this.#paths = SUFFIXES.map((suffix) => join(folder, `${name}.db${suffix}`));
    this.#use = use;
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
    const growth = offset + bytes.length - this.size(file);
    // How large the database itself becomes the store has limited by the number of its pages.
    if (growth > 0 && file !== FILE.database && !this.#use.hasRoom(growth - RESERVE_BYTES)) {
      this.wasRefused = true;
      return false;
    }
    try {
      const written = writeSync(this.#descriptor(file), bytes, 0, bytes.length, offset);
      this.#resize(file, Math.max(this.size(file), offset + written));
      return written === bytes.length;
    } catch {
      return false;
    }
  }

  truncate(file: number, size: number): Awaitable<boolean> {
    if (this.size(file) - size > MAX_BYTES_AT_ONCE) {
      return this.#settled(
        (done) => ftruncate(this.#descriptor(file), size, done),
        () => this.#resize(file, size),
      );
    }
    return attempt(() => {
      ftruncateSync(this.#descriptor(file), size);
      this.#resize(file, size);
    });
  }

  sync(file: number): Promise<boolean> {
    return this.#settled((done) => fsync(this.#descriptor(file), done));
  }

  size(file: number): number {
    return (this.#sizes[file] ??= this.#sizeOnDisk(file));
  }

  exists(file: number): boolean {
    return existsSync(this.#paths[file]!);
  }

  delete(file: number): Awaitable<boolean> {
    const path = this.#paths[file]!;
    const size = this.size(file);
    this.#close(file);
    const removed = (): void => {
      this.#sizes[file] = size;
      this.#resize(file, 0);
    };
    if (size > MAX_BYTES_AT_ONCE)
      return this.#settled((done) => rm(path, { force: true }, done), removed);
    return attempt(() => {
      rmSync(path, { force: true });
      removed();
    });
  }

  /** An engine that is ended may leave something under way: nobody may have the files, nor their descriptors, before that. */
  close(): Awaitable<void> {
    if (this.#underWay !== undefined) return this.#underWay.then(() => this.close());
    for (const file of SUFFIXES.keys()) this.#close(file);
  }

  /** What the host does beside this thread; whether it went well. @param then - when it did */
  #settled(
    begin: (done: (failure: Error | null) => void) => void,
    then: () => void = () => undefined,
  ): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const done = (failure: Error | null): void => {
      this.#underWay = undefined;
      if (failure === null) then();
      resolve(failure === null);
    };
    this.#underWay = promise;
    try {
      begin(done);
    } catch {
      this.#underWay = undefined;
      resolve(false);
    }
    return promise;
  }

  #sizeOnDisk(file: number): number {
    const open = this.#open[file];
    if (open !== undefined) return fstatSync(open).size;
    return statSync(this.#paths[file]!, { throwIfNoEntry: false })?.size ?? 0;
  }

  #resize(file: number, size: number): void {
    this.#use.bytes += size - this.size(file);
    this.#sizes[file] = size;
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

/**
 * @param folder - must exist
 * @param use - is told what the files occupy
 */
export function openEngineFiles(folder: string, name: string, use: DiskUse): EngineFiles {
  return new FolderFiles(folder, name, use);
}
