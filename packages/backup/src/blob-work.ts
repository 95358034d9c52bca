/**
 * The heavy work on blobs: cut, hash, compress, seal, and all of it back. Synchronous; runs on whatever thread it is on.
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { concatBytes } from "./bytes.ts";
import { createChunker, type Chunker, type ChunkerState } from "./chunker.ts";
import { compress, decompress, sha256 } from "./host-codec-bun.ts";
import { type ObjectId, objectIdOf } from "./object-id.ts";
import type { PackedBlob } from "./pack.ts";
import { seal, type SealKeys, unseal } from "./sealing.ts";

/** A chunk that waits to be sealed or dropped. */
export interface CutChunk {
  readonly token: number;
  readonly id: ObjectId;
  readonly contentBytes: number;
}

export interface SealedBlob {
  readonly id: ObjectId;
  readonly bytes: Uint8Array;
  readonly contentBytes: number;
  /** Bytes of content when it is compressed. */
  readonly plainLength: number | undefined;
}

/** A blob inside of bytes that were fetched. */
export type FetchedBlob = Pick<PackedBlob, "id" | "offset" | "length" | "plainLength">;

interface Stream {
  readonly state: ChunkerState;
  parts: Uint8Array[];
}

/** Below this, a compressed blob would hardly be smaller. */
const MIN_COMPRESSED_BYTES = 32;

export class BlobWork {
  readonly #keys: SealKeys;
  readonly #random: Random;
  readonly #polynomial: bigint;
  #chunker: Chunker | undefined;
  readonly #streams = new Map<number, Stream>();
  readonly #chunks = new Map<number, Uint8Array>();
  #nextToken = 1;

  constructor(keys: SealKeys, polynomial: bigint, random: Random) {
    this.#keys = keys;
    this.#random = random;
    this.#polynomial = polynomial;
  }

  /**
   * Adds bytes to a stream, which starts with its first ones.
   * @returns the chunks that are complete now; each must be sealed or dropped
   */
  push(stream: number, bytes: Uint8Array, isLast: boolean): CutChunk[] {
    this.#chunker ??= createChunker(this.#polynomial);
    const found = this.#streams.get(stream);
    const { state, parts } = found ?? { state: this.#chunker.start(), parts: [] };
    const chunks: CutChunk[] = [];
    let from = 0;
    for (const end of this.#chunker.cuts(state, bytes)) {
      chunks.push(this.#keep([...parts.splice(0), bytes.subarray(from, end)]));
      from = end;
    }
    if (from < bytes.length) parts.push(bytes.subarray(from));
    if (!isLast) this.#streams.set(stream, { state, parts });
    else {
      this.#streams.delete(stream);
      if (parts.length > 0) chunks.push(this.#keep(parts));
    }
    return chunks;
  }

  #keep(parts: readonly Uint8Array[]): CutChunk {
    const content = parts.length === 1 ? parts[0]! : concatBytes(parts);
    const token = this.#nextToken++;
    this.#chunks.set(token, content);
    return { token, id: objectIdOf(sha256(content)), contentBytes: content.length };
  }

  /** Forgets a stream that was not brought to its end. */
  abandon(stream: number): void {
    this.#streams.delete(stream);
  }

  drop(tokens: readonly number[]): void {
    for (const token of tokens) this.#chunks.delete(token);
  }

  /** Seals a chunk and forgets it. */
  sealChunk(token: number, id: ObjectId): SealedBlob {
    const content = this.#chunks.get(token);
    if (content === undefined) throw new RangeError(`There is no chunk ${token}`);
    this.#chunks.delete(token);
    return this.#seal(content, id);
  }

  sealContent(content: Uint8Array): SealedBlob {
    return this.#seal(content, objectIdOf(sha256(content)));
  }

  #seal(content: Uint8Array, id: ObjectId): SealedBlob {
    const packed = content.length < MIN_COMPRESSED_BYTES ? content : compress(content);
    const isSmaller = packed.length < content.length;
    return {
      id,
      bytes: seal(this.#keys, this.#random, isSmaller ? packed : content),
      contentBytes: content.length,
      plainLength: isSmaller ? content.length : undefined,
    };
  }

  /** Contents of blobs inside `bytes`, each its own buffer; `undefined` for one that is damaged. */
  open(bytes: Uint8Array, blobs: readonly FetchedBlob[]): (Uint8Array | undefined)[] {
    return blobs.map(({ id, offset, length, plainLength }) => {
      const packed = unseal(this.#keys, bytes.subarray(offset, offset + length));
      if (packed === undefined) return undefined;
      const content = plainLength === undefined ? packed : decompress(packed, plainLength);
      if (content === undefined || objectIdOf(sha256(content)) !== id) return undefined;
      // A buffer of its own can go to another thread.
      return content.length === content.buffer.byteLength ? content : content.slice();
    });
  }

  /** Puts a pack together. @returns its bytes and their SHA-256 */
  finishPack(
    parts: readonly Uint8Array[],
    header: Uint8Array,
  ): { id: ObjectId; bytes: Uint8Array } {
    const sealed = seal(this.#keys, this.#random, header);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, sealed.length, true);
    const bytes = concatBytes([...parts, sealed, length]);
    return { id: objectIdOf(sha256(bytes)), bytes };
  }

  hash(bytes: Uint8Array): ObjectId {
    return objectIdOf(sha256(bytes));
  }
}
