/**
 * What a TCP connection carries: handshake messages behind a u16 length, then messages in sealed chunks.
 * Memory grows with what has arrived, never with what is announced.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import { badFrame } from "../errors.ts";
import { joinBytes } from "../join-bytes.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { ByteQueue } from "./byte-queue.ts";
import { LENGTH_BYTES, MAX_PACKET_BYTES, MIN_PACKET_BYTES, TAG_BYTES } from "./limits.ts";

const SHORT_LENGTH_BYTES = 2;

/** A handshake or routing message as it goes over TCP. */
export function frameTcpHandshake(message: Uint8Array): Uint8Array {
  if (message.length > MAX_PACKET_BYTES) throw badFrame(`a handshake of ${message.length} bytes`);
  return joinBytes(Uint8Array.of(message.length >> 8, message.length & 0xff), message);
}

export class TcpReader {
  readonly #input = new ByteQueue();
  #shortLength: number | undefined;
  #total: number | undefined;
  #parts: Uint8Array[] = [];
  #received = 0;

  push(bytes: Uint8Array): void {
    this.#input.push(bytes);
  }

  /** Bytes that have arrived and were not taken. */
  get waiting(): number {
    return this.#input.length;
  }

  /** What has arrived behind the handshake messages that were taken, as it came: for whom it is passed on to. */
  takeRest(): Uint8Array {
    const length = this.#shortLength;
    const head = length === undefined ? [] : [Uint8Array.of(length >> 8, length & 0xff)];
    this.#shortLength = undefined;
    return joinBytes(...head, this.#input.take(this.#input.length)!);
  }

  /** The next handshake or routing message, if it is there. */
  takeHandshake(): Uint8Array | undefined {
    const length = this.#takeShortLength();
    if (length === undefined) return undefined;
    const message = this.#input.take(length);
    if (message !== undefined) this.#shortLength = undefined;
    return message;
  }

  /**
   * The next message of the session, if it is there.
   * @throws {NetError} `net.bad-frame`: the connection is to be closed
   */
  takeMessage(cipher: CipherState): Uint8Array | undefined {
    this.#total ??= this.#takeTotal();
    if (this.#total === undefined) return undefined;
    while (this.#received < this.#total) {
      const chunk = this.#takeChunk(cipher, this.#total - this.#received);
      if (chunk === undefined) return undefined;
      this.#parts.push(chunk);
      this.#received += chunk.length;
    }
    const message = this.#parts.length === 1 ? this.#parts[0]! : joinBytes(...this.#parts);
    this.#parts = [];
    this.#received = 0;
    this.#total = undefined;
    return message;
  }

  #takeTotal(): number | undefined {
    const input = this.#input;
    if (input.length < LENGTH_BYTES) return undefined;
    let total = 0;
    for (let index = 0; index < LENGTH_BYTES; index += 1) total = total * 256 + input.byte();
    if (total > MAX_MESSAGE_BYTES) throw badFrame(`a message that announces ${total} bytes`);
    return total;
  }

  #takeChunk(cipher: CipherState, missing: number): Uint8Array | undefined {
    const length = this.#takeShortLength();
    if (length === undefined) return undefined;
    if (length < MIN_PACKET_BYTES) throw badFrame(`a chunk of ${length} bytes`);
    if (length - TAG_BYTES > missing) throw badFrame("a chunk beyond the end of its message");
    const sealed = this.#input.take(length);
    if (sealed === undefined) return undefined;
    this.#shortLength = undefined;
    const chunk = cipher.open(sealed);
    if (chunk === undefined) throw badFrame("a chunk that does not decrypt");
    return chunk;
  }

  #takeShortLength(): number | undefined {
    if (this.#shortLength !== undefined) return this.#shortLength;
    const input = this.#input;
    if (input.length < SHORT_LENGTH_BYTES) return undefined;
    this.#shortLength = (input.byte() << 8) | input.byte();
    return this.#shortLength;
  }
}
