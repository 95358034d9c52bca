/**
 * Key-value databases as SQLite files: `<folder>/<package>:<publisher>/<db>/kv.sqlite`.
 * An acknowledged write survives the end of the program, however sudden; a loss of power may take the last ones with it, as in
 * the reference (docs/decisions/0001-store-durability.md weighs the same).
 * @module
 */
import { SQLiteError } from "bun:sqlite";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  andThen,
  type Awaitable,
  type Clock,
  type DiskAccount,
  type DiskAccounts,
  type TimerHandle,
} from "@kinode-ts/types";
import { Closings } from "../closings.ts";
import { accountOf, DiskUse, RESERVE_BYTES } from "../disk-use.ts";
import { DataError } from "../errors.ts";
import type { DatabaseKey } from "../request.ts";
import { folderBytes } from "../folder-bytes-bun.ts";
import { ioError, removeFolder } from "../remove-folder-bun.ts";
import { KvFile } from "./kv-file-bun.ts";
import type { KvChange, KvDatabase, KvPair, KvRange, KvStore } from "./kv-store.ts";

export interface KvFolderOptions {
  /** Made when missing; nothing outside it is touched. */
  readonly folder: string;
  readonly clock: Clock;
  /** Default: nothing is counted. */
  readonly accounts?: DiskAccounts;
}

const FILE = "kv.sqlite";
/** The log is folded into the file when it is larger; reading it back after a sudden end takes some ten milliseconds. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
/** From here on it is brought to the disk while writers go on, so that they wait for less when it is folded. */
const EARLY_LOG_BYTES = MAX_LOG_BYTES / 2;
/** Writes between two looks at how large the files are, in bytes of keys and values and pages they touch. */
const BYTES_PER_LOOK = 128 * 1024;
/** What a write takes in the log beside its own bytes, at least: one page. */
const PAGE_BYTES = 4_096;
/** A transaction of more, in bytes or changes, is carried out over several turns of the event loop. */
const MAX_BYTES_AT_ONCE = 128 * 1024;
const MAX_CHANGES_AT_ONCE = 200;
/** Of such a transaction in one turn. */
const SLICE_MS = 2;
/** Free pages given back in one turn. */
const PAGES_AT_ONCE = 100;
/** Share of free pages above which they are given back. */
const MAX_FREE_SHARE = 0.25;
/** Without a write for so long, a database gives back what it does not need. */
const QUIET_MS = 3_000;
/** Of a log or of free pages: not worth it. */
const SMALL_BYTES = 512 * 1024;

/** The engine's own words hold paths of the host now and then; its codes do not. */
function engineError(thrown: unknown): unknown {
  if (!(thrown instanceof SQLiteError)) return thrown;
  const code = thrown.code ?? "unknown";
  const isDamaged = code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
  const text = isDamaged
    ? `the file of the database is damaged (${code}); restore it, or remove the database`
    : `the storage engine failed: ${code}`;
  return new DataError({ code: "data.engine", text }, { cause: thrown });
}

function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw engineError(thrown);
  }
}

const bytesOf = (change: KvChange): number =>
  change.key.length + (change.kind === "set" ? change.value.length : 0);

class FolderKv implements KvDatabase {
  readonly #key: DatabaseKey;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #accounts: DiskAccounts | undefined;
  readonly #closings: Closings;
  #file: KvFile | undefined;
  #use: DiskUse | undefined;
  #closed = false;
  /** While set, nobody may read or write: it is being opened, or a large transaction is half done. */
  #reading: Promise<void> | undefined;
  /** While set, nobody may write: also when the log is folded into the file. */
  #writing: Promise<void> | undefined;
  #bytesSinceLook = 0;
  /** Written to the log since its beginning, about. */
  #loggedBytes = 0;
  /** Room of the log that was there before: only what is beyond it tells how much was written. */
  #keptLogBytes = 0;
  #writesCount = 0;
  #quiet: TimerHandle | undefined;
  /** The log is on its way to the disk; nobody has to wait. */
  #flushing: Promise<void> | undefined;
  #isFlushed = false;

  constructor(key: DatabaseKey, folder: string, options: KvFolderOptions, closings: Closings) {
    this.#key = key;
    this.#folder = folder;
    this.#clock = options.clock;
    this.#accounts = options.accounts;
    this.#closings = closings;
    const before = closings.before(key.text);
    this.#reading = this.#writing = before;
    if (before !== undefined) void before.then(() => this.#free(before));
  }

  get busy(): boolean {
    return this.#writing !== undefined;
  }

  idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  ready(): Awaitable<void> {
    return this.#reading === undefined
      ? andThen(this.#open(), () => undefined)
      : this.#reading.then(() => this.ready());
  }

  get(key: Uint8Array): Awaitable<Uint8Array | undefined> {
    if (this.#reading !== undefined) return this.#reading.then(() => this.get(key));
    const file = this.#file;
    if (file === undefined) return andThen(this.#open(), () => this.get(key));
    return guarded(() => file.get(key));
  }

  set(key: Uint8Array, value: Uint8Array): Awaitable<void> {
    return this.#write(key.length + value.length, (file) => file.set(key, value));
  }

  delete(key: Uint8Array): Awaitable<void> {
    return this.#write(-key.length, (file) => file.delete(key));
  }

  apply(changes: readonly KvChange[]): Awaitable<void> {
    const bytes = changes.reduce((sum, change) => sum + bytesOf(change), 0);
    const grows = changes.some(({ kind }) => kind === "set");
    if (changes.length > MAX_CHANGES_AT_ONCE || bytes > MAX_BYTES_AT_ONCE) {
      return this.#inTurn(grows ? bytes : -bytes, (file) => this.#applySlowly(file, changes));
    }
    return this.#write(grows ? bytes : -bytes, (file) => {
      file.begin();
      try {
        for (const change of changes) file.perform(change);
        file.commit();
      } catch (thrown) {
        file.rollback();
        throw thrown;
      }
    });
  }

  *scan(range: KvRange, after: Uint8Array | undefined): Iterable<KvPair> {
    try {
      yield* this.#file!.scan(range, after);
    } catch (thrown) {
      throw engineError(thrown);
    }
  }

  close(): Promise<void> {
    return this.#closings.track(this.#key.text, this.#close());
  }

  async #close(): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- what waits behind one thing may begin another
    while (this.#writing !== undefined) await this.#writing;
    this.#closed = true;
    this.#quiet?.cancel();
    const file = this.#file;
    if (file === undefined) return;
    await this.#hold(async () => {
      await this.#tidy(file, { keepsLog: false }).catch(() => undefined);
      this.#file = undefined;
      file.close();
      this.#use!.bytes = folderBytes(this.#folder);
    });
  }

  /** @param growth - bytes that come, or negative when the write takes some away */
  #write(growth: number, act: (file: KvFile) => void): Awaitable<void> {
    if (this.#writing !== undefined) return this.#writing.then(() => this.#write(growth, act));
    const file = this.#file;
    if (file === undefined) return andThen(this.#open(), () => this.#write(growth, act));
    if (!this.#hasRoom(growth)) return this.#writeInLittleRoom(file, growth, act);
    guarded(() => act(file));
    this.#wrote(file, Math.abs(growth) + PAGE_BYTES);
  }

  /** The same for work that spans turns. Nobody else reads or writes meanwhile. */
  #inTurn(growth: number, work: (file: KvFile) => Promise<void>): Awaitable<void> {
    if (this.#writing !== undefined) return this.#writing.then(() => this.#inTurn(growth, work));
    const file = this.#file;
    if (file === undefined) return andThen(this.#open(), () => this.#inTurn(growth, work));
    if (!this.#hasRoom(growth)) {
      return this.#makeRoom(file, growth).then(() => this.#inTurn(growth, work));
    }
    const done = this.#hold(() => work(file));
    this.#reading = this.#writing;
    return done.then(() => this.#wrote(file, Math.max(BYTES_PER_LOOK, Math.abs(growth))));
  }

  async #applySlowly(file: KvFile, changes: readonly KvChange[]): Promise<void> {
    guarded(() => file.begin());
    try {
      let startedMs = this.#clock.monotonicMs();
      for (const change of changes) {
        guarded(() => file.perform(change));
        if (this.#clock.monotonicMs() - startedMs < SLICE_MS) continue;
        // oxlint-disable-next-line no-await-in-loop -- others have their turn
        await this.#turn();
        startedMs = this.#clock.monotonicMs();
      }
      guarded(() => file.commit());
    } catch (thrown) {
      file.rollback();
      throw thrown;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#clock.afterTurn(resolve));
  }

  #hasRoom(growth: number): boolean {
    const needed = growth > 0 ? growth + PAGE_BYTES : PAGE_BYTES - RESERVE_BYTES;
    return this.#use!.hasRoom(needed);
  }

  async #writeInLittleRoom(
    file: KvFile,
    growth: number,
    act: (file: KvFile) => void,
  ): Promise<void> {
    await this.#makeRoom(file, growth);
    await this.#write(growth, act);
  }

  /** The log and free pages may be what fills the account. @throws {DataError} there is no room even without them */
  async #makeRoom(file: KvFile, growth: number): Promise<void> {
    await this.#hold(() => this.#tidy(file, { keepsLog: false, maxFreeShare: 0 }));
    if (!this.#hasRoom(growth)) throw this.#use!.full();
  }

  #wrote(file: KvFile, bytes: number): void {
    this.#bytesSinceLook += bytes;
    this.#writesCount++;
    if (this.#quiet === undefined) this.#watchForQuiet(file);
    if (this.#bytesSinceLook >= BYTES_PER_LOOK) this.#look(file);
  }

  #look(file: KvFile): void {
    this.#loggedBytes += this.#bytesSinceLook;
    this.#bytesSinceLook = 0;
    const { pagesBytes, logBytes } = file;
    this.#use!.bytes = pagesBytes + logBytes;
    const logged = logBytes > this.#keptLogBytes ? logBytes : this.#loggedBytes;
    if (logged > EARLY_LOG_BYTES && !this.#isFlushed) {
      this.#isFlushed = true;
      this.#flushing = file.syncLog().catch(() => undefined);
    }
    if (logged > MAX_LOG_BYTES) this.#tidyLater(file, logBytes < 2 * MAX_LOG_BYTES);
  }

  /** What fails here is found by the next write that needs the room; nothing is lost meanwhile. */
  #tidyLater(file: KvFile, keepsLog: boolean): void {
    void this.#hold(() => this.#tidy(file, { keepsLog })).catch(() => undefined);
  }

  /** Once nothing has been written for a while, the room of the log and of deleted values is given back. */
  #watchForQuiet(file: KvFile): void {
    const before = this.#writesCount;
    this.#quiet = this.#clock.after(QUIET_MS, () => {
      this.#quiet = undefined;
      if (this.#closed || this.#file !== file) return;
      if (this.#writing !== undefined || this.#writesCount !== before) this.#watchForQuiet(file);
      else if (this.#isWorthTidying(file)) this.#tidyLater(file, false);
    });
  }

  #isWorthTidying(file: KvFile): boolean {
    try {
      if (file.logBytes > SMALL_BYTES) return true;
      const share = file.freeShare;
      return share > MAX_FREE_SHARE && share * file.pagesBytes > SMALL_BYTES;
    } catch {
      return false; // a damaged file: who uses it next is told
    }
  }

  /** Folds the log into the file, and gives back free pages when there are many. */
  async #tidy(
    file: KvFile,
    { keepsLog, maxFreeShare = MAX_FREE_SHARE }: { keepsLog: boolean; maxFreeShare?: number },
  ): Promise<void> {
    await this.#flushing;
    await file.syncLog();
    guarded(() => file.copyLog());
    if (guarded(() => file.freeShare) > maxFreeShare) {
      while (guarded(() => file.giveBack(PAGES_AT_ONCE))) {
        // oxlint-disable-next-line no-await-in-loop -- others have their turn
        await this.#turn();
      }
      await file.syncLog();
      guarded(() => file.copyLog());
    }
    await file.syncPages();
    guarded(() => (keepsLog ? file.restartLog() : file.emptyLog()));
    await file.syncLog();
    this.#isFlushed = false;
    this.#loggedBytes = 0;
    this.#keptLogBytes = file.logBytes;
    this.#use!.bytes = file.pagesBytes + this.#keptLogBytes;
  }

  /** Keeps writers away until the work is done. Only when nothing else does. */
  #hold(work: () => Promise<void>): Promise<void> {
    const done = work();
    const settled = done.catch(() => undefined);
    this.#writing = settled;
    void settled.then(() => this.#free(settled));
    return done;
  }

  #free(held: Promise<void>): void {
    if (this.#writing === held) this.#writing = undefined;
    if (this.#reading === held) this.#reading = undefined;
  }

  #open(): Awaitable<void> {
    if (this.#closed) throw new DataError({ code: "data.no-db", key: this.#key });
    if (this.#file !== undefined) return;
    const account = accountOf(this.#accounts, this.#key.packageId);
    const path = join(this.#folder, FILE);
    if (!(account instanceof Promise) && existsSync(path))
      return void this.#openFile(path, account);
    const done = this.#hold(async () => {
      const counted = await account;
      if (existsSync(path)) return void this.#openFile(path, counted);
      // Before anything in it is acknowledged: a file that a loss of power cut short would be damaged.
      await this.#openFile(path, counted).syncPages();
    });
    this.#reading = this.#writing;
    return done;
  }

  #openFile(path: string, account: DiskAccount | undefined): KvFile {
    const use = new DiskUse(this.#key.packageId, account, folderBytes(this.#folder));
    try {
      mkdirSync(this.#folder, { recursive: true });
    } catch (thrown) {
      throw ioError(thrown);
    }
    const file = guarded(() => new KvFile(path));
    this.#use = use;
    this.#file = file;
    use.bytes = file.pagesBytes + file.logBytes;
    return file;
  }
}

export function openKvFolder(options: KvFolderOptions): KvStore {
  const folderOf = (key: DatabaseKey): string => join(options.folder, key.packageId, key.name);
  const closings = new Closings();
  return {
    open: (key) => new FolderKv(key, folderOf(key), options, closings),
    remove(key) {
      const before = closings.before(key.text);
      const removed = async (): Promise<void> => {
        await before;
        await removeFolder(folderOf(key), key.packageId, options.accounts);
      };
      return closings.track(key.text, removed());
    },
  };
}
