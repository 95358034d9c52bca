/**
 * New blobs on their way: gathered into packs, packs sent a few at a time, indexes written behind them.
 * What an index names is durable; a snapshot may be written after `finish`.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import type { SealedBlob } from "./blob-work.ts";
import { type RepositoryContext, withSignal } from "./context.ts";
import { encodeIndex, type PackContents } from "./index-file.ts";
import type { ObjectId } from "./object-id.ts";
import { type BlobKind, encodeHeader, headerBytes, type PackedBlob } from "./pack.ts";

interface OpenPack {
  readonly parts: Uint8Array[];
  readonly blobs: PackedBlob[];
  bytes: number;
}

export interface WriterCounts {
  readonly dataBlobCount: number;
  readonly treeBlobCount: number;
  readonly addedBytes: number;
  readonly addedPackedBytes: number;
  /** What the remote has confirmed. */
  readonly sentBytes: number;
}

const newPack = (): OpenPack => ({ parts: [], blobs: [], bytes: 0 });

export class BlobWriter {
  readonly #context: RepositoryContext;
  readonly #index: BlobIndex;
  readonly #signal: AbortSignal | undefined;
  readonly #claimed = { data: new Set<ObjectId>(), tree: new Set<ObjectId>() };
  readonly #open = { data: newPack(), tree: newPack() };
  readonly #sending = new Set<Promise<void>>();
  /** Sent, and not yet in an index. */
  #unindexed: PackContents[] = [];
  #indexing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  readonly #counts = {
    dataBlobCount: 0,
    treeBlobCount: 0,
    addedBytes: 0,
    addedPackedBytes: 0,
    sentBytes: 0,
  };

  constructor(context: RepositoryContext, index: BlobIndex, signal?: AbortSignal) {
    this.#context = context;
    this.#index = index;
    this.#signal = signal;
  }

  get counts(): WriterCounts {
    return { ...this.#counts };
  }

  /** Whether the caller has to add this blob: nobody has it, and nobody else is about to. */
  claim(kind: BlobKind, id: ObjectId): boolean {
    if (this.#index.has(kind, id) || this.#claimed[kind].has(id)) return false;
    this.#claimed[kind].add(id);
    return true;
  }

  /** Takes a blob that was claimed; waits while too much is on its way. @throws what the remote threw */
  async add(kind: BlobKind, { id, bytes, plainLength, contentBytes }: SealedBlob): Promise<void> {
    this.#rethrow();
    const pack = this.#open[kind];
    pack.blobs.push({ kind, id, offset: pack.bytes, length: bytes.length, plainLength });
    pack.parts.push(bytes);
    pack.bytes += bytes.length;
    this.#counts[kind === "data" ? "dataBlobCount" : "treeBlobCount"]++;
    this.#counts.addedBytes += contentBytes;
    this.#counts.addedPackedBytes += bytes.length;
    if (pack.bytes >= this.#context.sizes.packBytes) this.#send(kind);
    while (this.#sending.size > this.#context.sizes.uploadCount) {
      await Promise.race(this.#sending);
      this.#rethrow();
    }
  }

  #send(kind: BlobKind): void {
    const pack = this.#open[kind];
    if (pack.blobs.length === 0) return;
    this.#open[kind] = newPack();
    const sending = this.#sendPack(pack)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async #sendPack({ parts, blobs, bytes: dataBytes }: OpenPack): Promise<void> {
    const { engine, remote, sizes } = this.#context;
    const { id, bytes } = await engine.finishPack(parts, encodeHeader(blobs));
    await remote.put("data", id, bytes, withSignal(this.#signal));
    this.#counts.sentBytes += dataBytes + headerBytes(blobs);
    this.#unindexed.push({ id, blobs });
    if (this.#unindexed.length >= sizes.packsPerIndex) await this.#writeIndex(this.#signal);
  }

  /** Writes what is not yet in an index; one after the other. */
  #writeIndex(signal: AbortSignal | undefined): Promise<void> {
    const { files, sizes } = this.#context;
    const write = async (): Promise<void> => {
      while (this.#unindexed.length > 0) {
        const packs = takeForIndex(this.#unindexed, sizes.blobsPerIndex);
        try {
          await files.put("index", encodeIndex(packs), signal);
        } catch (error) {
          this.#unindexed.push(...packs);
          throw error;
        }
        for (const pack of packs) this.#index.add(pack);
      }
    };
    const written = this.#indexing.then(write);
    this.#indexing = written.catch(() => {});
    return written;
  }

  /** Everything that was added is durable and in an index. @throws what the remote threw */
  async finish(): Promise<void> {
    this.#send("data");
    this.#send("tree");
    await Promise.all(this.#sending);
    this.#rethrow();
    await this.#writeIndex(this.#signal);
  }

  /** After a failure or a cancel: what has arrived is put into an index, so that it is not sent again. Never throws. */
  async salvage(): Promise<void> {
    await Promise.all(this.#sending);
    await this.#writeIndex(undefined).catch(() => {});
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Takes packs from the front, at least one, until there are enough blobs. */
export function takeForIndex(packs: PackContents[], blobCount: number): PackContents[] {
  let [count, blobs] = [0, 0];
  while (count < packs.length && (count === 0 || blobs + packs[count]!.blobs.length <= blobCount)) {
    blobs += packs[count++]!.blobs.length;
  }
  return packs.splice(0, count);
}
