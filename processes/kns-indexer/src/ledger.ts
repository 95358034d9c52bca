/**
 * What the chain has said so far: entries folded out of events, the last of which can be taken back.
 * Events may come in any order; what they add up to follows their places in the chain alone.
 * Source: spec/network-identity.md §3.6, §6 W14.
 * @module
 */
import {
  childHash,
  EMPTY_RECORD,
  type Hex,
  labelHash,
  nameHash,
  type NodeRecord,
  type PlacedEvent,
  ROOT_HASH,
  withNote,
} from "@kinode-ts/kimap";

/** One name; without a label only its notes were seen yet. */
export interface Entry {
  readonly parent: Hex;
  readonly label: string | undefined;
  readonly record: NodeRecord;
  /** Notes up to this block are in `record` already, because it was read from the registry. */
  readonly asOf: number;
}

const UNSEEN: Entry = { parent: ROOT_HASH, label: undefined, record: EMPTY_RECORD, asOf: 0 };
// A provider that invents logs must fill neither the memory nor the day.
const MAX_ENTRIES = 250_000;
const MAX_RECENT = 200_000;
const MAX_RECENT_PER_ENTRY = 2_000;
/** Zones below zones; the registry has no limit, and hashes do not run in circles. */
const MAX_DEPTH = 64;

/** The entry an event is about. */
function subjectOf({ event }: PlacedEvent): Hex {
  return event.kind === "mint" ? event.hash : event.parent;
}

function isBefore(a: PlacedEvent, b: PlacedEvent): boolean {
  return a.block < b.block || (a.block === b.block && a.index < b.index);
}

function isSame(a: PlacedEvent, b: PlacedEvent): boolean {
  return a.blockHash === b.blockHash && a.index === b.index;
}

function fold(entry: Entry, { event, block }: PlacedEvent): Entry {
  // A name is minted once, so notes that were read before belong to it.
  if (event.kind === "mint") return { ...entry, parent: event.parent, label: event.label };
  if (block <= entry.asOf) return entry;
  return { ...entry, record: withNote(entry.record, event.label, event.data) };
}

export class Ledger {
  /** As of now. */
  readonly #entries = new Map<Hex, Entry>();
  /** Entries that events after `settledBlock` touched, as they were before; `undefined`: not there. */
  readonly #settled = new Map<Hex, Entry | undefined>();
  /** Those events by entry, in the order of the chain. */
  readonly #recent = new Map<Hex, PlacedEvent[]>();
  #recentCount = 0;
  readonly #names = new Map<Hex, string>();
  /** Who waits for an entry to get its name: entries below it, and nodes that it routes for. */
  readonly #waiting = new Map<Hex, Set<Hex>>();
  #changed = new Set<Hex>();
  #settledBlock: number;

  /** Nothing up to `settledBlock` will be looked at. */
  constructor(settledBlock: number, entries: Iterable<readonly [Hex, Entry]> = []) {
    this.#settledBlock = settledBlock;
    for (const [hash, entry] of entries) this.#set(hash, entry);
  }

  /** Up to here events are folded for good. */
  get settledBlock(): number {
    return this.#settledBlock;
  }

  get size(): number {
    return this.#entries.size;
  }

  entry(hash: Hex): Entry | undefined {
    return this.#entries.get(hash);
  }

  get entries(): ReadonlyMap<Hex, Entry> {
    return this.#entries;
  }

  /** As they are up to `settledBlock`: what a checkpoint keeps. */
  *settledEntries(): Generator<readonly [Hex, Entry]> {
    for (const [hash, entry] of this.#entries) {
      const settled = this.#settled.has(hash) ? this.#settled.get(hash) : entry;
      if (settled !== undefined) yield [hash, settled];
    }
  }

  /** Events that can still be taken back. */
  *recentEvents(): Generator<PlacedEvent> {
    for (const events of this.#recent.values()) yield* events;
  }

  /** Whether exactly this event, in exactly this block, is taken in. */
  has(event: PlacedEvent): boolean {
    return this.#recent.get(subjectOf(event))?.some((other) => isSame(other, event)) === true;
  }

  /** Takes an event in, or back if the chain says so. False: there is no room until older ones are settled. */
  add(event: PlacedEvent): boolean {
    if (event.removed) {
      this.undo(event);
      return true;
    }
    if (event.block <= this.#settledBlock || this.has(event)) return true;
    const hash = subjectOf(event);
    // For good: such an index is of no use to anybody.
    if (!this.#entries.has(hash) && this.#entries.size >= MAX_ENTRIES) return true;
    const events = this.#recent.get(hash) ?? [];
    const isFull = events.length >= MAX_RECENT_PER_ENTRY || this.#recentCount >= MAX_RECENT;
    if (isFull) return false;
    this.#recentCount++;
    if (events.length === 0) {
      this.#recent.set(hash, events);
      this.#settled.set(hash, this.#entries.get(hash));
    }
    let at = events.length;
    while (at > 0 && isBefore(event, events[at - 1]!)) at--;
    events.splice(at, 0, event);
    if (at === events.length - 1) this.#set(hash, fold(this.#entries.get(hash) ?? UNSEEN, event));
    else this.#refold(hash);
    return true;
  }

  /** Takes an event back. One that is settled, or was never taken in, changes nothing. */
  undo(event: PlacedEvent): void {
    const hash = subjectOf(event);
    const events = this.#recent.get(hash);
    const at = events?.findIndex((other) => isSame(other, event)) ?? -1;
    if (events === undefined || at < 0) return;
    events.splice(at, 1);
    this.#recentCount--;
    this.#refold(hash);
    if (events.length === 0) this.#forgetRecent(hash);
  }

  /** Folds everything up to a block for good. */
  settle(block: number): void {
    if (block <= this.#settledBlock) return;
    this.#settledBlock = block;
    for (const [hash, events] of this.#recent) {
      const count = events.findIndex((event) => event.block > block);
      const done = events.splice(0, count < 0 ? events.length : count);
      if (done.length === 0) continue;
      this.#recentCount -= done.length;
      if (events.length === 0) this.#forgetRecent(hash);
      else this.#settled.set(hash, done.reduce(fold, this.#settled.get(hash) ?? UNSEEN));
    }
  }

  /** Notes of a name as the registry has them at a block; its ancestors exist, because it does. */
  put(name: string, record: NodeRecord, asOf: number): void {
    const labels = name.split(".");
    for (let i = labels.length - 1; i >= 0; i--) {
      const parent = nameHash(labels.slice(i + 1).join("."));
      const label = labels[i]!;
      const hash = childHash(parent, labelHash(label));
      const amend = (entry: Entry = UNSEEN): Entry =>
        i === 0 ? { parent, label, record, asOf } : { ...entry, parent, label };
      if (this.#recent.has(hash)) {
        this.#settled.set(hash, amend(this.#settled.get(hash)));
        this.#refold(hash);
      } else {
        this.#set(hash, amend(this.#entries.get(hash)));
      }
    }
  }

  /** The whole name, when all labels up to the root are known. */
  nameOf(hash: Hex): string | undefined {
    const known = this.#names.get(hash);
    if (known !== undefined) return known;
    const name = this.#spell(hash);
    if (name !== undefined) this.#names.set(hash, name);
    return name;
  }

  /** Names of nodes depend on those of others: tells when `on` gets its name. */
  awaitName(waiter: Hex, on: Hex): void {
    const waiters = this.#waiting.get(on);
    if (waiters === undefined) this.#waiting.set(on, new Set([waiter]));
    else waiters.add(waiter);
  }

  /** Entries that are not as they were at the last call, or whose name is not. */
  takeChanged(): ReadonlySet<Hex> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  #spell(hash: Hex): string | undefined {
    const labels: string[] = [];
    for (let at = hash; labels.length < MAX_DEPTH;) {
      const entry = this.#entries.get(at);
      if (entry?.label === undefined) {
        if (at !== hash) this.awaitName(hash, at);
        return undefined;
      }
      labels.push(entry.label);
      if (entry.parent === ROOT_HASH) return labels.join(".");
      at = entry.parent;
    }
    return undefined;
  }

  #refold(hash: Hex): void {
    const events = this.#recent.get(hash)!;
    const settled = this.#settled.get(hash);
    if (settled === undefined && events.length === 0) this.#delete(hash);
    else this.#set(hash, events.reduce(fold, settled ?? UNSEEN));
  }

  #forgetRecent(hash: Hex): void {
    this.#recent.delete(hash);
    this.#settled.delete(hash);
  }

  #set(hash: Hex, entry: Entry): void {
    const before = this.#entries.get(hash);
    this.#entries.set(hash, entry);
    this.#changed.add(hash);
    if (before?.label !== entry.label) this.#renamed(hash);
  }

  #delete(hash: Hex): void {
    this.#entries.delete(hash);
    this.#changed.add(hash);
    this.#renamed(hash);
  }

  #renamed(hash: Hex): void {
    // A name that goes away takes those below it along; it is rare enough to spell all of them again.
    if (this.#names.size > 0 && this.#entries.get(hash)?.label === undefined) {
      for (const [known] of this.#names) this.#changed.add(known);
      this.#names.clear();
    }
    const waiters = this.#waiting.get(hash);
    if (waiters === undefined) return;
    this.#waiting.delete(hash);
    for (const waiter of waiters) {
      this.#changed.add(waiter);
      this.#renamed(waiter);
    }
  }
}
