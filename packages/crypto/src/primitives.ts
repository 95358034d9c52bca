/**
 * The face of the primitives, implemented twice with the same answers: `primitives-bun.ts` on the host's native code,
 * `primitives-noble.ts` in plain JavaScript for Node and browsers. `#primitives` in package.json chooses.
 * Byte lengths are part of the contract; a wrong one throws `CryptoError` `crypto.bad-length`.
 * @module
 */

/** ChaCha20-Poly1305 without associated data for one key, off this thread where the host can: for large packets. */
export interface LargeCipher {
  seal(nonce: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>;
  /** `undefined` when the tag does not match. */
  open(nonce: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface Primitives {
  /** 32-byte public key of a 32-byte Ed25519 seed (RFC 8032). */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** 64-byte signature by a 32-byte seed. */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether `signature` (64 bytes) is `publicKey`'s (32 bytes) over `message`; malformed input is `false`. */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

  /** 32-byte public key of a 32-byte X25519 secret (RFC 7748). */
  x25519PublicKey(secret: Uint8Array): Uint8Array;
  /** 32-byte shared secret. @throws {CryptoError} `crypto.bad-key` the peer's key is of low order */
  x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array;

  sha256(data: Uint8Array): Uint8Array;
  /** Unkeyed BLAKE2s with 32 bytes of output (RFC 7693). */
  blake2s(data: Uint8Array): Uint8Array;
  /** HMAC over BLAKE2s-256, as Noise uses it. */
  hmacBlake2s(key: Uint8Array, data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** HKDF-SHA-256 (RFC 5869). @param length - bytes of output, at most 8,160 */
  hkdfSha256(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Keccak-256 as Ethereum uses it, not SHA3-256. */
  keccak256(data: Uint8Array): Uint8Array;

  /** Argon2id v1.3, 32 bytes. @param salt - at least 8 bytes @param memoryKiB - at least 8 */
  argon2id(
    password: Uint8Array,
    salt: Uint8Array,
    options: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number },
  ): Promise<Uint8Array>;
  /** PBKDF2-HMAC-SHA-256, 32 bytes; does not hold the thread for long. */
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, rounds: number): Promise<Uint8Array>;

  /** Ciphertext followed by the 16-byte tag. Key 32 bytes, nonce 12 bytes, used once per key. */
  aes256GcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** `undefined` when the tag does not match. */
  aes256GcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** ChaCha20-Poly1305 of RFC 8439: ciphertext followed by the tag. Key 32 bytes, nonce 12 bytes. */
  chacha20Poly1305Seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array;
  /**
   * As `chacha20Poly1305Seal` without associated data, into `target` from `at` on.
   * @throws {CryptoError} `crypto.bad-length` there is no room for plaintext and tag
   */
  chacha20Poly1305SealInto(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    at: number,
  ): void;
  /** Bytes must not change before the promise settles. @param key - 32 bytes */
  createLargeCipher(key: Uint8Array): LargeCipher;
  chacha20Poly1305Open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array | undefined;
}
