/**
 * Client of `kv:distro:sys`: ordered keys and values, per package and name. Every function rejects with a `KvError`.
 * Source: spec/packages-and-tools.md §25.5, spec/runtime-modules.md §3.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import { atEnd, type DatabaseOptions, type DatabasePlace, placeOf } from "./database-wire.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { KvError, kvFail, kvRequest, readPairs } from "./kv-wire.ts";
import { blobOf, hasForm, isU64, payloadOf } from "./module-answer.ts";
import type { Schema } from "./schema.ts";
import { applySchema } from "./schema.ts";
import { our } from "./send.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export { KvError, type KvErrorCode } from "./kv-wire.ts";

/** How keys or values become bytes. */
interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** Whose database, and how long each request to it may take (default 5 s). */
export type KvOptions = DatabaseOptions;

/** Keys and values that are written as JSON, and checked when they are read. */
export interface KvSchemas<K, V> {
  readonly key: Schema<K>;
  readonly value: Schema<V>;
}

/** Which keys `scan` gives, in what order, and how many at most. */
export interface ScanOptions<K> {
  /** Only keys whose bytes begin with this; JSON keys begin as their text does, e.g. `"\"user/"`. */
  readonly prefix?: Uint8Array | string | undefined;
  /** First key that may be given. */
  readonly start?: K | undefined;
  /** First key that may not be given any more. */
  readonly end?: K | undefined;
  readonly reverse?: boolean | undefined;
  /** Pairs at most. */
  readonly limit?: number | undefined;
}

/** Where writes go: a database, or a `transaction` of it, which makes them at its end. */
export interface KvWriter<K, V> {
  set(key: K, value: V): Promise<void>;
  delete(key: K): Promise<void>;
}

/** Options of one write. */
export interface KvWriteOptions<K, V> {
  /** What a `transaction` of this database has given to its body: then this is a write of it. */
  readonly tx?: KvWriter<K, V> | undefined;
}

/** Bytes or text as keys: text is its UTF-8. */
export type KvBytes = Uint8Array | string;

const toBytes = (content: KvBytes): Uint8Array =>
  typeof content === "string" ? encodeUtf8(content) : content;
const list = (bytes: Uint8Array): number[] => Array.from(bytes);

const rawCodec: Codec<KvBytes> = { encode: toBytes, decode: (bytes) => bytes };

function jsonCodec<T>(schema: Schema<T>): Codec<T> {
  return {
    encode: (value) => encodeUtf8(stringifyJson(value)),
    decode: (bytes) => applySchema(schema, parseJson(decodeUtf8(bytes))),
  };
}

const isTx = hasForm<{ tx_id: U64 }>({ tx_id: isU64 });
const isIterator = hasForm<{ iterator_id: U64 }>({ iterator_id: isU64 });
const isBatch = hasForm<{ done: boolean; format: string | undefined }>({
  done: (value): value is boolean => typeof value === "boolean",
  format: (value): value is string | undefined => value === undefined || typeof value === "string",
});

/** Pairs fetched by one message of a scan, at most; the database ends a batch at about a megabyte in any case. */
const SCAN_STEP = 500;

/** An open database. `K` and `V` are given out as `KOut` and `VOut`: the same, but for databases of bytes. */
export class Kv<K, V, KOut = K, VOut = V> implements KvWriter<K, V> {
  readonly name: string;
  readonly #place: DatabasePlace;
  readonly #keys: Codec<K>;
  readonly #values: Codec<V>;

  /** @internal Use `openKv`. */
  constructor(place: DatabasePlace, keys: Codec<K>, values: Codec<V>) {
    this.name = place.db;
    this.#place = place;
    this.#keys = keys;
    this.#values = values;
  }

  /** The value, or `undefined` when there is none. */
  async get(key: K): Promise<VOut | undefined> {
    try {
      return await this.getOrThrow(key);
    } catch (thrown) {
      if (thrown instanceof KvError && thrown.code === "KeyNotFound") return undefined;
      throw thrown;
    }
  }

  /** The value; rejects with the code `KeyNotFound` when there is none. */
  async getOrThrow(key: K): Promise<VOut> {
    const answer = await kvRequest(this.#place, { Get: list(this.#keys.encode(key)) });
    return this.#values.decode(blobOf(answer, kvFail(this.name))) as unknown as VOut;
  }

  /** Writes a value, at once or with the transaction. */
  set(key: K, value: V, { tx }: KvWriteOptions<K, V> = {}): Promise<void> {
    return tx === undefined ? this.#set(key, value, null) : tx.set(key, value);
  }

  /** Also when there is no such key. */
  delete(key: K, { tx }: KvWriteOptions<K, V> = {}): Promise<void> {
    return tx === undefined ? this.#delete(key, null) : tx.delete(key);
  }

  /**
   * Collects writes and makes them all at once when `body` is done; when it throws, none, and this rejects with what it
   * threw. They are not seen by `get` before. A process may have 64 open, with 32 MiB in them.
   */
  async transaction<T>(body: (tx: KvWriter<K, V>) => T | Promise<T>): Promise<T> {
    const begun = await kvRequest(this.#place, "BeginTx");
    const { tx_id } = payloadOf(begun.value, "BeginTx", isTx, kvFail(this.name));
    let result: T;
    try {
      result = await body({
        set: (key, value) => this.#set(key, value, tx_id),
        delete: (key) => this.#delete(key, tx_id),
      });
    } catch (thrown) {
      // A node that knows no rollback forgets the transaction with this process.
      await kvRequest(atEnd(this.#place), { Rollback: { tx_id } }).catch(ignore);
      throw thrown;
    }
    await kvRequest(this.#place, { Commit: { tx_id } });
    return result;
  }

  /**
   * Keys and values of a range, in the order of the keys' bytes:
   * `for await (const [key, value] of db.scan({ start: "a", end: "b" }))`. Leaving the loop early ends it. What is written meanwhile may or may not be seen; nothing is
   * given twice. Nodes of the reference kind have no scans: there this rejects with `MalformedRequest`.
   */
  async *scan(
    options: ScanOptions<K> = {},
  ): AsyncGenerator<readonly [KOut, VOut], void, undefined> {
    const { prefix, start, end, reverse, limit = Number.POSITIVE_INFINITY } = options;
    if (limit <= 0) return;
    const started = await kvRequest(this.#place, {
      IterStart: {
        prefix: prefix === undefined ? undefined : list(toBytes(prefix)),
        start: start === undefined ? undefined : list(this.#keys.encode(start)),
        end: end === undefined ? undefined : list(this.#keys.encode(end)),
        reverse,
      },
    });
    const fail = kvFail(this.name);
    const { iterator_id } = payloadOf(started.value, "IterStart", isIterator, fail);
    let left = limit;
    let isDone = false;
    try {
      while (!isDone && left > 0) {
        const count = Math.min(left, SCAN_STEP);
        const next = { iterator_id, count, format: "bytes" } as const;
        const { value, message } = await kvRequest(this.#place, { IterNext: next });
        const told = payloadOf(value, "IterNext", isBatch, fail);
        const pairs = readPairs(this.name, message.blob()?.bytes, told.format);
        // A batch that is not the last one has a pair at least: without one this would go on for ever.
        if (!told.done && pairs.length === 0) throw fail("UnexpectedAnswer", "an empty batch");
        isDone = told.done;
        for (const [key, bytes] of pairs) {
          if (left-- <= 0) break;
          yield [
            this.#keys.decode(key) as unknown as KOut,
            this.#values.decode(bytes) as unknown as VOut,
          ];
        }
      }
    } finally {
      if (!isDone)
        await kvRequest(atEnd(this.#place), { IterClose: { iterator_id } }).catch(ignore);
    }
  }

  async #set(key: K, value: V, tx_id: U64 | null): Promise<void> {
    const action = { Set: { key: list(this.#keys.encode(key)), tx_id } };
    await kvRequest(this.#place, action, this.#values.encode(value));
  }

  async #delete(key: K, tx_id: U64 | null): Promise<void> {
    await kvRequest(this.#place, { Delete: { key: list(this.#keys.encode(key)), tx_id } });
  }
}

/** An iterator that is not closed ends by itself; the loop's own error is the one to tell. */
function ignore(): void {}

/** A database of bytes. Text is taken as UTF-8; bytes come back. */
export type RawKv = Kv<KvBytes, KvBytes, Uint8Array, Uint8Array>;

/**
 * Opens a database of our package, made when it is missing, and gives this process the right to use it.
 * With schemas keys and values are JSON, as the other languages' libraries write them; without, they are bytes.
 * A database of another package is not opened but used, by the capability we hold.
 */
export async function openKv<K, V>(
  name: string,
  options: KvOptions & KvSchemas<K, V>,
): Promise<Kv<K, V>>;
export async function openKv(name: string, options?: KvOptions): Promise<RawKv>;
export async function openKv<K, V>(
  name: string,
  options: KvOptions & Partial<KvSchemas<K, V>> = {},
): Promise<Kv<K, V> | RawKv> {
  const place = placeOf(name, options);
  if (place.owner.equals(our().packageId())) await kvRequest(place, "Open");
  const { key, value } = options;
  if (key === undefined || value === undefined) return new Kv(place, rawCodec, rawCodec) as RawKv;
  return new Kv<K, V>(place, jsonCodec(key), jsonCodec(value));
}

/** Deletes a database of our package with everything in it. */
export async function removeKv(name: string, options: KvOptions = {}): Promise<void> {
  await kvRequest(placeOf(name, options), "RemoveDb");
}
