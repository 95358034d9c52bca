/**
 * The three hashes of a package. Source: spec/packages-and-tools.md §4, §8.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";

const hex = (bytes: Uint8Array): string => bytes.toHex();

/** SHA-256 of the zip: lowercase hex, no prefix. */
export function versionHash(zip: Uint8Array): string {
  return hex(primitives.sha256(zip));
}

/** Keccak-256 of the bytes of `manifest.json`: `0x` and lowercase hex. */
export function manifestHash(manifestJson: Uint8Array): string {
  return `0x${hex(primitives.keccak256(manifestJson))}`;
}

/** Keccak-256 of the bytes of `metadata.json`: `0x` and lowercase hex. */
export function metadataHash(metadataJson: Uint8Array): string {
  return `0x${hex(primitives.keccak256(metadataJson))}`;
}
