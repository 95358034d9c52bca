/**
 * Messages out of the Binary frames of a web socket.
 * Source: spec/network-identity.md §1.5.
 * @module
 */
import { MAX_MESSAGE_BYTES } from "@kinode-ts/codec";
import { badFrame } from "../errors.ts";
import { joinBytes } from "../join-bytes.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { LENGTH_BYTES, MAX_PACKET_BYTES } from "./limits.ts";

export class WebSocketMessageReader {
  readonly #cipher: CipherState;
  /** Plaintext of the message under way. */
  #parts: Uint8Array[] = [];
  #missing = 0;
  #isInside = false;

  constructor(cipher: CipherState) {
    this.#cipher = cipher;
  }

  /**
   * One frame; returns a message when this frame completes it. A message starts in a fresh frame, and what follows it in
   * its last one is nobody's.
   * @throws {NetError} `net.bad-frame`: the connection is to be closed
   */
  read(frame: Uint8Array): Uint8Array | undefined {
    if (frame.length > MAX_PACKET_BYTES) throw badFrame(`a frame of ${frame.length} bytes`);
    const plaintext = this.#cipher.open(frame);
    if (plaintext === undefined) throw badFrame("a frame that does not decrypt");
    const part = this.#isInside ? plaintext : this.#begin(plaintext);
    this.#isInside = true;
    // empty frames must not grow the list
    if (part.length > 0) this.#parts.push(part.subarray(0, this.#missing));
    this.#missing -= Math.min(part.length, this.#missing);
    if (this.#missing > 0) return undefined;
    const message = this.#parts.length === 1 ? this.#parts[0]! : joinBytes(...this.#parts);
    this.#parts = [];
    this.#isInside = false;
    return message;
  }

  #begin(plaintext: Uint8Array): Uint8Array {
    if (plaintext.length < LENGTH_BYTES) throw badFrame("a message without a length");
    const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.length);
    const length = view.getUint32(0);
    if (length > MAX_MESSAGE_BYTES) throw badFrame(`a message that announces ${length} bytes`);
    this.#missing = length;
    return plaintext.subarray(LENGTH_BYTES);
  }
}
