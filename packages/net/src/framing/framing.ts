/**
 * One face for how TCP and web sockets carry handshakes and messages.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import type { Protocol } from "../identity/known-nodes.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { sealTcpMessage, sealWebSocketMessage } from "./seal-message.ts";
import { frameTcpHandshake, TcpReader } from "./tcp-reader.ts";
import { WebSocketMessageReader } from "./web-socket-reader.ts";

export interface Framing {
  /** A handshake or routing message as one piece for `Socket.send`. */
  frameHandshake(message: Uint8Array): Uint8Array;
  /** A message as pieces for `Socket.send`. @throws {NetError} `net.message-too-large` */
  sealMessage(cipher: CipherState, message: Uint8Array): readonly Uint8Array[];
  /** What has arrived. */
  push(bytes: Uint8Array): void;
  /** @throws {NetError} `net.bad-frame` */
  takeHandshake(): Uint8Array | undefined;
  /** @throws {NetError} `net.bad-frame` */
  takeMessage(cipher: CipherState): Uint8Array | undefined;
  /** Pieces that have arrived and were not taken, as they came: what a router passes on. */
  takeRest(): readonly Uint8Array[];
}

class TcpFraming implements Framing {
  readonly #reader = new TcpReader();

  frameHandshake(message: Uint8Array): Uint8Array {
    return frameTcpHandshake(message);
  }
  sealMessage(cipher: CipherState, message: Uint8Array): readonly Uint8Array[] {
    return [sealTcpMessage(cipher, message)];
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
  sealMessage(cipher: CipherState, message: Uint8Array): readonly Uint8Array[] {
    return sealWebSocketMessage(cipher, message);
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
  takeRest(): readonly Uint8Array[] {
    return this.#frames.splice(0);
  }
}

export function createFraming(protocol: Protocol): Framing {
  return protocol === "tcp" ? new TcpFraming() : new WebSocketFraming();
}
