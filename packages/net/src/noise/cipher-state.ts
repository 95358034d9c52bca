/**
 * One direction of a Noise session: a key and a counter.
 * Source: the Noise Protocol Framework §5.1; spec/network-identity.md §1.2, §1.5.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";

const NONCE_BYTES = 12;
const EMPTY = new Uint8Array(0);
export const TAG_BYTES = 16;

export class CipherState {
  readonly #key: Uint8Array;
  /** Messages so far. Noise counts to 2^64; a session of ours ends long before 2^53. */
  #count = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Ciphertext and tag; each call uses the next nonce. */
  seal(plaintext: Uint8Array, associatedData: Uint8Array = EMPTY): Uint8Array {
    return primitives.chacha20Poly1305Seal(this.#key, this.#nextNonce(), plaintext, associatedData);
  }

  /** `undefined` when it was changed, lost, repeated or moved: then the session is over. */
  open(sealed: Uint8Array, associatedData: Uint8Array = EMPTY): Uint8Array | undefined {
    if (sealed.length < TAG_BYTES) return undefined;
    return primitives.chacha20Poly1305Open(this.#key, this.#nextNonce(), sealed, associatedData);
  }

  /** Four zero bytes, then the counter, lowest byte first. */
  #nextNonce(): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES);
    const view = new DataView(nonce.buffer);
    view.setUint32(4, this.#count % 2 ** 32, true);
    view.setUint32(8, Math.floor(this.#count / 2 ** 32), true);
    this.#count += 1;
    return nonce;
  }
}
