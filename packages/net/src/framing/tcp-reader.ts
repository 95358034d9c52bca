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
import type { Opening } from "./framing.ts";
import {
  LARGE_CHUNK_BYTES,
  LENGTH_BYTES,
  MAX_PACKET_BYTES,
  MIN_PACKET_BYTES,
  TAG_BYTES,
} from "./limits.ts";

const SHORT_LENGTH_BYTES = 2;

/** A handshake or routing message as it goes over TCP. */
export function frameTcpHandshake(message: Uint8Array): Uint8Array {
  if (message.length > MAX_PACKET_BYTES) throw badFrame(`a handshake of ${message.length} bytes`);
  return joinBytes(Uint8Array.of(message.length >> 8, message.length & 0xff), message);
}

/** A chunk, opened or being opened. */
type Part = Uint8Array | Promise<Uint8Array>;

function opened(chunk: Uint8Array | undefined): Uint8Array {
  if (chunk === undefined) throw badFrame("a chunk that does not decrypt");
  return chunk;
}

const openNow = (cipher: CipherState, sealed: Uint8Array): Uint8Array =>
  opened(cipher.open(sealed));

function openLater(cipher: CipherState, sealed: Uint8Array): Promise<Uint8Array> {
  const chunk = cipher.openLater(sealed).then(opened);
  // Heard when the message is complete, if it ever is.
  chunk.catch(() => {});
  return chunk;
}

async function joinLater(parts: readonly Part[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (const part of parts) chunks.push(part instanceof Uint8Array ? part : await part);
  return joinParts(chunks);
}

const joinParts = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 ? parts[0]! : joinBytes(...parts);

export class TcpReader {
  readonly #input = new ByteQueue();
  #shortLength: number | undefined;
  #total: number | undefined;
  #parts: Part[] = [];
  #received = 0;
  #lastLength = 0;

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
    const parts = this.#takeParts(cipher, false);
    if (parts === undefined) return undefined;
    // Nothing was opened later.
    return joinParts(parts as readonly Uint8Array[]);
  }

  /**
   * As `takeMessage`, with large chunks opened off this thread: to be called for a reader from its first message on.
   * @throws {NetError} `net.bad-frame`; so are promises rejected
   */
  takeMessageLater(cipher: CipherState): Uint8Array | Opening | undefined {
    const parts = this.#takeParts(cipher, true);
    if (parts === undefined) return undefined;
    if (parts.every((part) => part instanceof Uint8Array)) return joinParts(parts);
    const length = this.#lastLength;
    const message = joinLater(parts);
    // Whoever takes it hears of it; nobody does when the connection ends before.
    message.catch(() => {});
    return { length, message };
  }

  /** All chunks of the next message, when all have arrived. */
  #takeParts(cipher: CipherState, mayTakeTime: boolean): readonly Part[] | undefined {
    this.#total ??= this.#takeTotal();
    if (this.#total === undefined) return undefined;
    while (this.#received < this.#total) {
      const sealed = this.#takeSealed(this.#total - this.#received);
      if (sealed === undefined) return undefined;
      const isLarge = mayTakeTime && sealed.length >= LARGE_CHUNK_BYTES;
      this.#parts.push(isLarge ? openLater(cipher, sealed) : openNow(cipher, sealed));
      this.#received += sealed.length - TAG_BYTES;
    }
    const parts = this.#parts;
    this.#lastLength = this.#received;
    this.#parts = [];
    this.#received = 0;
    this.#total = undefined;
    return parts;
  }

  #takeTotal(): number | undefined {
    const input = this.#input;
    if (input.length < LENGTH_BYTES) return undefined;
    let total = 0;
    for (let index = 0; index < LENGTH_BYTES; index += 1) total = total * 256 + input.byte();
    if (total > MAX_MESSAGE_BYTES) throw badFrame(`a message that announces ${total} bytes`);
    return total;
  }

  #takeSealed(missing: number): Uint8Array | undefined {
    const length = this.#takeShortLength();
    if (length === undefined) return undefined;
    if (length < MIN_PACKET_BYTES) throw badFrame(`a chunk of ${length} bytes`);
    if (length - TAG_BYTES > missing) throw badFrame("a chunk beyond the end of its message");
    const sealed = this.#input.take(length);
    if (sealed !== undefined) this.#shortLength = undefined;
    return sealed;
  }

  #takeShortLength(): number | undefined {
    if (this.#shortLength !== undefined) return this.#shortLength;
    const input = this.#input;
    if (input.length < SHORT_LENGTH_BYTES) return undefined;
    this.#shortLength = (input.byte() << 8) | input.byte();
    return this.#shortLength;
  }
}
