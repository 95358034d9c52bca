/**
 * The content of one file on its way into the repository.
 * @module
 */
import type { Cutter } from "./blob-engine.ts";
import type { CutChunk } from "./blob-work.ts";
import type { BlobWriter } from "./blob-writer.ts";
import type { RepositoryContext } from "./context.ts";
import { assertNotCancelled } from "./errors.ts";
import type { ObjectId } from "./object-id.ts";
import type { SourceFile } from "./source.ts";

export interface StoredContent {
  readonly content: readonly ObjectId[];
  readonly sizeBytes: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Stores what can be read of a file. While a piece is worked on, the next one is read; while a chunk is sealed, the next
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
  using cutter = context.engine.cutter();
  const content: ObjectId[] = [];
  let sizeBytes = 0;
  let adding: Promise<void> = Promise.resolve();
  const take = async (bytes: Uint8Array, isLast: boolean): Promise<void> => {
    const chunks = await cutter.push(bytes, isLast);
    for (const chunk of chunks) content.push(chunk.id);
    await adding;
    adding = addChunks(cutter, writer, chunks);
    adding.catch(() => {});
  };
  const pieces = file.read(signal)[Symbol.asyncIterator]();
  let next = nextPiece(pieces);
  try {
    for (;;) {
      const piece = await next;
      if ("error" in piece) {
        // Other files may count on chunks of this one.
        await adding;
        return { unreadable: piece.error };
      }
      if (piece.value === undefined) break;
      assertNotCancelled(signal, "snapshot");
      sizeBytes += piece.value.length;
      next = nextPiece(pieces);
      await take(piece.value, false);
    }
    await take(NO_BYTES, true);
  } finally {
    await adding.catch(() => {});
    if (!("error" in (await next))) await pieces.return?.();
  }
  await adding;
  return { content, sizeBytes };
}

/** Never rejects: the failure is the source's. */
async function nextPiece(
  pieces: AsyncIterator<Uint8Array>,
): Promise<{ readonly value: Uint8Array | undefined } | { readonly error: unknown }> {
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
