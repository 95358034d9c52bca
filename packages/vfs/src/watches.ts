/**
 * Who is told about changes to which files. An extension; the reference has none.
 *
 * Each watch has at most one event under way: what changes until the process has answered it is put together into the next
 * one. So a process that does not read delays only its own events, and what waits for it is bounded.
 * @module
 */
import {
  andThen,
  type Awaitable,
  type PackageId,
  packageOf,
  type ProcessId,
  type U64,
} from "@kinode-ts/types";
import { ioErrorText } from "./errors.ts";
import type { VfsPath } from "./paths.ts";
import type { WatchLimits } from "./limits.ts";

/** Paths have a leading slash. */
export type VfsChange =
  | { readonly Created: string }
  | { readonly Written: string }
  | { readonly Removed: string }
  | { readonly Renamed: { readonly from: string; readonly to: string } }
  /** More has changed than is kept: the process has to look itself. */
  | "Overflow"
  /** The process may not read here any more; the last event of a watch. */
  | "Ended";

export type ChangeKind = "Created" | "Written" | "Removed";

/** What watches need of their surroundings. */
export interface WatchPowers {
  /** Sends an event that is to be answered; returns its id. */
  send(process: ProcessId, body: Uint8Array): U64;
  mayRead(process: ProcessId, path: VfsPath): boolean;
  /** Starts to look for changes that did not go through the node; `undefined` where that is not possible. */
  look(path: string, recursive: boolean): Awaitable<Disposable | undefined>;
}

interface Watch {
  readonly process: ProcessId;
  /** Chosen by the process. */
  readonly id: number;
  readonly path: VfsPath;
  readonly recursive: boolean;
  looking: Disposable | undefined;
  isOver: boolean;
  /** In order; `undefined` where two have cancelled each other out. */
  changes: (VfsChange | undefined)[];
  /** Place of the newest change of a path, while later ones of it may be put together with it. */
  readonly places: Map<string, number>;
  underWay: U64 | undefined;
  isScheduled: boolean;
}

const encoder = new TextEncoder();

export class Watches {
  readonly #powers: WatchPowers;
  readonly #limits: WatchLimits;
  readonly #byProcess = new Map<ProcessId, Map<number, Watch>>();
  readonly #byDrive = new Map<string, Set<Watch>>();
  readonly #byMessage = new Map<U64, Watch>();
  /** How many there are. */
  readonly #byPackage = new Map<PackageId, number>();
  #count = 0;

  constructor(powers: WatchPowers, limits: WatchLimits) {
    this.#powers = powers;
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** A watch of the same number is replaced. @throws {VfsError} `vfs.io`: there are too many */
  add(process: ProcessId, id: number, path: VfsPath, recursive: boolean): Awaitable<void> {
    this.remove(process, id);
    const own = this.#byProcess.get(process) ?? new Map<number, Watch>();
    const { maxPerProcess, maxPerPackage, maxTotal } = this.#limits;
    const ofPackage = this.#byPackage.get(packageOf(process)) ?? 0;
    if (own.size >= maxPerProcess || ofPackage >= maxPerPackage || this.#count >= maxTotal) {
      throw ioErrorText(
        `Too many watches (os error 24): a process may have ${maxPerProcess}, a package ${maxPerPackage}, all together ${maxTotal}; end one with Unwatch`,
      );
    }
    const watch: Watch = {
      process,
      id,
      path,
      recursive,
      looking: undefined,
      isOver: false,
      changes: [],
      places: new Map(),
      underWay: undefined,
      isScheduled: false,
    };
    own.set(id, watch);
    this.#byProcess.set(process, own);
    const there = this.#byDrive.get(path.drive) ?? new Set();
    this.#byDrive.set(path.drive, there.add(watch));
    this.#count++;
    this.#byPackage.set(packageOf(process), ofPackage + 1);
    return andThen(this.#powers.look(path.full, recursive), (looking) => {
      if (watch.isOver) looking?.[Symbol.dispose]();
      else watch.looking = looking;
    });
  }

  /** Unknown numbers are fine. */
  remove(process: ProcessId, id: number): void {
    const watch = this.#byProcess.get(process)?.get(id);
    if (watch !== undefined) this.#drop(watch);
  }

  removeAll(process: ProcessId): void {
    for (const watch of [...(this.#byProcess.get(process)?.values() ?? [])]) this.#drop(watch);
  }

  clear(): void {
    for (const process of [...this.#byProcess.keys()]) this.removeAll(process);
  }

  /** Whether somebody is to be told about changes of `path` (a `VfsPath.full`). */
  wants(path: string): boolean {
    return this.#count > 0 && this.#of(path).length > 0;
  }

  changed(kind: ChangeKind, path: string): void {
    if (this.#count === 0) return;
    for (const watch of this.#of(path)) this.#note(watch, kind, path);
  }

  renamed(from: string, to: string): void {
    if (this.#count === 0) return;
    const left = this.#of(from);
    const joined = this.#of(to);
    for (const watch of left) {
      if (!joined.includes(watch)) this.#note(watch, "Removed", from);
      else {
        // What was said about either name before is over.
        watch.places.clear();
        this.#push(watch, { Renamed: { from: `/${from}`, to: `/${to}` } });
      }
    }
    for (const watch of joined) if (!left.includes(watch)) this.#note(watch, "Created", to);
  }

  /** More has changed at or below `path` than anybody has seen. */
  lost(path: string): void {
    for (const watch of this.#of(path)) this.#overflow(watch);
  }

  /** The process has answered an event, or has not in time. False: the message was none. */
  answered(message: U64): boolean {
    const watch = this.#byMessage.get(message);
    if (watch === undefined) return false;
    this.#byMessage.delete(message);
    watch.underWay = undefined;
    if (watch.changes.length > 0) this.#flush(watch);
    return true;
  }

  #of(path: string): Watch[] {
    const first = path.indexOf("/");
    const second = path.indexOf("/", first + 1);
    const drive = `/${second === -1 ? path : path.slice(0, second)}`;
    const found: Watch[] = [];
    for (const watch of this.#byDrive.get(drive) ?? []) if (covers(watch, path)) found.push(watch);
    return found;
  }

  #note(watch: Watch, kind: ChangeKind, path: string): void {
    const shown = `/${path}`;
    const place = watch.places.get(shown);
    const before = place === undefined ? undefined : kindOf(watch.changes[place]);
    if (place === undefined || before === undefined) {
      watch.places.set(shown, watch.changes.length);
      this.#push(watch, changeOf(kind, shown));
      return;
    }
    const both = together(before, kind);
    watch.changes[place] = both === undefined ? undefined : changeOf(both, shown);
    if (both === undefined) watch.places.delete(shown);
  }

  #push(watch: Watch, change: VfsChange): void {
    if (watch.changes[0] === "Overflow") return;
    if (watch.changes.length >= this.#limits.maxPendingCount) this.#overflow(watch);
    else watch.changes.push(change);
    this.#schedule(watch);
  }

  #overflow(watch: Watch): void {
    watch.changes = ["Overflow"];
    watch.places.clear();
    this.#schedule(watch);
  }

  /** At the end of this turn, so that what one request does is one event. */
  #schedule(watch: Watch): void {
    if (watch.isScheduled || watch.underWay !== undefined) return;
    watch.isScheduled = true;
    queueMicrotask(() => {
      watch.isScheduled = false;
      if (watch.underWay === undefined) this.#flush(watch);
    });
  }

  #flush(watch: Watch): void {
    if (this.#byProcess.get(watch.process)?.get(watch.id) !== watch) return;
    const isAllowed = this.#powers.mayRead(watch.process, watch.path);
    const changes = isAllowed ? watch.changes.filter((each) => each !== undefined) : ["Ended"];
    watch.changes = [];
    watch.places.clear();
    if (changes.length === 0) return;
    const body = encoder.encode(JSON.stringify({ VfsEvent: { watch: watch.id, changes } }));
    watch.underWay = this.#powers.send(watch.process, body);
    if (isAllowed) this.#byMessage.set(watch.underWay, watch);
    else this.#drop(watch);
  }

  #drop(watch: Watch): void {
    const own = this.#byProcess.get(watch.process);
    own?.delete(watch.id);
    if (own?.size === 0) this.#byProcess.delete(watch.process);
    const there = this.#byDrive.get(watch.path.drive);
    there?.delete(watch);
    if (there?.size === 0) this.#byDrive.delete(watch.path.drive);
    if (watch.underWay !== undefined) this.#byMessage.delete(watch.underWay);
    watch.changes = [];
    watch.isOver = true;
    watch.looking?.[Symbol.dispose]();
    this.#count--;
    const owner = packageOf(watch.process);
    const left = this.#byPackage.get(owner)! - 1;
    if (left === 0) this.#byPackage.delete(owner);
    else this.#byPackage.set(owner, left);
  }
}

function covers({ path: { full }, recursive }: Watch, path: string): boolean {
  if (path === full) return true;
  if (!path.startsWith(full) || path[full.length] !== "/") return false;
  return recursive || !path.includes("/", full.length + 1);
}

function changeOf(kind: ChangeKind, path: string): VfsChange {
  return { [kind]: path } as VfsChange;
}

function kindOf(change: VfsChange | undefined): ChangeKind | undefined {
  if (typeof change !== "object") return undefined;
  if ("Created" in change) return "Created";
  if ("Written" in change) return "Written";
  return "Removed" in change ? "Removed" : undefined;
}

/** One change for two after another; `undefined`: as if nothing had been. */
function together(first: ChangeKind, second: ChangeKind): ChangeKind | undefined {
  if (first === "Created") return second === "Removed" ? undefined : "Created";
  if (first === "Removed") return second === "Removed" ? "Removed" : "Written";
  return second === "Removed" ? "Removed" : "Written";
}
