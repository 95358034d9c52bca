/**
 * Cuts content at places that depend on the content, so that an insertion changes one chunk and not all behind it.
 * Chunks have 512 KiB to 8 MiB, 1.5 MiB on average; the last one may be shorter.
 * @module
 */
import { createNative, INPUT_BYTES, type Native } from "./native.ts";

/** A stream's place between two calls. */
export type ChunkerState = Uint8Array;

export interface Chunker {
  /** The place at the start of a stream. */
  start(): ChunkerState;
  /**
   * Finds the ends of chunks in the next bytes of a stream, and moves `state` behind them.
   * @returns offsets in `bytes`, ascending, each the end of a chunk
   */
  cuts(state: ChunkerState, bytes: Uint8Array): number[];
}

/** @param polynomial - irreducible, of degree 53 */
export function createChunker(polynomial: bigint, native: Native = createNative()): Chunker {
  native.prepare(polynomial);
  return {
    start() {
      native.startChunk();
      return native.stateView.slice();
    },
    cuts(state, bytes) {
      const ends: number[] = [];
      native.stateView.set(state);
      for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
        const piece = bytes.subarray(at, at + INPUT_BYTES);
        native.inputView.set(piece);
        for (let from = 0; from < piece.length;) {
          const length = native.cut(from, piece.length - from);
          if (length === 0) break;
          from += length;
          ends.push(at + from);
        }
      }
      state.set(native.stateView);
      return ends;
    },
  };
}
