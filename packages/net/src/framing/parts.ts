/**
 * Long messages in parts, between nodes that both speak it (`PARTS` among the features of a session): each part is a message
 * of its own as far as the framing goes, so that others go between them. Without it a message of 10 MB holds the connection
 * until its last byte, for seconds on a slow link.
 *
 *     c1  flags  stream        data …
 *     1   1      4, big endian
 *
 * No message begins with `c1`: MessagePack does not use it. Flag 1: the last part. Parts of a stream are in order. Other flags
 * are words about the connection (`words.ts`).
 * Source: ours; spec/network-identity.md §6.1 allows it.
 * @module
 */
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import { badFrame } from "../errors.ts";
import { joinBytes } from "../join-bytes.ts";
import { LENGTH_BYTES, MAX_CHUNK_BYTES } from "./limits.ts";
import { MARKER } from "./words.ts";

/** Name of the feature. */
export const PARTS = "parts";
const HEAD_BYTES = 6;
const LAST = 1;
/** Bytes of a message in one part, so that a part is one chunk on every kind of socket. */
export const PART_BYTES = MAX_CHUNK_BYTES - LENGTH_BYTES - HEAD_BYTES;
/** Messages that are under way in parts at once, in one direction. */
export const MAX_STREAMS = 8;
/** Bytes of all of them together. */
export const MAX_STREAM_BYTES = 2 * MAX_MESSAGE_BYTES;

/** The part of `message` that begins at `at`. */
export function cutPart(message: Uint8Array, at: number, stream: number): Uint8Array {
  const end = Math.min(message.length, at + PART_BYTES);
  const part = new Uint8Array(HEAD_BYTES + end - at);
  part[0] = MARKER;
  part[1] = end === message.length ? LAST : 0;
  new DataView(part.buffer).setUint32(2, stream);
  part.set(message.subarray(at, end), HEAD_BYTES);
  return part;
}

interface Stream {
  readonly parts: Uint8Array[];
  length: number;
}

/** Puts messages together. Memory grows with what has arrived, to `MAX_STREAM_BYTES` at most. */
export class PartReader {
  readonly #streams = new Map<number, Stream>();
  #length = 0;

  /**
   * @returns the message itself when it is no part, a whole one when its last part has come, else `undefined`
   * @throws {NetError} `net.bad-frame`
   */
  read(message: Uint8Array): Uint8Array | undefined {
    if (message[0] !== MARKER) return message;
    // An empty part would cost something and bring nothing.
    if (message.length <= HEAD_BYTES) throw badFrame(`a part of ${message.length} bytes`);
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const flags = view.getUint8(1);
    if (flags > LAST) throw badFrame(`a word of kind ${flags} and ${message.length} bytes`);
    const number = view.getUint32(2);
    const stream = this.#provide(number);
    const data = message.subarray(HEAD_BYTES);
    stream.parts.push(data);
    stream.length += data.length;
    this.#length += data.length;
    if (stream.length > MAX_MESSAGE_BYTES || this.#length > MAX_STREAM_BYTES) {
      throw badFrame(`parts of more than ${MAX_MESSAGE_BYTES} bytes`);
    }
    if (flags !== LAST) return undefined;
    this.#streams.delete(number);
    this.#length -= stream.length;
    return joinBytes(...stream.parts);
  }

  #provide(number: number): Stream {
    const known = this.#streams.get(number);
    if (known !== undefined) return known;
    if (this.#streams.size === MAX_STREAMS) {
      throw badFrame(`more than ${MAX_STREAMS} messages in parts at once`);
    }
    const begun: Stream = { parts: [], length: 0 };
    this.#streams.set(number, begun);
    return begun;
  }
}
