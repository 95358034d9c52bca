/**
 * One face for how TCP and web sockets carry handshakes and messages.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import type { Protocol } from "../identity/known-nodes.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import {
  countTcpChunks,
  countWebSocketChunks,
  sealedTcpChunkBytes,
  sealedWebSocketChunkBytes,
  sealTcpChunkLater,
  sealTcpChunks,
  sealWebSocketChunks,
} from "./seal-message.ts";
import { frameTcpHandshake, TcpReader } from "./tcp-reader.ts";
import { WebSocketMessageReader } from "./web-socket-reader.ts";

/** A message that has arrived and is being opened. */
export interface Opening {
  readonly length: number;
  readonly message: Promise<Uint8Array>;
}

export interface Framing {
  /** A handshake or routing message as one piece for `Socket.send`. */
  frameHandshake(message: Uint8Array): Uint8Array;
  /** Chunks of a message of `length` bytes. */
  chunkCount(length: number): number;
  /** Chunks of a message as pieces for `Socket.send`: `count` of them from `first` on, in order. */
  sealChunks(
    cipher: CipherState,
    message: Uint8Array,
    first: number,
    count: number,
  ): readonly Uint8Array[];
  /** Bytes of one sealed chunk on the wire. */
  sealedBytes(length: number, index: number): number;
  /** One chunk, sealed off this thread; its place among the nonces is taken now. */
  sealChunkLater(
    cipher: CipherState,
    message: Uint8Array,
    index: number,
  ): Promise<readonly Uint8Array[]>;
  /** What has arrived. */
  push(bytes: Uint8Array): void;
  /** @throws {NetError} `net.bad-frame` */
  takeHandshake(): Uint8Array | undefined;
  /** @throws {NetError} `net.bad-frame` */
  takeMessage(cipher: CipherState): Uint8Array | undefined;
  /** As `takeMessage`; large chunks are opened off this thread. The promise is rejected with `net.bad-frame`. */
  takeMessageLater(cipher: CipherState): Uint8Array | Opening | undefined;
  /** Pieces that have arrived and were not taken, as they came: what a router passes on. */
  takeRest(): readonly Uint8Array[];
}

class TcpFraming implements Framing {
  readonly #reader = new TcpReader();

  frameHandshake(message: Uint8Array): Uint8Array {
    return frameTcpHandshake(message);
  }
  chunkCount(length: number): number {
    return countTcpChunks(length);
  }
  sealChunks(
    cipher: CipherState,
    message: Uint8Array,
    first: number,
    count: number,
  ): readonly Uint8Array[] {
    return [sealTcpChunks(cipher, message, first, count)];
  }
  sealedBytes(length: number, index: number): number {
    return sealedTcpChunkBytes(length, index);
  }
  sealChunkLater(
    cipher: CipherState,
    message: Uint8Array,
    index: number,
  ): Promise<readonly Uint8Array[]> {
    return sealTcpChunkLater(cipher, message, index);
  }
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }
  takeHandshake(): Uint8Array | undefined {
    return this.#reader.takeHandshake();
  }
  takeMessage(cipher: CipherState): Uint8Array | undefined {
    return this.#reader.takeMessage(cipher);
  }
  takeMessageLater(cipher: CipherState): Uint8Array | Opening | undefined {
    return this.#reader.takeMessageLater(cipher);
  }
  takeRest(): readonly Uint8Array[] {
    const rest = this.#reader.takeRest();
    return rest.length === 0 ? [] : [rest];
  }
}

class WebSocketFraming implements Framing {
  readonly #frames: Uint8Array[] = [];
  #reader: WebSocketMessageReader | undefined;

  frameHandshake(message: Uint8Array): Uint8Array {
    return message;
  }
  chunkCount(length: number): number {
    return countWebSocketChunks(length);
  }
  sealChunks(
    cipher: CipherState,
    message: Uint8Array,
    first: number,
    count: number,
  ): readonly Uint8Array[] {
    return sealWebSocketChunks(cipher, message, first, count);
  }
  sealedBytes(length: number, index: number): number {
    return sealedWebSocketChunkBytes(length, index);
  }
  async sealChunkLater(
    cipher: CipherState,
    message: Uint8Array,
    index: number,
  ): Promise<readonly Uint8Array[]> {
    return this.sealChunks(cipher, message, index, 1);
  }
  push(bytes: Uint8Array): void {
    this.#frames.push(bytes);
  }
  takeHandshake(): Uint8Array | undefined {
    return this.#frames.shift();
  }
  takeMessage(cipher: CipherState): Uint8Array | undefined {
    this.#reader ??= new WebSocketMessageReader(cipher);
    for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
      const message = this.#reader.read(frame);
      if (message !== undefined) return message;
    }
    return undefined;
  }
  /** Frames are opened at once: what they hold says how they go on. */
  takeMessageLater(cipher: CipherState): Uint8Array | undefined {
    return this.takeMessage(cipher);
  }
  takeRest(): readonly Uint8Array[] {
    return this.#frames.splice(0);
  }
}

export function createFraming(protocol: Protocol): Framing {
  return protocol === "tcp" ? new TcpFraming() : new WebSocketFraming();
}
