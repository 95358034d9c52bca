/**
 * Authenticated encryption as restic does it: AES-256 in counter mode, and Poly1305-AES over the ciphertext.
 * Sealed bytes are `iv (16) ‖ ciphertext ‖ tag (16)`.
 * Source: restic's design document, "Keys, Encryption and MAC"; D. J. Bernstein 2005, "The Poly1305-AES …".
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { aes128Block, aes256Ctr } from "./host-codec-bun.ts";
import { createNative, INPUT_BYTES, type Native } from "./native.ts";

export const IV_BYTES = 16;
export const TAG_BYTES = 16;
/** What sealing adds. */
export const SEAL_BYTES = IV_BYTES + TAG_BYTES;

/** The keys of a repository, or those that a password gives. */
export interface SealKeys {
  /** 32 bytes. */
  readonly encrypt: Uint8Array;
  /** 16 bytes: makes the nonce of a tag. */
  readonly macK: Uint8Array;
  /** 16 bytes: the point where Poly1305 evaluates. */
  readonly macR: Uint8Array;
}

let shared: Native | undefined;

/** Poly1305-AES of `bytes`. @param nonce - 16 bytes */
export function poly1305Aes(
  keys: Pick<SealKeys, "macK" | "macR">,
  nonce: Uint8Array,
  bytes: Uint8Array,
): Uint8Array {
  const native = (shared ??= createNative());
  native.keyView.set(keys.macR);
  native.keyView.set(aes128Block(keys.macK, nonce), 16);
  native.macStart();
  for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
    const piece = bytes.subarray(at, at + INPUT_BYTES);
    native.inputView.set(piece);
    native.macUpdate(0, piece.length);
  }
  native.macFinish();
  const tag = native.keyView.slice(0, TAG_BYTES);
  native.keyView.fill(0);
  return tag;
}

/** Sealed bytes in a buffer of their own. */
export function seal(keys: SealKeys, random: Random, plaintext: Uint8Array): Uint8Array {
  const iv = random.bytes(IV_BYTES);
  const sealed = new Uint8Array(plaintext.length + SEAL_BYTES);
  sealed.set(iv);
  const ciphertext = aes256Ctr(keys.encrypt, iv, plaintext);
  sealed.set(ciphertext, IV_BYTES);
  sealed.set(poly1305Aes(keys, iv, ciphertext), IV_BYTES + plaintext.length);
  return sealed;
}

/** `undefined` when it was not sealed with these keys, or was changed since. */
export function unseal(keys: SealKeys, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  const iv = sealed.subarray(0, IV_BYTES);
  const ciphertext = sealed.subarray(IV_BYTES, -TAG_BYTES);
  const expected = poly1305Aes(keys, iv, ciphertext);
  const found = sealed.subarray(-TAG_BYTES);
  let difference = 0;
  for (let i = 0; i < TAG_BYTES; i++) difference |= expected[i]! ^ found[i]!;
  return difference === 0 ? aes256Ctr(keys.encrypt, iv, ciphertext) : undefined;
}
