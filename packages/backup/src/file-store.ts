/**
 * The content of one file on its way into the repository.
 * @module
 */
import type { Cutter } from "./blob-engine.ts";
import type { CutChunk } from "./blob-work.ts";
import type { BlobWriter } from "./blob-writer.ts";
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled } from "./errors.ts";
import { sha256 } from "./host-codec-bun.ts";
import { type ObjectId, objectIdOf } from "./object-id.ts";
import type { SourceFile } from "./source.ts";

export interface StoredContent {
  readonly content: readonly ObjectId[];
  readonly sizeBytes: number;
}

/** A file that is one piece of at most this is hashed here: cheaper than two trips to another thread. */
const SMALL_BYTES = 65_536;

/**
 * Stores what can be read of a file. While a piece is worked on, the next ones are read; while a chunk is sealed, the next
 * one is cut.
 * @returns the content, or the error of the source
 * @throws what the remote or the engine throws
 */
export async function storeFile(
  context: RepositoryContext,
  writer: BlobWriter,
  file: SourceFile,
  signal: AbortSignal,
): Promise<StoredContent | { readonly unreadable: unknown }> {
  const pieces = file.read(signal)[Symbol.asyncIterator]();
  const first = await nextPiece(pieces);
  if ("error" in first) return { unreadable: first.error };
  if (first.value === undefined) return { content: [], sizeBytes: 0 };
  const second = await nextPiece(pieces);
  if ("value" in second && second.value === undefined && first.value.length <= SMALL_BYTES) {
    return storeSmall(context, writer, first.value);
  }
  return new FileStore(context, writer, pieces, signal).run(first.value, second);
}

async function storeSmall(
  { engine }: RepositoryContext,
  writer: BlobWriter,
  bytes: Uint8Array,
): Promise<StoredContent> {
  if (bytes.length === 0) return { content: [], sizeBytes: 0 };
  const sizeBytes = bytes.length;
  const id = objectIdOf(sha256(bytes));
  if (writer.claim("data", id)) await writer.add("data", await engine.sealContent(bytes));
  return { content: [id], sizeBytes };
}

/** What the source said: a piece, the end, or its failure. */
type Piece = { readonly value: Uint8Array | undefined } | { readonly error: unknown };

class FileStore {
  readonly #cutter: Cutter;
  readonly #writer: BlobWriter;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #content: ObjectId[] = [];
  #sizeBytes = 0;
  #adding: Promise<void> = Promise.resolve();

  constructor(
    context: RepositoryContext,
    writer: BlobWriter,
    pieces: AsyncIterator<Uint8Array>,
    signal: AbortSignal,
  ) {
    this.#cutter = context.engine.cutter();
    this.#writer = writer;
    this.#pieces = pieces;
    this.#signal = signal;
  }

  /** @param first - and what came behind it */
  async run(
    first: Uint8Array,
    second: Piece,
  ): Promise<StoredContent | { readonly unreadable: unknown }> {
    using _cutter = this.#cutter;
    let [current, coming]: [Uint8Array, Piece] = [first, second];
    /** Being read while `current` is worked on. */
    let next: Promise<Piece> | undefined;
    try {
      for (;;) {
        if ("error" in coming) {
          // Other files may count on chunks of this one.
          await this.#adding;
          return { unreadable: coming.error };
        }
        assertNotCancelled(this.#signal, "snapshot");
        next = coming.value === undefined ? undefined : nextPiece(this.#pieces);
        await this.#take(current, next === undefined);
        if (coming.value === undefined || next === undefined) break;
        current = coming.value;
        coming = await next;
      }
      await this.#adding;
      return { content: this.#content, sizeBytes: this.#sizeBytes };
    } finally {
      await this.#adding.catch(() => {});
      const last = await next;
      if (last !== undefined && "value" in last) await this.#pieces.return?.();
    }
  }

  async #take(bytes: Uint8Array, isLast: boolean): Promise<void> {
    this.#sizeBytes += bytes.length;
    const chunks = await this.#cutter.push(bytes, isLast);
    for (const chunk of chunks) this.#content.push(chunk.id);
    await this.#adding;
    this.#adding = addChunks(this.#cutter, this.#writer, chunks);
    this.#adding.catch(() => {});
  }
}

/** Never rejects: the failure is the source's. */
async function nextPiece(pieces: AsyncIterator<Uint8Array>): Promise<Piece> {
  try {
    const { done, value } = await pieces.next();
    return { value: done === true ? undefined : (value as Uint8Array) };
  } catch (error) {
    return { error };
  }
}

async function addChunks(
  cutter: Cutter,
  writer: BlobWriter,
  chunks: readonly CutChunk[],
): Promise<void> {
  const wanted = chunks.filter(({ id }) => writer.claim("data", id));
  cutter.drop(chunks.filter((chunk) => !wanted.includes(chunk)));
  for (const chunk of wanted) await writer.add("data", await cutter.seal(chunk));
}
