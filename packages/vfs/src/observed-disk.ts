/**
 * A disk that says what is changed on it, by whomever: by requests, the node itself, and by hand.
 * @module
 */
import { andThen, type Awaitable } from "@kinode-ts/types";
import type { Change, DiskFile, DiskFolder, OpenedState, ReadBounds, WriteBounds } from "./disk.ts";
import type { ChangeKind, Watches } from "./watches.ts";

/** Traces kept to tell changes by hand from our own; without one, a change of ours may be told twice. */
const MAX_TRACES = 16_384;

const NOTHING_THERE = "";

interface Look {
  /** Something was seen there meanwhile. */
  isDueAgain: boolean;
  /** Then: it has come or gone. */
  isName: boolean;
}

export class ObservedDisk implements DiskFolder {
  readonly #disk: DiskFolder;
  readonly #watches: Watches;
  /** What was last known of each changed path: `DiskFolder.trace`. */
  readonly #traces = new Map<string, string>();
  /** Paths that are being changed at the moment; their changes are told at the end. */
  readonly #busy = new Map<string, number>();

  /** Paths that are being looked at because something was seen there. */
  readonly #looks = new Map<string, Look>();

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
  fileBytes(path: string, options?: { readonly followLast: boolean }): Awaitable<number> {
    return this.#disk.fileBytes(path, options);
  }
  treeBytes(path: string) {
    return this.#disk.treeBytes(path);
  }
  read(path: string, maxBytes: number) {
    return this.#disk.read(path, maxBytes);
  }

  makeDirectory(path: string): Awaitable<void> {
    return this.#while(path, "Created", () => this.#disk.makeDirectory(path));
  }

  makeDirectories(path: string): Awaitable<void> {
    if (this.#watches.isEmpty) return this.#disk.makeDirectories(path);
    return this.#makeMissing(path);
  }

  async #makeMissing(path: string): Promise<void> {
    const made = await this.#missing(path);
    await this.#busyWhile(made[0] ?? path, async () => {
      await this.#disk.makeDirectories(path);
      await Promise.all(made.map(async (each) => this.#remember(each)));
    });
    for (const each of made) this.#watches.changed("Created", each);
  }

  write(path: string, bytes: Uint8Array, room: number, open?: DiskFile): Awaitable<Change> {
    const file = open instanceof ObservedFile ? open.file : open;
    const work = () => this.#disk.write(path, bytes, room, file);
    if (!this.#watches.wants(path)) return work();
    return andThen(this.#has(path), (isThere) =>
      this.#change(path, isThere ? "Written" : "Created", work),
    );
  }

  open(path: string, options: { readonly create: boolean }): Awaitable<DiskFile> {
    const open = () => this.#disk.open(path, options);
    const opened = (file: DiskFile) => this.#observed(path, file);
    if (!options.create || !this.#watches.wants(path)) {
      return andThen(this.#busyWhile(path, open), opened);
    }
    return andThen(this.#has(path), (isThere) =>
      andThen(isThere ? open() : this.#while(path, "Created", open), opened),
    );
  }

  create(path: string): Awaitable<{ readonly file: DiskFile; readonly before: number }> {
    const create = () => this.#disk.create(path);
    const created = this.#watches.wants(path)
      ? andThen(this.#has(path), (isThere) =>
          this.#whileTold(
            path,
            isThere ? "Written" : "Created",
            create,
            ({ before }) => !isThere || before > 0,
          ),
        )
      : create();
    return andThen(created, ({ file, before }) => ({ file: this.#observed(path, file), before }));
  }

  #observed(path: string, file: DiskFile): DiskFile {
    return new ObservedFile(file, (work) => this.#change(path, "Written", work));
  }

  removeFile(path: string): Awaitable<number> {
    return this.#while(path, "Removed", () => this.#disk.removeFile(path));
  }

  removeDirectory(path: string): Awaitable<void> {
    return this.#while(path, "Removed", () => this.#disk.removeDirectory(path));
  }

  removeTree(path: string): Awaitable<number> {
    return this.#while(path, "Removed", () => this.#disk.removeTree(path));
  }

  rename(from: string, to: string): Awaitable<number> {
    const move = () =>
      andThen(this.#disk.rename(from, to), (replacedBytes) =>
        andThen(this.#remember(from), () => andThen(this.#remember(to), () => replacedBytes)),
      );
    const moved = this.#busyWhile(from, () => this.#busyWhile(to, move));
    return andThen(moved, (replacedBytes) => {
      if (from !== to) this.#watches.renamed(from, to);
      return replacedBytes;
    });
  }

  copy(from: string, to: string, room: number): Awaitable<Change> {
    const work = () => this.#disk.copy(from, to, room);
    if (!this.#watches.wants(to)) return work();
    return andThen(this.#has(to), (isThere) =>
      this.#change(to, isThere ? "Written" : "Created", work),
    );
  }

  /** Looks for changes by hand; they are told to everybody who watches the path. */
  lookForChanges(path: string, recursive: boolean): Awaitable<Disposable | undefined> {
    const looking = this.#disk.look?.(path, recursive, {
      changed: (at, isName) => this.#seen(at, isName),
      lost: () => this.#watches.lost(path),
    });
    return looking instanceof Promise ? looking.catch(() => undefined) : looking;
  }

  /**
   * Something was seen on the disk: ours, or done by hand?
   * @param isName - it has come or gone, not only its content has changed
   */
  #seen(path: string, isName: boolean): Awaitable<void> {
    if (!this.#watches.wants(path) || this.#isBusy(path)) return;
    const look = this.#looks.get(path);
    if (look === undefined) return this.#lookAt(path, isName);
    look.isDueAgain = true;
    look.isName ||= isName;
  }

  async #lookAt(path: string, isName: boolean): Promise<void> {
    const look: Look = { isDueAgain: false, isName: false };
    this.#looks.set(path, look);
    const known = this.#traces.get(path);
    const now = (await this.#isBelowRemoved(path)) ? undefined : await this.#traceOf(path);
    this.#looks.delete(path);
    if (!this.#watches.wants(path) || this.#isBusy(path)) return;
    // What was looked at may be older than a change of ours.
    const isOvertaken = this.#traces.get(path) !== known;
    if (now !== undefined && !isOvertaken) this.#judge(path, isName, known, now);
    if (isOvertaken || look.isDueAgain) await this.#seen(path, isName || look.isName);
  }

  #judge(path: string, isName: boolean, known: string | undefined, now: string): void {
    if (now === known || (now === NOTHING_THERE && !isName)) return;
    this.#keep(path, now);
    if (now === NOTHING_THERE) this.#watches.changed("Removed", path);
    else {
      const isNew = known === NOTHING_THERE || (known === undefined && isName);
      this.#watches.changed(isNew ? "Created" : "Written", path);
    }
  }

  /** What happens below a folder that was removed as a whole is no news. */
  #isBelowRemoved(path: string): Awaitable<boolean> {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const above = path.slice(0, at);
      if (this.#traces.get(above) === NOTHING_THERE) {
        return andThen(this.#traceOf(above), (now) => now === NOTHING_THERE);
      }
    }
    return false;
  }

  /** Whether the path, or a folder above it, is being changed. */
  #isBusy(path: string): boolean {
    if (this.#busy.size === 0) return false;
    for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      if (this.#busy.has(at)) return true;
    }
    return false;
  }

  /** Remembers what is there then before anybody can see it as a change by hand. */
  #while<T>(path: string, kind: ChangeKind, work: () => Awaitable<T>): Awaitable<T> {
    return this.#whileTold(path, kind, work, () => true);
  }

  /** The same for what may not be done, which is no news. */
  #change(path: string, kind: ChangeKind, work: () => Awaitable<Change>): Awaitable<Change> {
    return this.#whileTold(path, kind, work, (change) => change.kind !== "no-room");
  }

  #whileTold<T>(
    path: string,
    kind: ChangeKind,
    work: () => Awaitable<T>,
    isNews: (value: T) => boolean,
  ): Awaitable<T> {
    if (this.#watches.isEmpty) return work();
    const remembered = () => andThen(work(), (value) => andThen(this.#remember(path), () => value));
    return andThen(this.#busyWhile(path, remembered), (value) => {
      if (isNews(value)) this.#watches.changed(kind, path);
      return value;
    });
  }

  #busyWhile<T>(path: string, work: () => Awaitable<T>): Awaitable<T> {
    if (this.#watches.isEmpty) return work();
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
    if (result instanceof Promise) return result.finally(end);
    end();
    return result;
  }

  #remember(path: string): Awaitable<void> {
    if (!this.#watches.wants(path)) return;
    return andThen(this.#traceOf(path), (now) => {
      if (now === undefined) this.#traces.delete(path);
      else this.#keep(path, now);
    });
  }

  /** `undefined`: the disk does not say. */
  #traceOf(path: string): Awaitable<string | undefined> {
    const trace = this.#disk.trace?.(path);
    return trace instanceof Promise
      ? trace.then(
          (now) => now ?? NOTHING_THERE,
          () => undefined,
        )
      : (trace ?? NOTHING_THERE);
  }

  #keep(path: string, trace: string): void {
    if (this.#traces.size >= MAX_TRACES) this.#traces.clear();
    this.#traces.set(path, trace);
  }

  #has(path: string): Awaitable<boolean> {
    try {
      const stat = this.#disk.stat(path);
      if (!(stat instanceof Promise)) return true;
      return stat.then(
        () => true,
        () => false,
      );
    } catch {
      return false;
    }
  }

  /** The folders that `makeDirectories` will make, the highest first. */
  async #missing(path: string): Promise<readonly string[]> {
    const missing: string[] = [];
    let at = path;
    while (at.includes("/") && !(await this.#has(at))) {
      missing.unshift(at);
      at = at.slice(0, at.lastIndexOf("/"));
    }
    return missing;
  }
}

type ChangeWork = (work: () => Awaitable<Change>) => Awaitable<Change>;

class ObservedFile implements DiskFile {
  readonly file: DiskFile;
  readonly #change: ChangeWork;

  constructor(file: DiskFile, change: ChangeWork) {
    this.file = file;
    this.#change = change;
  }

  get opened(): OpenedState {
    return this.file.opened;
  }
  size(): Awaitable<number> {
    return this.file.size();
  }
  read(position: number, length: number, bounds?: ReadBounds): Awaitable<Uint8Array> {
    return this.file.read(position, length, bounds);
  }
  write(position: number | "end", bytes: Uint8Array, bounds: WriteBounds): Awaitable<Change> {
    return this.#change(() => this.file.write(position, bytes, bounds));
  }
  resize(size: number, room: number): Awaitable<Change> {
    return this.#change(() => this.file.resize(size, room));
  }
  sync(): Awaitable<void> {
    return this.file.sync();
  }
  close(): void {
    this.file.close();
  }
}
