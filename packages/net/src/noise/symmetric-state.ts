/**
 * Chaining key and handshake hash. Source: the Noise Protocol Framework §5.2, with BLAKE2s.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";
import { joinBytes } from "../join-bytes.ts";
import { CipherState } from "./cipher-state.ts";

/** HKDF of Noise with two outputs of 32 bytes. */
function deriveTwo(chainingKey: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array] {
  const { hmacBlake2s } = primitives;
  const secret = hmacBlake2s(chainingKey, input);
  const first = hmacBlake2s(secret, Uint8Array.of(1));
  return [first, hmacBlake2s(secret, joinBytes(first, Uint8Array.of(2)))];
}

export class SymmetricState {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #cipher: CipherState | undefined;

  /** @param protocol - full name of the suite, longer than 32 bytes, so its hash is what counts */
  constructor(protocol: string, prologue: Uint8Array) {
    this.#hash = primitives.blake2s(new TextEncoder().encode(protocol));
    this.#chainingKey = this.#hash;
    this.mixHash(prologue);
  }

  /** Of everything both sides have said so far. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = primitives.blake2s(joinBytes(this.#hash, data));
  }

  mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = deriveTwo(this.#chainingKey, secret);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  /** In clear as long as there is no key. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sent = this.#cipher?.seal(plaintext, this.#hash) ?? plaintext;
    this.mixHash(sent);
    return sent;
  }

  /** `undefined` when the tag does not fit. */
  decryptAndHash(received: Uint8Array): Uint8Array | undefined {
    const cipher = this.#cipher;
    const plaintext = cipher === undefined ? received : cipher.open(received, this.#hash);
    this.mixHash(received);
    return plaintext;
  }

  /** Keys of the two directions: what the initiator writes, what the responder writes. */
  split(): [Uint8Array, Uint8Array] {
    return deriveTwo(this.#chainingKey, new Uint8Array(0));
  }
}
