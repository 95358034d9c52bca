/**
 * Buffers of large blobs, used again when nobody can see what was in them: fresh ones cost more than the copy itself,
 * because the machine has to find and clear their pages.
 * Source: docs/decisions/0003-recycled-blob-buffers.md; `BlobLease` in `@kinode-ts/types` says when.
 * @module
 */
import type { BlobLease, LazyLoadBlob } from "@kinode-ts/types";

const MIN_RECYCLED_BYTES = 4_096;
/** Bytes of unused buffers kept. */
const MAX_IDLE_BYTES = 32 * 1_024 * 1_024;
/** Unused buffers kept; they are searched one by one. */
const MAX_IDLE_COUNT = 64;
/** What unused buffers are filled with in a checking pool. */
const POISON = 0xdb;

export interface BlobPoolOptions {
  /** Overwrites buffers when they come back and proves when they go out that nobody wrote to them. Slow: for tests. */
  readonly checks?: boolean;
  /** Blobs below this many bytes get a fresh buffer, in which they are as quick. Default 4 KiB. */
  readonly minBytes?: number;
}

/**
 * A buffer is only used for a blob of exactly its length, so there is never a rest of another one behind the bytes.
 * Buffers that are not given back belong to the garbage collector.
 */
export class BlobPool {
  /** Blobs that got a used buffer. */
  reusedCount = 0;
  readonly minBytes: number;
  /** Unused buffers, the one that came back last at the end. */
  readonly #idle: Uint8Array[] = [];
  #idleBytes = 0;
  readonly #checks: boolean;

  constructor(options: BlobPoolOptions = {}) {
    this.#checks = options.checks ?? false;
    this.minBytes = Math.max(1, options.minBytes ?? MIN_RECYCLED_BYTES);
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** A buffer of exactly this many bytes; what is in it is not defined, and the caller overwrites all of it. */
  take(length: number): Uint8Array {
    const idle = this.#idle;
    for (let i = idle.length - 1; i >= 0; i--) {
      const bytes = idle[i]!;
      if (bytes.length !== length) continue;
      idle.splice(i, 1);
      this.#idleBytes -= length;
      this.reusedCount++;
      if (this.#checks) assertUntouched(bytes);
      return bytes;
    }
    return new Uint8Array(length);
  }

  /** A blob whose bytes come back here as its lease says. */
  lease(mime: string | undefined, bytes: Uint8Array): LazyLoadBlob {
    return { mime, bytes, lease: new Lease(this, bytes) };
  }

  /** Takes a buffer that nobody else has. */
  give(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < this.minBytes || length > MAX_IDLE_BYTES) return;
    if (this.#checks) bytes.fill(POISON);
    while (this.#idle.length >= MAX_IDLE_COUNT || this.#idleBytes + length > MAX_IDLE_BYTES) {
      this.#idleBytes -= this.#idle.shift()!.length;
    }
    this.#idle.push(bytes);
    this.#idleBytes += length;
  }
}

const AWAITED = 1;
const ANSWERED = 2;
const RECEIVED = 4;
const REPLACED = 8;
const KEPT = 16;

/** Which of the two holders had the blob and have let go of it; whatever is not exactly in order keeps it. */
class Lease implements BlobLease {
  #state = 0;
  readonly #pool: BlobPool;
  readonly #bytes: Uint8Array;

  constructor(pool: BlobPool, bytes: Uint8Array) {
    this.#pool = pool;
    this.#bytes = bytes;
  }

  awaited(): void {
    this.#state = this.#state === 0 ? AWAITED : KEPT;
  }

  answered(): void {
    this.#add(ANSWERED, AWAITED);
  }

  received(): void {
    this.#add(RECEIVED, 0);
  }

  replaced(): void {
    this.#add(REPLACED, RECEIVED);
  }

  keep(): void {
    this.#state = KEPT;
  }

  #add(step: number, before: number): void {
    const state = this.#state;
    const inOrder = (state & (step | KEPT)) === 0 && (state & before) === before;
    this.#state = inOrder ? state | step : KEPT;
    if (
      this.#state === (RECEIVED | REPLACED) ||
      this.#state === (AWAITED | ANSWERED | RECEIVED | REPLACED)
    ) {
      this.#state = KEPT;
      this.#pool.give(this.#bytes);
    }
  }
}

function assertUntouched(bytes: Uint8Array): void {
  if (bytes.every((byte) => byte === POISON)) return;
  throw new Error(`A blob buffer of ${bytes.length} bytes was written to while nobody had it`);
}
