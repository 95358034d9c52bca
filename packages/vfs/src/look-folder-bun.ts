/**
 * Sees changes in folders of this machine that did not go through the node, by the system's own notices, which a thread of its own
 * hears. What one package may have of it is bounded: the system has so many notices for all programs together.
 * @module
 */
import type { DiskListener } from "./disk.ts";
import type { LookReport, LookRequest, SeenName } from "./look-thread-bun.ts";

export interface LookLimits {
  /** Folders of one look. */
  readonly maxFoldersPerLook: number;
  /** Of all looks of one package. */
  readonly maxFoldersPerPackage: number;
  /** Of all looks. */
  readonly maxFolders: number;
  /** A thread that has not begun to look after this is left alone: others get another one. */
  readonly patienceMs: number;
  /** Threads; all but one wait for disks that do not answer. */
  readonly maxThreadCount: number;
}

export const DEFAULT_LOOK_LIMITS: LookLimits = {
  maxFoldersPerLook: 1_000,
  maxFoldersPerPackage: 4_000,
  maxFolders: 16_000,
  patienceMs: 5_000,
  maxThreadCount: 4,
};

export interface LookOptions {
  /** Path of the host: a folder. */
  readonly host: string;
  /** The same as a path of the VFS; the first segment is the package. */
  readonly path: string;
  readonly recursive: boolean;
  /** Folders that will be looked at. */
  readonly folderCount: number;
  readonly listener: DiskListener;
}

interface Look {
  readonly id: number;
  readonly options: LookOptions;
  readonly owner: string;
  readonly thread: LookThread;
  readonly started: PromiseWithResolvers<void>;
  folderCount: number;
}

interface LookThread {
  readonly worker: Worker;
  /** Looks it has not begun yet. */
  readonly starting: Set<Look>;
  isLate: boolean;
}

/** Beside this file, as source or built. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "./look-thread-bun.ts" : "./look-thread-bun.js",
  import.meta.url,
);

export class FolderLooks implements Disposable {
  readonly #limits: LookLimits;
  readonly #program: URL;
  readonly #threads = new Set<LookThread>();
  readonly #looks = new Map<number, Look>();
  /** Folders looked at, by package. */
  readonly #folderCounts = new Map<string, number>();
  #folderCount = 0;
  #lastId = 0;

  /** @param program - another one for tests */
  constructor(limits: Partial<LookLimits> = {}, program: URL = PROGRAM) {
    this.#limits = { ...DEFAULT_LOOK_LIMITS, ...limits };
    this.#program = program;
  }

  /** Folders one more look of a package may have. */
  roomFor(owner: string): number {
    const { maxFoldersPerLook, maxFoldersPerPackage, maxFolders } = this.#limits;
    const own = maxFoldersPerPackage - (this.#folderCounts.get(owner) ?? 0);
    return Math.min(maxFoldersPerLook, own, maxFolders - this.#folderCount);
  }

  /**
   * Looks from then on, or a little later on a slow disk. Not at all where the system gives no notices, or there is no room for so
   * many folders: changes through the node are told all the same.
   */
  async look(options: LookOptions): Promise<Disposable> {
    const owner = ownerOf(options.path);
    const thread = options.folderCount <= this.roomFor(owner) ? this.#thread() : undefined;
    if (thread === undefined) return { [Symbol.dispose]() {} };
    const id = ++this.#lastId;
    const started = Promise.withResolvers<void>();
    const look: Look = { id, options, owner, thread, started, folderCount: 0 };
    this.#looks.set(id, look);
    this.#count(look, options.folderCount);
    thread.starting.add(look);
    const { host, recursive } = options;
    post(thread, { kind: "start", id, host, recursive });
    const late = setTimeout(() => {
      thread.isLate = true;
      started.resolve();
    }, this.#limits.patienceMs);
    await started.promise;
    clearTimeout(late);
    return { [Symbol.dispose]: () => this.#stop(look) };
  }

  /** Ends all looks. */
  [Symbol.dispose](): void {
    for (const { worker } of this.#threads) worker.terminate();
    this.#threads.clear();
    for (const look of this.#looks.values()) this.#forget(look);
  }

  #thread(): LookThread | undefined {
    for (const thread of this.#threads) if (!thread.isLate) return thread;
    if (this.#threads.size >= this.#limits.maxThreadCount) return undefined;
    const worker = new Worker(this.#program);
    const thread: LookThread = { worker, starting: new Set(), isLate: false };
    worker.onmessage = ({ data }: MessageEvent<LookReport>) => this.#told(data);
    worker.onerror = () => this.#ended(thread);
    worker.addEventListener("close", () => this.#ended(thread));
    worker.unref();
    this.#threads.add(thread);
    return thread;
  }

  #told(report: LookReport): void {
    const look = this.#looks.get(report.id);
    if (look === undefined) return;
    if (report.kind === "started") this.#started(look, report.error);
    else if (report.kind === "ended") this.#lose(look);
    else {
      this.#count(look, report.folderCount);
      if (this.roomFor(look.owner) < 0 || this.#isTooLarge(look)) this.#lose(look);
      else void this.#seen(look, report.names, report.isLost);
    }
  }

  #started(look: Look, error: string | undefined): void {
    const { thread } = look;
    thread.starting.delete(look);
    thread.isLate = false;
    if (error !== undefined) this.#stop(look);
    look.started.resolve();
  }

  #isTooLarge({ folderCount }: Look): boolean {
    return folderCount > this.#limits.maxFoldersPerLook;
  }

  async #seen(look: Look, names: readonly SeenName[], isLost: boolean): Promise<void> {
    const { path, listener } = look.options;
    const dealt = names.map(([name, isName]) => listener.changed(`${path}/${name}`, isName));
    if (isLost) listener.lost();
    await Promise.all(dealt);
    if (this.#looks.has(look.id)) post(look.thread, { kind: "next", id: look.id });
  }

  #lose(look: Look): void {
    this.#stop(look);
    look.options.listener.lost();
  }

  #stop(look: Look): void {
    if (!this.#looks.has(look.id)) return;
    this.#forget(look);
    post(look.thread, { kind: "stop", id: look.id });
  }

  #forget(look: Look): void {
    this.#looks.delete(look.id);
    look.thread.starting.delete(look);
    this.#count(look, -look.folderCount);
    look.started.resolve();
  }

  #count(look: Look, more: number): void {
    look.folderCount += more;
    this.#folderCount += more;
    const own = (this.#folderCounts.get(look.owner) ?? 0) + more;
    if (own > 0) this.#folderCounts.set(look.owner, own);
    else this.#folderCounts.delete(look.owner);
  }

  /** A thread that has ended by itself. */
  #ended(thread: LookThread): void {
    if (!this.#threads.delete(thread)) return;
    for (const look of [...this.#looks.values()]) {
      if (look.thread !== thread) continue;
      this.#forget(look);
      look.options.listener.lost();
    }
  }
}

export function ownerOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, slash);
}

function post({ worker }: LookThread, request: LookRequest): void {
  worker.postMessage(request);
}

let shared: FolderLooks | undefined;

/** Those of this program, for all its disks. */
export function folderLooks(): FolderLooks {
  return (shared ??= new FolderLooks());
}
