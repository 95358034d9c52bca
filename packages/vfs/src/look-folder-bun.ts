/**
 * Sees changes in a folder of this machine that did not go through the node, by the system's own notices.
 * @module
 */
import { type FSWatcher, lstatSync, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DiskListener } from "./disk.ts";

/** Folders of one watch; the system bounds them for all programs together, and each costs some time at the start. */
const MAX_FOLDERS = 1_000;

export interface LookOptions {
  /** Path of the host. */
  readonly host: string;
  /** The same as a path of the VFS. */
  readonly path: string;
  readonly recursive: boolean;
  readonly listener: DiskListener;
}

/** Starts at once, or after counting the folders; stops by itself where the system gives no notices. */
export function lookAtFolder(options: LookOptions): Disposable {
  return new FolderLook(options);
}

class FolderLook implements Disposable {
  readonly #options: LookOptions;
  #watcher: FSWatcher | undefined;
  #isOver = false;
  #folderCount = 0;

  constructor(options: LookOptions) {
    this.#options = options;
    if (options.recursive) void this.#startRecursive();
    else this.#start();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  // The system's set-up goes through all folders without a pause, so they are counted before, with pauses.
  async #startRecursive(): Promise<void> {
    this.#folderCount = await countFolders(this.#options.host, MAX_FOLDERS + 1, () => this.#isOver);
    if (this.#folderCount <= MAX_FOLDERS) this.#start();
  }

  #start(): void {
    if (this.#isOver) return;
    const { host, recursive } = this.#options;
    const own = this.#options.path;
    const isFolder = isFolderPath(host);
    // The folder around a file: editors put a new file in the place of the old one.
    const root = isFolder ? host : join(host, "..");
    const base = isFolder ? own : own.slice(0, own.lastIndexOf("/"));
    try {
      this.#watcher = watch(root, { recursive: recursive && isFolder }, (kind, name) =>
        this.#changed(kind, base, String(name)),
      );
    } catch {
      // The system gives no notices: changes through the node are told all the same.
      return;
    }
    const emitter = this.#watcher as unknown as NodeJS.EventEmitter;
    emitter.on("error", () => this.#lose());
  }

  #changed(kind: string, base: string, name: string): void {
    if (this.#isOver || name === "null" || name === "") return;
    if (kind === "rename" && this.#options.recursive) this.#countNew(name);
    this.#options.listener.changed(`${base}/${name}`, kind === "rename");
  }

  /** New folders are looked at as well, which must end somewhere. */
  #countNew(name: string): void {
    if (!isFolderPath(join(this.#options.host, name))) return;
    this.#folderCount++;
    if (this.#folderCount > MAX_FOLDERS) this.#lose();
  }

  #lose(): void {
    this[Symbol.dispose]();
    this.#options.listener.lost();
  }
}

/** What cannot be looked at is none: a folder above may have become a file, or be closed to us. */
function isFolderPath(host: string): boolean {
  try {
    return lstatSync(host).isDirectory();
  } catch {
    return false;
  }
}

/** Folders at and below `root`, up to `most`. */
async function countFolders(root: string, most: number, isOver: () => boolean): Promise<number> {
  let count = 0;
  const waiting = [root];
  for (let at = waiting.pop(); at !== undefined && !isOver(); at = waiting.pop()) {
    if (++count >= most) return count;
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) waiting.push(join(at, entry.name));
  }
  return count;
}
