/**
 * Sees changes in a folder of this machine that did not go through the node, by the system's own notices.
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
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

/** Looks from then on, or after counting the folders; stops by itself where the system gives no notices. */
export async function lookAtFolder(options: LookOptions): Promise<Disposable> {
  const look = new FolderLook(options);
  if (options.recursive) void look.startRecursive();
  else await look.start();
  return look;
}

class FolderLook implements Disposable {
  readonly #options: LookOptions;
  #watcher: FSWatcher | undefined;
  #isOver = false;
  #folderCount = 0;

  constructor(options: LookOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  // The system's set-up goes through all folders without a pause, so they are counted before, with pauses.
  async startRecursive(): Promise<void> {
    this.#folderCount = await countFolders(this.#options.host, MAX_FOLDERS + 1, () => this.#isOver);
    if (this.#folderCount <= MAX_FOLDERS) await this.start();
  }

  async start(): Promise<void> {
    const { host, recursive } = this.#options;
    const own = this.#options.path;
    const isFolder = await isFolderPath(host);
    if (this.#isOver) return;
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
    if (kind === "rename" && this.#options.recursive) void this.#countNew(name);
    this.#options.listener.changed(`${base}/${name}`, kind === "rename");
  }

  /** New folders are looked at as well, which must end somewhere. */
  async #countNew(name: string): Promise<void> {
    if (!(await isFolderPath(join(this.#options.host, name))) || this.#isOver) return;
    this.#folderCount++;
    if (this.#folderCount > MAX_FOLDERS) this.#lose();
  }

  #lose(): void {
    this[Symbol.dispose]();
    this.#options.listener.lost();
  }
}

/** What cannot be looked at is none: a folder above may have become a file, or be closed to us. */
async function isFolderPath(host: string): Promise<boolean> {
  return await lstat(host).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
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
