/**
 * A disk that says what is changed on it, by whomever: by requests, the node itself, and by hand.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import { andThen } from "./awaitable.ts";
import type { DiskFile, DiskFolder } from "./disk.ts";
import type { ChangeKind, Watches } from "./watches.ts";

/** Traces kept to tell changes by hand from our own; without one, a change of ours may be told twice. */
const MAX_TRACES = 16_384;

const NOTHING_THERE = "";

export class ObservedDisk implements DiskFolder {
  readonly #disk: DiskFolder;
  readonly #watches: Watches;
  /** What was last known of each changed path: `DiskFolder.trace`. */
  readonly #traces = new Map<string, string>();
  /** Paths that are being changed at the moment; their changes are told at the end. */
  readonly #busy = new Map<string, number>();

  constructor(disk: DiskFolder, watches: Watches) {
    this.#disk = disk;
    this.#watches = watches;
  }

  stat(path: string) {
    return this.#disk.stat(path);
  }
  list(path: string) {
    return this.#disk.list(path);
  }
  fileBytes(path: string, options?: { readonly followLast: boolean }): number {
    return this.#disk.fileBytes(path, options);
  }
  treeBytes(path: string) {
    return this.#disk.treeBytes(path);
  }
  read(path: string, maxBytes: number) {
    return this.#disk.read(path, maxBytes);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
    this.#told("Created", path);
  }

  makeDirectories(path: string): void {
    const made = this.#missing(path);
    this.#disk.makeDirectories(path);
    for (const each of made) this.#told("Created", each);
  }

  write(path: string, bytes: Uint8Array, admit?: (before: number) => void): Awaitable<void> {
    if (!this.#watches.wants(path)) return this.#disk.write(path, bytes, admit);
    const kind = this.#has(path) ? "Written" : "Created";
    return this.#while(path, kind, () => this.#disk.write(path, bytes, admit));
  }

  open(path: string, options: { readonly create: boolean; readonly truncate: boolean }): DiskFile {
    const changes = (options.create || options.truncate) && this.#watches.wants(path);
    const isNew = changes && !this.#has(path);
    const file = new ObservedFile(this.#disk.open(path, options), (work) =>
      this.#watches.wants(path) ? this.#while(path, "Written", work) : work(),
    );
    if (isNew) this.#told("Created", path);
    else if (changes && options.truncate) this.#told("Written", path);
    return file;
  }

  removeFile(path: string): void {
    this.#disk.removeFile(path);
    this.#told("Removed", path);
  }

  removeDirectory(path: string): void {
    this.#disk.removeDirectory(path);
    this.#told("Removed", path);
  }

  removeTree(path: string): Awaitable<number> {
    const removed = this.#disk.removeTree(path);
    this.#told("Removed", path);
    return removed;
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
    if (from === to) return;
    this.#remember(from);
    this.#remember(to);
    this.#watches.renamed(from, to);
  }

  copy(from: string, to: string): Awaitable<void> {
    if (!this.#watches.wants(to)) return this.#disk.copy(from, to);
    const kind = this.#has(to) ? "Written" : "Created";
    return this.#while(to, kind, () => this.#disk.copy(from, to));
  }

  /** Looks for changes by hand; they are told to everybody who watches the path. */
  lookForChanges(path: string, recursive: boolean): Disposable | undefined {
    return this.#disk.look?.(path, recursive, {
      changed: (at, isName) => this.#seen(at, isName),
      lost: () => this.#watches.lost(path),
    });
  }

  /**
   * Something was seen on the disk: ours, or done by hand?
   * @param isName - it has come or gone, not only its content has changed
   */
  #seen(path: string, isName: boolean): void {
    if (!this.#watches.wants(path) || this.#isBusy(path) || this.#isBelowRemoved(path)) return;
    const known = this.#traces.get(path);
    const now = this.#disk.trace?.(path) ?? NOTHING_THERE;
    if (now === known || (now === NOTHING_THERE && !isName)) return;
    this.#keep(path, now);
    if (now === NOTHING_THERE) this.#watches.changed("Removed", path);
    else {
      const isNew = known === NOTHING_THERE || (known === undefined && isName);
      this.#watches.changed(isNew ? "Created" : "Written", path);
    }
  }

  /** What happens below a folder that was removed as a whole is no news. */
  #isBelowRemoved(path: string): boolean {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const above = path.slice(0, at);
      if (this.#traces.get(above) === NOTHING_THERE) {
        return (this.#disk.trace?.(above) ?? NOTHING_THERE) === NOTHING_THERE;
      }
    }
    return false;
  }

  #isBusy(path: string): boolean {
    return this.#busy.has(path);
  }

  #while<T>(path: string, kind: ChangeKind, work: () => Awaitable<T>): Awaitable<T> {
    this.#busy.set(path, (this.#busy.get(path) ?? 0) + 1);
    const end = (): void => {
      const count = this.#busy.get(path)! - 1;
      if (count === 0) this.#busy.delete(path);
      else this.#busy.set(path, count);
    };
    let result: Awaitable<T>;
    try {
      result = work();
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) result = result.finally(end);
    else end();
    return andThen(result, (value) => {
      this.#told(kind, path);
      return value;
    });
  }

  #told(kind: ChangeKind, path: string): void {
    if (!this.#watches.wants(path)) return;
    this.#remember(path);
    this.#watches.changed(kind, path);
  }

  #remember(path: string): void {
    if (this.#watches.wants(path)) this.#keep(path, this.#disk.trace?.(path) ?? NOTHING_THERE);
  }

  #keep(path: string, trace: string): void {
    if (this.#traces.size >= MAX_TRACES) this.#traces.clear();
    this.#traces.set(path, trace);
  }

  #has(path: string): boolean {
    try {
      this.#disk.stat(path);
      return true;
    } catch {
      return false;
    }
  }

  /** The folders that `makeDirectories` will make, the highest first; none when nobody watches anything. */
  #missing(path: string): readonly string[] {
    const missing: string[] = [];
    let at = path;
    while (!this.#watches.isEmpty && at.includes("/") && !this.#has(at)) {
      missing.unshift(at);
      at = at.slice(0, at.lastIndexOf("/"));
    }
    return missing;
  }
}

class ObservedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #change: <T>(work: () => Awaitable<T>) => Awaitable<T>;

  constructor(file: DiskFile, change: <T>(work: () => Awaitable<T>) => Awaitable<T>) {
    this.#file = file;
    this.#change = change;
  }

  size(): number {
    return this.#file.size();
  }
  read(position: number, length: number): Awaitable<Uint8Array> {
    return this.#file.read(position, length);
  }
  write(position: number, bytes: Uint8Array): Awaitable<void> {
    return this.#change(() => this.#file.write(position, bytes));
  }
  resize(size: number): Awaitable<void> {
    return this.#change(() => this.#file.resize(size));
  }
  sync(): Awaitable<void> {
    return this.#file.sync();
  }
  close(): void {
    this.#file.close();
  }
}
