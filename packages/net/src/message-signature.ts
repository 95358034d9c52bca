/**
 * Signatures that processes ask for: over an address as the kernel knows it, and bytes.
 * Source: spec/network-identity.md §2.6 ("Sign / Verify message").
 * @module
 */
import { primitives } from "@kinode-ts/crypto";
import { type Address, formatAddress, type NodeSigner } from "@kinode-ts/types";
import { joinBytes } from "./join-bytes.ts";

const signedBytes = (from: Address, message: Uint8Array): Uint8Array =>
  joinBytes(new TextEncoder().encode(formatAddress(from)), message);

/** Of a handshake's static key, which is signed without anything around it (W9). */
const KEY_BYTES = 32;

/** Whether the signed bytes could be taken for a key: then nothing may be signed. */
export function looksLikeKey(from: Address, message: Uint8Array): boolean {
  return signedBytes(from, message).length === KEY_BYTES;
}

/** 64 bytes. @param from - the process that asked, as the kernel stamped it */
export function signMessage(signer: NodeSigner, from: Address, message: Uint8Array): Uint8Array {
  return signer.sign(signedBytes(from, message));
}

/** Whether the node with `key` (32 bytes) signed `message` for the process `from`. */
export function verifyMessage(
  key: Uint8Array,
  from: Address,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return primitives.ed25519Verify(key, signedBytes(from, message), signature);
}
