/**
 * A serialized message cut in chunks, each sealed by itself.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import { NetError } from "../errors.ts";
import { joinBytes } from "../join-bytes.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { LENGTH_BYTES, MAX_CHUNK_BYTES } from "./limits.ts";

/** @throws {NetError} `net.message-too-large`, before anything is sealed: the session goes on */
export function checkMessageLength(message: Uint8Array): void {
  const { length } = message;
  if (length > MAX_MESSAGE_BYTES) {
    throw new NetError({ code: "net.message-too-large", length, max: MAX_MESSAGE_BYTES });
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_CHUNK_BYTES) {
    yield bytes.subarray(at, at + MAX_CHUNK_BYTES);
  }
}

/**
 * Binary frames of a web socket. The length is inside the first one.
 * @throws {NetError} `net.message-too-large`
 */
export function sealWebSocketMessage(cipher: CipherState, message: Uint8Array): Uint8Array[] {
  checkMessageLength(message);
  const plaintext = joinBytes(u32(message.length), message);
  return Array.from(chunksOf(plaintext), (chunk) => cipher.seal(chunk));
}

/**
 * Bytes for a TCP connection: the total in clear, then each sealed chunk behind its length.
 * @throws {NetError} `net.message-too-large`
 */
export function sealTcpMessage(cipher: CipherState, message: Uint8Array): Uint8Array {
  checkMessageLength(message);
  const parts = [u32(message.length)];
  for (const chunk of chunksOf(message)) {
    const sealed = cipher.seal(chunk);
    parts.push(Uint8Array.of(sealed.length >> 8, sealed.length & 0xff), sealed);
  }
  return joinBytes(...parts);
}
