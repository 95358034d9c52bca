/**
 * The primitives on the host's native code, where it has them; the rest comes from the plain implementation.
 * NOTE: the host has no ChaCha20-Poly1305 that answers at once (WebCrypto's takes a turn of the event loop), so that is ours
 * in WebAssembly; and no HMAC over BLAKE2s, so that is made of its hash.
 * @module
 */
import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  pbkdf2,
  sign,
  verify,
} from "node:crypto";
import { fits, open, seal, sealInto } from "./chacha20-poly1305.ts";
import { CryptoError, exactly } from "./errors.ts";
import { primitives as noble, roomFor } from "./primitives-noble.ts";
import type { LargeCipher, Primitives } from "./primitives.ts";

const TAG_BYTES = 16;
const NOTHING = new Uint8Array(0);
const BLAKE2S_BLOCK_BYTES = 64;
const ED25519_OID = "302e020100300506032b657004220420"; // PKCS#8 v1 head, the seed follows
const X25519_OID = "302e020100300506032b656e04220420";
const ED25519_SPKI = "302a300506032b6570032100"; // SubjectPublicKeyInfo head, the public key follows
const X25519_SPKI = "302a300506032b656e032100";

function withHead(head: string, key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(head, "hex"), key]);
}
function privateKey(head: string, key: Uint8Array): KeyObject {
  return createPrivateKey({ key: withHead(head, key), format: "der", type: "pkcs8" });
}
function publicKeyObject(head: string, key: Uint8Array): KeyObject {
  return createPublicKey({ key: withHead(head, key), format: "der", type: "spki" });
}
function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));
}
const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** One node signs with one key for life; parsing it costs more than signing. */
let lastSeed: { readonly bytes: Uint8Array; readonly key: KeyObject } | undefined;
function seedKey(seed: Uint8Array): KeyObject {
  exactly(seed, 32, "seed");
  if (lastSeed !== undefined && lastSeed.bytes.every((byte, i) => byte === seed[i])) {
    return lastSeed.key;
  }
  lastSeed = { bytes: seed.slice(), key: privateKey(ED25519_OID, seed) };
  return lastSeed.key;
}

/** The host's own, on its own threads. */
function createLargeCipher(key: Uint8Array): LargeCipher {
  const { subtle } = globalThis.crypto;
  const name = "ChaCha20-Poly1305";
  const raw = Uint8Array.from(exactly(key, 32, "key"));
  const imported = subtle.importKey("raw-secret" as "raw", raw, { name }, false, [
    "encrypt",
    "decrypt",
  ]);
  const algorithm = (nonce: Uint8Array) => ({ name, iv: nonce as Uint8Array<ArrayBuffer> });
  return {
    async seal(nonce, plaintext) {
      const bytes = plaintext as Uint8Array<ArrayBuffer>;
      return new Uint8Array(await subtle.encrypt(algorithm(nonce), await imported, bytes));
    },
    async open(nonce, sealed) {
      const bytes = sealed as Uint8Array<ArrayBuffer>;
      try {
        return new Uint8Array(await subtle.decrypt(algorithm(nonce), await imported, bytes));
      } catch {
        return undefined;
      }
    },
  };
}

export const primitives: Primitives = {
  ...noble,

  ed25519PublicKey: (seed) => rawPublicKey(seedKey(seed)),
  ed25519Sign: (seed, message) => plain(sign(null, message, seedKey(seed))),
  ed25519Verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      return verify(null, message, publicKeyObject(ED25519_SPKI, publicKey), signature);
    } catch {
      return false;
    }
  },

  x25519PublicKey: (secret) => rawPublicKey(privateKey(X25519_OID, exactly(secret, 32, "secret"))),
  x25519(secret, publicKey) {
    exactly(secret, 32, "secret");
    exactly(publicKey, 32, "publicKey");
    try {
      return plain(
        diffieHellman({
          privateKey: privateKey(X25519_OID, secret),
          publicKey: publicKeyObject(X25519_SPKI, publicKey),
        }),
      );
    } catch {
      throw new CryptoError({ code: "crypto.bad-key", what: "the peer's X25519 key" });
    }
  },

  sha256: (data) => plain(createHash("sha256").update(data).digest()),
  blake2s: (data) => plain(createHash("blake2s256").update(data).digest()),
  hmacBlake2s(key, data) {
    const block = new Uint8Array(BLAKE2S_BLOCK_BYTES);
    block.set(key.length > BLAKE2S_BLOCK_BYTES ? primitives.blake2s(key) : key);
    const inner = createHash("blake2s256").update(block.map((byte) => byte ^ 0x36));
    const outer = createHash("blake2s256").update(block.map((byte) => byte ^ 0x5c));
    return plain(outer.update(inner.update(data).digest()).digest());
  },
  hmacSha256: (key, data) => plain(createHmac("sha256", key).update(data).digest()),
  hkdfSha256: (key, salt, info, length) =>
    new Uint8Array(hkdfSync("sha256", key, salt, info, length)),

  argon2id: (password, salt, { memoryKiB, passes, lanes }) =>
    new Promise((resolve, reject) => {
      argon2(
        "argon2id",
        {
          message: password,
          nonce: salt,
          memory: memoryKiB,
          passes,
          parallelism: lanes,
          tagLength: 32,
        },
        (error, key) => (error === null ? resolve(plain(key)) : reject(error)),
      );
    }),
  pbkdf2Sha256: (password, salt, rounds) =>
    new Promise((resolve, reject) => {
      pbkdf2(password, salt, rounds, 32, "sha256", (error, key) =>
        error === null ? resolve(plain(key)) : reject(error),
      );
    }),

  aes256GcmSeal(key, nonce, plaintext) {
    const cipher = createCipheriv(
      "aes-256-gcm",
      exactly(key, 32, "key"),
      exactly(nonce, 12, "nonce"),
    );
    return plain(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  aes256GcmOpen(key, nonce, sealed) {
    exactly(key, 32, "key");
    exactly(nonce, 12, "nonce");
    if (sealed.length < TAG_BYTES) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key, nonce);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return plain(
        Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]),
      );
    } catch {
      return undefined;
    }
  },

  chacha20Poly1305Seal(key, nonce, plaintext, associatedData) {
    if (!fits(plaintext, associatedData)) {
      return noble.chacha20Poly1305Seal(key, nonce, plaintext, associatedData);
    }
    return seal(exactly(key, 32, "key"), exactly(nonce, 12, "nonce"), plaintext, associatedData);
  },
  chacha20Poly1305SealInto(key, nonce, plaintext, target, at) {
    if (!fits(plaintext, NOTHING)) {
      noble.chacha20Poly1305SealInto(key, nonce, plaintext, target, at);
      return;
    }
    roomFor(plaintext, target, at);
    sealInto(exactly(key, 32, "key"), exactly(nonce, 12, "nonce"), plaintext, target, at);
  },
  chacha20Poly1305Open(key, nonce, sealed, associatedData) {
    if (!fits(sealed, associatedData)) {
      return noble.chacha20Poly1305Open(key, nonce, sealed, associatedData);
    }
    return open(exactly(key, 32, "key"), exactly(nonce, 12, "nonce"), sealed, associatedData);
  },
  createLargeCipher,
};
