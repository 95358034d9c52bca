/**
 * Bounds of bodies in parts: what one process can hold of the node, and for how long.
 * @module
 */

export interface BodyStreamLimits {
  /** Open streams of one process, those to read and those to write each. */
  readonly maxStreamsPerProcess: number;
  /** Bytes of one part of `BodyWrite`; more is `MalformedRequest`. */
  readonly maxPartBytes: number;
  /** Bytes of one part of `BodyRead` when the process does not say. */
  readonly defaultReadBytes: number;
  /** Bytes of one stream that wait to be taken before `BodyWrite` is answered later. */
  readonly highWaterBytes: number;
  /** Bytes of all streams of one process that wait to be taken; a process that does not wait loses its stream. */
  readonly maxWaitingBytesPerProcess: number;
  /** A side that could go on and does nothing for this long loses the stream. */
  readonly idleMs: number;
}

export const DEFAULT_BODY_STREAM_LIMITS: BodyStreamLimits = {
  maxStreamsPerProcess: 256,
  maxPartBytes: 4 * 1024 * 1024,
  defaultReadBytes: 64 * 1024,
  highWaterBytes: 256 * 1024,
  maxWaitingBytesPerProcess: 32 * 1024 * 1024,
  idleMs: 60_000,
};
