/**
 * The node's networking key as the signer the kernel is given, and its PKCS#8 form.
 * Source: spec/network-identity.md §4.1.
 * @module
 */
import type { NodeSigner } from "@kinode-ts/types";
import { primitives } from "#primitives";
import { CryptoError, exactly } from "./errors.ts";
import { equalBytes } from "./hex.ts";

/** @param seed - 32 secret bytes; kept inside the closure, never given out again */
export function createNodeSigner(seed: Uint8Array): NodeSigner {
  const secret = exactly(seed, 32, "seed").slice();
  const publicKey = primitives.ed25519PublicKey(secret);
  return Object.freeze({
    publicKey,
    sign: (message: Uint8Array) => primitives.ed25519Sign(secret, message),
    verify: (message: Uint8Array, signature: Uint8Array) =>
      primitives.ed25519Verify(publicKey, message, signature),
  });
}

/** A signer whose key can become another one while it is in use. */
export interface ReplaceableSigner extends NodeSigner {
  /** From now on it signs and checks with the key of this seed, 32 bytes. */
  replace(seed: Uint8Array): void;
}

/** @param seed - 32 secret bytes; kept inside the closure, never given out again */
export function createReplaceableSigner(seed: Uint8Array): ReplaceableSigner {
  let now = createNodeSigner(seed);
  return Object.freeze({
    get publicKey() {
      return now.publicKey;
    },
    sign: (message: Uint8Array) => now.sign(message),
    verify: (message: Uint8Array, signature: Uint8Array) => now.verify(message, signature),
    replace: (next: Uint8Array) => {
      now = createNodeSigner(next);
    },
  });
}

// PKCS#8 v2 of Ed25519, as ring writes it: 16 bytes, seed, 3 bytes, public key; 83 bytes in all.
const HEAD = Uint8Array.of(0x30, 0x51, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const MIDDLE = Uint8Array.of(0x81, 0x21, 0x00);
const V2_BYTES = 83;
const LEGACY_BYTES = 85;

/** 83 bytes. */
export function encodePkcs8(seed: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(V2_BYTES);
  encoded.set(HEAD);
  encoded.set(exactly(seed, 32, "seed"), 16);
  encoded.set(MIDDLE, 48);
  encoded.set(primitives.ed25519PublicKey(seed), 51);
  return encoded;
}

/**
 * The seed of an 83-byte or a legacy 85-byte key.
 * @throws {CryptoError} `crypto.bad-keyfile` another length, or the public key is not the seed's
 */
export function decodePkcs8(encoded: Uint8Array): Uint8Array {
  if (encoded.length !== V2_BYTES && encoded.length !== LEGACY_BYTES) {
    const why = `its networking key has ${encoded.length} bytes instead of ${V2_BYTES}`;
    throw new CryptoError({ code: "crypto.bad-keyfile", why });
  }
  const seed = encoded.slice(16, 48);
  if (!equalBytes(primitives.ed25519PublicKey(seed), encoded.slice(-32))) {
    const why = "the two halves of its networking key do not belong together";
    throw new CryptoError({ code: "crypto.bad-keyfile", why });
  }
  return seed;
}
