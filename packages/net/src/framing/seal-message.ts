/**
 * A serialized message cut in chunks, each sealed by itself. A long one may be sealed a few chunks at a time, as the socket
 * takes them.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import { NetError } from "../errors.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { LENGTH_BYTES, MAX_CHUNK_BYTES, TAG_BYTES } from "./limits.ts";

const SHORT_LENGTH_BYTES = 2;

/** @throws {NetError} `net.message-too-large`, before anything is sealed: the session goes on */
export function checkMessageLength(message: Uint8Array): void {
  const { length } = message;
  if (length > MAX_MESSAGE_BYTES) {
    throw new NetError({ code: "net.message-too-large", length, max: MAX_MESSAGE_BYTES });
  }
}

function writeU32(target: Uint8Array, value: number): void {
  target[0] = value >>> 24;
  target[1] = value >>> 16;
  target[2] = value >>> 8;
  target[3] = value;
}

/** Chunks of a message of `length` bytes on a web socket, where the length is part of the first one. */
export function countWebSocketChunks(length: number): number {
  return Math.ceil((length + LENGTH_BYTES) / MAX_CHUNK_BYTES);
}

/** Chunks on TCP, where the length is in clear in front of the first one. */
export function countTcpChunks(length: number): number {
  return Math.ceil(length / MAX_CHUNK_BYTES);
}

/** Binary frames: `count` chunks from chunk `first` on; to be called in order. */
export function sealWebSocketChunks(
  cipher: CipherState,
  message: Uint8Array,
  first: number,
  count: number,
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let index = first; index < first + count; index += 1) {
    const end = (index + 1) * MAX_CHUNK_BYTES - LENGTH_BYTES;
    if (index > 0) {
      frames.push(cipher.seal(message.subarray(end - MAX_CHUNK_BYTES, end)));
      continue;
    }
    const head = new Uint8Array(LENGTH_BYTES + Math.min(message.length, end));
    writeU32(head, message.length);
    head.set(message.subarray(0, end), LENGTH_BYTES);
    frames.push(cipher.seal(head));
  }
  return frames;
}

/** Bytes for the stream: `count` chunks from chunk `first` on, each behind its length; to be called in order. */
export function sealTcpChunks(
  cipher: CipherState,
  message: Uint8Array,
  first: number,
  count: number,
): Uint8Array {
  const start = first * MAX_CHUNK_BYTES;
  const end = Math.min(message.length, start + count * MAX_CHUNK_BYTES);
  const headBytes = first === 0 ? LENGTH_BYTES : 0;
  const overhead = SHORT_LENGTH_BYTES + TAG_BYTES;
  const bytes = new Uint8Array(headBytes + (end - start) + count * overhead);
  if (first === 0) writeU32(bytes, message.length);
  let at = headBytes;
  for (let from = start; from < end; from += MAX_CHUNK_BYTES) {
    const chunk = message.subarray(from, Math.min(end, from + MAX_CHUNK_BYTES));
    const length = chunk.length + TAG_BYTES;
    bytes[at] = length >>> 8;
    bytes[at + 1] = length;
    cipher.sealInto(chunk, bytes, at + SHORT_LENGTH_BYTES);
    at += SHORT_LENGTH_BYTES + length;
  }
  return bytes;
}

/** Bytes of chunk `index` on the wire. */
export function sealedTcpChunkBytes(length: number, index: number): number {
  const chunk = Math.min(MAX_CHUNK_BYTES, length - index * MAX_CHUNK_BYTES);
  return (index === 0 ? LENGTH_BYTES : 0) + SHORT_LENGTH_BYTES + chunk + TAG_BYTES;
}

export function sealedWebSocketChunkBytes(length: number, index: number): number {
  return Math.min(MAX_CHUNK_BYTES, length + LENGTH_BYTES - index * MAX_CHUNK_BYTES) + TAG_BYTES;
}

/** As `sealTcpChunks` of one chunk, off this thread. */
export async function sealTcpChunkLater(
  cipher: CipherState,
  message: Uint8Array,
  index: number,
): Promise<readonly Uint8Array[]> {
  const start = index * MAX_CHUNK_BYTES;
  const sealed = await cipher.sealLater(message.subarray(start, start + MAX_CHUNK_BYTES));
  const head = new Uint8Array((index === 0 ? LENGTH_BYTES : 0) + SHORT_LENGTH_BYTES);
  if (index === 0) writeU32(head, message.length);
  head[head.length - 2] = sealed.length >>> 8;
  head[head.length - 1] = sealed.length;
  return [head, sealed];
}

/**
 * A whole message as Binary frames of a web socket.
 * @throws {NetError} `net.message-too-large`
 */
export function sealWebSocketMessage(cipher: CipherState, message: Uint8Array): Uint8Array[] {
  checkMessageLength(message);
  return sealWebSocketChunks(cipher, message, 0, countWebSocketChunks(message.length));
}

/**
 * A whole message as bytes for a TCP connection.
 * @throws {NetError} `net.message-too-large`
 */
export function sealTcpMessage(cipher: CipherState, message: Uint8Array): Uint8Array {
  checkMessageLength(message);
  return sealTcpChunks(cipher, message, 0, countTcpChunks(message.length));
}
