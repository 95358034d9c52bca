/**
 * The program of a thread that is told by the system what changes in folders: to look at a tree takes as long as it is large, and
 * a flood of changes is heard here.
 *
 * What is seen is kept by name until the other side has dealt with what it was told before; too many names are one `lost`.
 * @module
 */
import { type FSWatcher, lstatSync, watch } from "node:fs";
import { join } from "node:path";

/** To the thread. */
export type LookRequest =
  | {
      readonly kind: "start";
      readonly id: number;
      readonly host: string;
      readonly recursive: boolean;
    }
  | { readonly kind: "stop"; readonly id: number }
  /** What was told has been dealt with. */
  | { readonly kind: "next"; readonly id: number };

/** `isName`: it has come or gone, not only its content has changed. */
export type SeenName = readonly [name: string, isName: boolean];

/** From the thread. */
export type LookReport =
  | { readonly kind: "started"; readonly id: number; readonly error?: string }
  | {
      readonly kind: "seen";
      readonly id: number;
      readonly names: readonly SeenName[];
      /** Folders that have come. */
      readonly folderCount: number;
      /** More has changed than is kept. */
      readonly isLost: boolean;
    }
  /** The system tells nothing more. */
  | { readonly kind: "ended"; readonly id: number };

/** Names kept of one look. */
const MAX_NAMES = 1_000;
/** Names told at once: each is looked at on the disk. */
const BATCH = 64;
/** From one to the next, in milliseconds; what happens meanwhile is put together. */
const PAUSE_MS = 20;

const scope = globalThis as unknown as {
  postMessage(report: LookReport): void;
  onmessage: (event: { readonly data: LookRequest }) => void;
};

class ThreadLook implements Disposable {
  readonly #id: number;
  readonly #host: string;
  readonly #recursive: boolean;
  readonly #watcher: FSWatcher;
  /** By name: whether it has come or gone. */
  readonly #names = new Map<string, boolean>();
  #folderCount = 0;
  #isLost = false;
  /** It is the other side's turn, or the pause goes on. */
  #isWaiting = false;

  constructor(id: number, host: string, recursive: boolean) {
    this.#id = id;
    this.#host = host;
    this.#recursive = recursive;
    this.#watcher = watch(host, { recursive }, (kind, name) => {
      this.#changed(String(name), kind === "rename");
    });
    const emitter = this.#watcher as unknown as NodeJS.EventEmitter;
    emitter.on("error", () => scope.postMessage({ kind: "ended", id }));
  }

  [Symbol.dispose](): void {
    this.#isWaiting = true;
    this.#watcher.close();
  }

  /** The other side is done with what it was told. */
  next(): void {
    setTimeout(() => {
      this.#isWaiting = false;
      if (this.#names.size > 0 || this.#isLost) this.#tellSoon();
    }, PAUSE_MS);
  }

  #changed(name: string, isName: boolean): void {
    if (name === "null" || name === "") return;
    if (isName && this.#recursive && isFolder(join(this.#host, name))) this.#folderCount++;
    if (this.#names.size < MAX_NAMES || this.#names.has(name)) {
      this.#names.set(name, isName || this.#names.get(name) === true);
    } else {
      this.#names.clear();
      this.#isLost = true;
    }
    this.#tellSoon();
  }

  /** With everything that the system tells in this turn. */
  #tellSoon(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(() => this.#tell());
  }

  #tell(): void {
    const names = [...this.#names].slice(0, BATCH);
    for (const [name] of names) this.#names.delete(name);
    const [folderCount, isLost] = [this.#folderCount, this.#isLost];
    this.#folderCount = 0;
    this.#isLost = false;
    scope.postMessage({ kind: "seen", id: this.#id, names, folderCount, isLost });
  }
}

function isFolder(host: string): boolean {
  return lstatSync(host, { throwIfNoEntry: false })?.isDirectory() === true;
}

const looks = new Map<number, ThreadLook>();

function start({ id, host, recursive }: LookRequest & { readonly kind: "start" }): void {
  try {
    looks.set(id, new ThreadLook(id, host, recursive));
    scope.postMessage({ kind: "started", id });
  } catch (error) {
    scope.postMessage({ kind: "started", id, error: String(error) });
  }
}

function answer(request: LookRequest): void {
  if (request.kind === "start") return start(request);
  const look = looks.get(request.id);
  if (request.kind === "next") return look?.next();
  look?.[Symbol.dispose]();
  looks.delete(request.id);
}

// Only as a thread: others import the types.
if (!Bun.isMainThread) scope.onmessage = ({ data }) => answer(data);
