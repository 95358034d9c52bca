/**
 * What the key-value module needs of a storage engine. Keys are ordered bytewise. A point operation takes microseconds, less
 * than a thread switch, so everything is done at once; only what has to wait for the disk or for a large transaction gives a
 * promise.
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";
import type { DatabaseKey } from "../request.ts";

export type KvChange =
  | { readonly kind: "set"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: Uint8Array };

export interface KvRange {
  /** Only keys that begin with these bytes. */
  readonly prefix?: Uint8Array | undefined;
  /** First key that may be given. */
  readonly start?: Uint8Array | undefined;
  /** First key that may not be given any more. */
  readonly end?: Uint8Array | undefined;
  readonly reverse?: boolean | undefined;
}

export interface KvPair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One database. Failures are `DataError`s: `data.io`, `data.engine`; `data.no-db` once it was closed. */
export interface KvDatabase {
  /** Whether something is going on that spans turns of the event loop. */
  readonly busy: boolean;
  /** Settles when that is over, however it went. */
  idle(): Promise<void>;
  /** When this has settled the database is open, and `scan` may be called at once. */
  ready(): Awaitable<void>;
  get(key: Uint8Array): Awaitable<Uint8Array | undefined>;
  set(key: Uint8Array, value: Uint8Array): Awaitable<void>;
  delete(key: Uint8Array): Awaitable<void>;
  /** All changes in their order, or none. Others wait while a large one is carried out. */
  apply(changes: readonly KvChange[]): Awaitable<void>;
  /** The pairs of a range in order, those after `after` (before it, when reversed). To be used up in the same turn. */
  scan(range: KvRange, after: Uint8Array | undefined): Iterable<KvPair>;
  /** Waits for what is going on. */
  close(): Promise<void>;
}

export interface KvStore {
  /** A database, made when it is missing. It is opened at its first use. */
  open(key: DatabaseKey): KvDatabase;
  /** Deletes the files of a database that is not open. Rejects with `data.io`, also when there are none. */
  remove(key: DatabaseKey): Promise<void>;
}
