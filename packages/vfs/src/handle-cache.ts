/**
 * Open files and their cursors, shared by all processes and keyed by path.
 * At most `limit` files stay open; the least recently used is closed first and its cursor remembered, so that
 * eviction is invisible. Source: spec/runtime-modules.md §2.7.
 * @module
 */
import { andThen, type Awaitable } from "@kinode-ts/types";
import type { DiskFile, DiskFolder } from "./disk.ts";
import type { FileLocks } from "./file-locks.ts";

export interface Handle {
  readonly file: DiskFile;
  /** Bytes from the start; may lie past the end. */
  cursor: number;
}

interface Opening {
  readonly path: string;
  /** Something else may be at the path by now. */
  isStale: boolean;
}

export interface HandleCacheOptions {
  readonly disk: DiskFolder;
  readonly locks: FileLocks;
  readonly limit: number;
  readonly maxRememberedCursorCount: number;
  /** Told when opening a file forced others to be closed. */
  readonly onPressure: () => void;
}

export class HandleCache {
  readonly #options: HandleCacheOptions;
  /** In order of use, the least recent first. */
  readonly #handles = new Map<string, Handle>();
  /** Cursors other than 0 of files closed by eviction, oldest first. */
  readonly #cursors = new Map<string, number>();
  /** Files that are being opened. */
  readonly #openings = new Set<Opening>();
  #limit: number;

  constructor(options: HandleCacheOptions) {
    this.#options = options;
    this.#limit = Math.max(1, options.limit);
  }

  get openCount(): number {
    return this.#handles.size;
  }

  /** Paths of open files, the least recently used first. */
  openPaths(): readonly string[] {
    return [...this.#handles.keys()];
  }

  /**
   * The handle of a file, opened with its remembered cursor when it is not open.
   * @throws {VfsError} `vfs.io` when there is no such file
   */
  use(path: string): Awaitable<Handle> {
    const open = this.#handles.get(path);
    if (open !== undefined) {
      this.#handles.delete(path);
      this.#handles.set(path, open);
      return open;
    }
    return this.#opened(
      path,
      () => this.#options.disk.open(path, { create: false }),
      (file) => this.#insert(path, file, this.#cursors.get(path) ?? 0),
    );
  }

  /** The handle if the file is open; this is no use of it. */
  peek(path: string): Handle | undefined {
    return this.#handles.get(path);
  }

  /** `OpenFile`: cursor 0 in any case. */
  open(path: string, create: boolean): Awaitable<Handle> {
    const open = this.#handles.get(path);
    if (open !== undefined) {
      open.cursor = 0;
      return this.use(path);
    }
    return this.#opened(
      path,
      () => this.#options.disk.open(path, { create }),
      (file) => this.#insert(path, file, 0),
    );
  }

  /** `CreateFile`: an old handle is dropped, the file is created where it is missing, emptied, and stays open. `before`: its bytes. */
  create(path: string): Awaitable<{ readonly handle: Handle; readonly before: number }> {
    this.forget(path);
    let before = 0;
    const create = () =>
      andThen(this.#options.disk.create(path), (created) => {
        // What an earlier attempt has emptied counts.
        before += created.before;
        return created.file;
      });
    const insert = (file: DiskFile) => ({ handle: this.#insert(path, file, 0), before });
    return this.#opened(path, create, insert);
  }

  /** A file whose path is moved or removed while it is being opened is not what the path names then: it is opened again. */
  #opened<T>(
    path: string,
    open: () => Awaitable<DiskFile>,
    insert: (file: DiskFile) => T,
  ): Awaitable<T> {
    const opening: Opening = { path, isStale: false };
    const file = open();
    if (!(file instanceof Promise)) return insert(file);
    this.#openings.add(opening);
    const isOver = (): void => void this.#openings.delete(opening);
    file.then(isOver, isOver);
    return file.then((opened) => {
      if (!opening.isStale) return insert(opened);
      opened.close();
      return this.#opened(path, open, insert);
    });
  }

  /** Closes a file and drops its cursor; unknown paths are fine. */
  forget(path: string): void {
    this.#cursors.delete(path);
    const handle = this.#handles.get(path);
    if (handle === undefined) return;
    this.#handles.delete(path);
    // NOTE: never close under an operation in flight: its file number could already be another file's.
    if (this.#options.locks.isBusy(path)) {
      void this.#options.locks.run(path, () => handle.file.close());
    } else handle.file.close();
  }

  /** The same for a path and everything below it. */
  forgetTree(path: string): void {
    const below = `${path}/`;
    for (const opening of this.#openings) {
      if (opening.path === path || opening.path.startsWith(below)) opening.isStale = true;
    }
    for (const known of [...this.#handles.keys(), ...this.#cursors.keys()]) {
      if (known === path || known.startsWith(below)) this.forget(known);
    }
  }

  /** A limit from fd-manager; closes what is over it. Being told a limit is no pressure (§9 weakness 3). */
  setLimit(limit: number): void {
    this.#limit = Math.max(1, limit);
    if (this.#handles.size >= this.#limit) this.#evict(this.#handles.size - this.#limit);
  }

  closeAll(): void {
    for (const path of this.openPaths()) this.forget(path);
  }

  #insert(path: string, file: DiskFile, cursor: number): Handle {
    const handle: Handle = { file, cursor };
    this.#handles.set(path, handle);
    this.#cursors.delete(path);
    if (this.#handles.size > 1 && this.#handles.size >= this.#limit) {
      const evicted = this.#evict(Math.max(1, Math.floor(this.#limit / 2)), path);
      if (evicted > 0) this.#options.onPressure();
    }
    return handle;
  }

  /** Closes up to `count` files that are not in use, `keep` not among them. */
  #evict(count: number, keep?: string): number {
    let closed = 0;
    for (const [path, handle] of this.#handles) {
      if (closed >= count) break;
      if (path === keep || this.#options.locks.isBusy(path)) continue;
      this.#handles.delete(path);
      handle.file.close();
      this.#remember(path, handle.cursor);
      closed++;
    }
    return closed;
  }

  #remember(path: string, cursor: number): void {
    if (cursor === 0) return;
    this.#cursors.delete(path);
    this.#cursors.set(path, cursor);
    if (this.#cursors.size <= this.#options.maxRememberedCursorCount) return;
    for (const oldest of this.#cursors.keys()) {
      this.#cursors.delete(oldest);
      break;
    }
  }
}
