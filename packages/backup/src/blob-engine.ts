/**
 * Who does the heavy work: on this thread (here), or on others (`blob-threads-bun.ts`).
 * @module
 */
import type { Clock, Random } from "@kinode-ts/types";
import { BlobWork, type CutChunk, type FetchedBlob, type SealedBlob } from "./blob-work.ts";
import type { ObjectId } from "./object-id.ts";
import type { SealKeys } from "./sealing.ts";

/** All byte arrays given to it belong to it, and may be gone afterwards; what it returns belongs to the caller. */
export interface BlobEngine extends AsyncDisposable {
  cutter(): Cutter;
  sealContent(content: Uint8Array): Promise<SealedBlob>;
  /** `undefined` for a blob that is damaged. */
  open(bytes: Uint8Array, blobs: readonly FetchedBlob[]): Promise<(Uint8Array | undefined)[]>;
  finishPack(
    parts: readonly Uint8Array[],
    header: Uint8Array,
  ): Promise<{ readonly id: ObjectId; readonly bytes: Uint8Array }>;
  /** The SHA-256 of bytes, which come back. */
  hash(bytes: Uint8Array): Promise<{ readonly id: ObjectId; readonly bytes: Uint8Array }>;
}

/** One stream of bytes. */
export interface Cutter extends Disposable {
  /** Chunks that are complete now; each must be sealed or dropped before the next push. */
  push(bytes: Uint8Array, isLast: boolean): Promise<CutChunk[]>;
  seal(chunk: CutChunk): Promise<SealedBlob>;
  drop(chunks: readonly CutChunk[]): void;
}

/** Makes the engine of one repository. @param polynomial - where its content is cut */
export type BlobEngineFactory = (keys: SealKeys, polynomial: bigint) => BlobEngine;

/**
 * Works on this thread, one call in each turn of the event loop: a call takes up to 60 ms for the largest chunk.
 * For programs that may stall so long, and for tests.
 */
export function createLocalEngine(powers: {
  readonly clock: Clock;
  readonly random: Random;
}): BlobEngineFactory {
  const { clock, random } = powers;
  return (keys, polynomial) => {
    const work = new BlobWork(keys, polynomial, random);
    let nextStream = 1;
    const turn = <T>(run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        clock.afterTurn(() => {
          try {
            resolve(run());
          } catch (error) {
            reject(error as Error);
          }
        });
      });
    return {
      cutter() {
        const stream = nextStream++;
        return {
          push: (bytes, isLast) => turn(() => work.push(stream, bytes, isLast)),
          seal: ({ token, id }) => turn(() => work.sealChunk(token, id)),
          drop: (chunks) => work.drop(chunks.map(({ token }) => token)),
          [Symbol.dispose]: () => work.abandon(stream),
        };
      },
      sealContent: (content) => turn(() => work.sealContent(content)),
      open: (bytes, blobs) => turn(() => work.open(bytes, blobs)),
      finishPack: (parts, header) => turn(() => work.finishPack(parts, header)),
      hash: (bytes) => turn(() => ({ id: work.hash(bytes), bytes })),
      [Symbol.asyncDispose]: async () => {},
    };
  };
}
