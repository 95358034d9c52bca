/**
 * The primitives in plain JavaScript: for Node and browsers, and the oracle of the native ones.
 * @module
 */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 as curve25519 } from "@noble/curves/ed25519.js";
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { blake2s as nobleBlake2s } from "@noble/hashes/blake2.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { CryptoError, exactly } from "./errors.ts";
import type { Primitives } from "./primitives.ts";

/** `undefined` where the library throws because the tag does not match. */
function openOrUndefined(open: () => Uint8Array): Uint8Array | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

const TAG_BYTES = 16;

/** @throws {CryptoError} `crypto.bad-length` there is no room for plaintext and tag in `target` from `at` on */
export function roomFor(plaintext: Uint8Array, target: Uint8Array, at: number): void {
  const needed = plaintext.length + TAG_BYTES;
  if (at < 0 || target.length - at < needed) {
    throw new CryptoError({
      code: "crypto.bad-length",
      what: "room for what is sealed",
      expected: needed,
      length: Math.max(0, target.length - at),
    });
  }
}

export const primitives: Primitives = {
  ed25519PublicKey: (seed) => ed25519.getPublicKey(exactly(seed, 32, "seed")),
  ed25519Sign: (seed, message) => ed25519.sign(message, exactly(seed, 32, "seed")),
  ed25519Verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      // RFC 8032 rules, as the native implementation: no ZIP-215 leniency.
      return ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  },

  x25519PublicKey: (secret) => curve25519.getPublicKey(exactly(secret, 32, "secret")),
  x25519(secret, publicKey) {
    exactly(secret, 32, "secret");
    exactly(publicKey, 32, "publicKey");
    try {
      return curve25519.getSharedSecret(secret, publicKey);
    } catch {
      throw new CryptoError({ code: "crypto.bad-key", what: "the peer's X25519 key" });
    }
  },

  sha256: (data) => nobleSha256(data),
  blake2s: (data) => nobleBlake2s(data),
  hmacBlake2s: (key, data) => hmac(nobleBlake2s, key, data),
  hmacSha256: (key, data) => hmac(nobleSha256, key, data),
  hkdfSha256: (key, salt, info, length) => hkdf(nobleSha256, key, salt, info, length),
  keccak256: (data) => keccak_256(data),

  argon2id: (password, salt, { memoryKiB, passes, lanes }) =>
    argon2idAsync(password, salt, { m: memoryKiB, t: passes, p: lanes, dkLen: 32 }),
  pbkdf2Sha256: (password, salt, rounds) =>
    pbkdf2Async(nobleSha256, password, salt, { c: rounds, dkLen: 32 }),

  aes256GcmSeal: (key, nonce, plaintext) =>
    gcm(exactly(key, 32, "key"), exactly(nonce, 12, "nonce")).encrypt(plaintext),
  aes256GcmOpen(key, nonce, sealed) {
    const cipher = gcm(exactly(key, 32, "key"), exactly(nonce, 12, "nonce"));
    return openOrUndefined(() => cipher.decrypt(sealed));
  },
  chacha20Poly1305Seal: (key, nonce, plaintext, associatedData) =>
    chacha20poly1305(exactly(key, 32, "key"), exactly(nonce, 12, "nonce"), associatedData).encrypt(
      plaintext,
    ),
  chacha20Poly1305SealInto(key, nonce, plaintext, target, at) {
    roomFor(plaintext, target, at);
    target.set(primitives.chacha20Poly1305Seal(key, nonce, plaintext, new Uint8Array(0)), at);
  },
  createLargeCipher: (key) => ({
    seal: async (nonce, plaintext) =>
      primitives.chacha20Poly1305Seal(key, nonce, plaintext, new Uint8Array(0)),
    open: async (nonce, sealed) =>
      primitives.chacha20Poly1305Open(key, nonce, sealed, new Uint8Array(0)),
  }),
  chacha20Poly1305Open(key, nonce, sealed, associatedData) {
    exactly(key, 32, "key");
    exactly(nonce, 12, "nonce");
    return openOrUndefined(() => chacha20poly1305(key, nonce, associatedData).decrypt(sealed));
  },
};
