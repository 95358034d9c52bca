/**
 * What the key-value module needs of a storage engine. Keys are ordered bytewise. Everything here is synchronous: a point
 * operation takes microseconds, less than a thread switch.
 * @module
 */
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

/** One open database. Failures are `DataError`s with `data.engine`. */
export interface KvDatabase {
  get(key: Uint8Array): Uint8Array | undefined;
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** All changes in their order, or none. */
  apply(changes: readonly KvChange[]): void;
  /** The pairs of a range in order, those after `after` (before it, when reversed). */
  scan(range: KvRange, after: Uint8Array | undefined): Iterable<KvPair>;
  close(): void;
}

export interface KvStore {
  /** Opens a database, made when it is missing. @throws {DataError} `data.io`, `data.engine` */
  open(key: DatabaseKey): KvDatabase;
  /** Deletes the files of a database that is not open. @throws {DataError} `data.io`, also when there are none */
  remove(key: DatabaseKey): void;
}
