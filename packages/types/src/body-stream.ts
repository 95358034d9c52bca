/**
 * Bodies in parts, an extension that `http-server:distro:sys` and `http-client:distro:sys` share. JSON on the wire,
 * bytes in the blob. A stream belongs to the process that it was opened for; others get `UnknownStream`.
 *
 * - Request to an app: a binding made with `"stream_request": true` gets `"body_stream": <id>` in its `Http` message
 *   in place of the blob; the app reads. The server picks the id.
 * - Answer of an app: `{"status", "headers", "body_stream": <id>}` without a blob, then the app writes. The app picks
 *   the id, unique among its streams. When the client goes away the server sends the app `{"BodyAbort": {"stream"}}`.
 * - Request of the client: `"stream_request": <id>` in `Http`, then the process writes while the request is under way.
 * - Response to the client: `"stream_response": <id>` in `Http`; status and headers come at once without a blob,
 *   then the process reads.
 *
 * Streams to read and streams to write are separate number spaces.
 * @module
 */

export interface BodyStreamId {
  /** A whole number from 0 to 2^32 - 1. */
  readonly stream: number;
}

export type BodyStreamAction =
  /** Answered when there is at least one byte, or with `done`. The blob has at most `max_bytes` (default 64 KiB). */
  | { readonly BodyRead: BodyStreamId & { readonly max_bytes?: number | null } }
  /** The blob is one part. Answered when there is room for the next one: waiting for it is the backpressure. */
  | { readonly BodyWrite: BodyStreamId }
  /** The last part was written. */
  | { readonly BodyEnd: BodyStreamId }
  /**
   * Gives up: the other side sees a broken body, not a short one. The stream to write of this number, with `reading`
   * the one to read.
   */
  | { readonly BodyAbort: BodyStreamId & { readonly reading?: boolean | null } };

export type BodyStreamError =
  /** No stream of this number belongs to the asking process. */
  | "UnknownStream"
  /** The other side went away or broke the body. */
  | "StreamClosed"
  /** `BodyWrite` without a blob. */
  | "NoBlob"
  /** Also a part above the limit, and a second `BodyRead` while one waits. */
  | "MalformedRequest";

export type BodyStreamAnswer =
  /** Of `BodyRead`; with `done` the blob is empty and the stream is gone. */
  | { readonly Ok: { readonly BodyChunk: { readonly done: boolean } } }
  /** Of the three others. */
  | { readonly Ok: null }
  | { readonly Err: BodyStreamError };
