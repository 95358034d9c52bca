/**
 * One direction of a Noise session: a key and a counter.
 * Source: the Noise Protocol Framework §5.1; spec/network-identity.md §1.2, §1.5.
 * @module
 */
import { type LargeCipher, primitives } from "@kinode-ts/crypto";

const NONCE_BYTES = 12;
const EMPTY = new Uint8Array(0);
export const TAG_BYTES = 16;

export class CipherState {
  readonly #key: Uint8Array;
  /** Four zero bytes, then the counter, lowest byte first. */
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  /** Messages so far. Noise counts to 2^64; a session of ours ends long before 2^53. */
  #count = 0;
  #large: LargeCipher | undefined;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Ciphertext and tag; each call uses the next nonce. */
  seal(plaintext: Uint8Array, associatedData: Uint8Array = EMPTY): Uint8Array {
    return primitives.chacha20Poly1305Seal(this.#key, this.#nextNonce(), plaintext, associatedData);
  }

  /** As `seal`, into `target` from `at` on, where there is room for plaintext and tag. */
  sealInto(plaintext: Uint8Array, target: Uint8Array, at: number): void {
    primitives.chacha20Poly1305SealInto(this.#key, this.#nextNonce(), plaintext, target, at);
  }

  /** As `seal`, off this thread: the nonce is taken now, the bytes come later. For large ones; they must not change meanwhile. */
  sealLater(plaintext: Uint8Array): Promise<Uint8Array> {
    return this.#largeCipher().seal(this.#nextNonce().slice(), plaintext);
  }

  /** As `open`, off this thread. */
  openLater(sealed: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#largeCipher().open(this.#nextNonce().slice(), sealed);
  }

  #largeCipher(): LargeCipher {
    return (this.#large ??= primitives.createLargeCipher(this.#key));
  }

  /** `undefined` when it was changed, lost, repeated or moved: then the session is over. */
  open(sealed: Uint8Array, associatedData: Uint8Array = EMPTY): Uint8Array | undefined {
    if (sealed.length < TAG_BYTES) return undefined;
    return primitives.chacha20Poly1305Open(this.#key, this.#nextNonce(), sealed, associatedData);
  }

  /** The same array each time: ciphers read it, and keep nothing of it. */
  #nextNonce(): Uint8Array {
    const [nonce, low] = [this.#nonce, this.#count % 2 ** 32];
    const high = Math.floor(this.#count / 2 ** 32);
    for (let index = 0; index < 4; index += 1) {
      nonce[4 + index] = low >>> (8 * index);
      nonce[8 + index] = high >>> (8 * index);
    }
    this.#count += 1;
    return nonce;
  }
}
