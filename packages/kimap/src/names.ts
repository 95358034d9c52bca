/**
 * Names of the registry and their hashes.
 * Source: spec/network-identity.md §3.2.
 * @module
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { fromHex, type Hex, readHexOf, toHex } from "./hex.ts";

/** Hash of the empty name. */
export const ROOT_HASH: Hex = `0x${"0".repeat(64)}`;
// At most 63 bytes; the sign of a note or fact counts.
const LABEL = /^[-0-9a-z]{1,63}$/;
const NOTE = /^~[-0-9a-z]{1,62}$/;
const FACT = /^![-0-9a-z]{1,62}$/;
const ENCODER = new TextEncoder();

export type EntryKind = "name" | "note" | "fact";

/** What kind of entry a label may be, or `undefined` for one that the registry would not take. */
export function entryKind(label: string): EntryKind | undefined {
  if (LABEL.test(label)) return "name";
  if (NOTE.test(label)) return "note";
  return FACT.test(label) ? "fact" : undefined;
}

/** Whether every label of a name is one; the root's empty name is none. */
export function isValidName(name: string): boolean {
  return name.split(".").every((label) => entryKind(label) === "name");
}

/** 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

/** What a log has in the place of an indexed label. */
export function labelHash(label: string): Hex {
  return toHex(keccak256(ENCODER.encode(label)));
}

/** Hash of an entry from that of its parent and that of its label. @throws {RangeError} not 32 bytes each */
export function childHash(parent: Hex, hashOfLabel: Hex): Hex {
  const bytes = new Uint8Array(64);
  bytes.set(hashBytes(parent));
  bytes.set(hashBytes(hashOfLabel), 32);
  return toHex(keccak256(bytes));
}

/** Hash of a name, note or fact: labels from the right; the empty name has the root's hash. */
export function nameHash(name: string): Hex {
  if (name === "") return ROOT_HASH;
  return name
    .split(".")
    .reduceRight<Hex>((parent, label) => childHash(parent, labelHash(label)), ROOT_HASH);
}

/** The 32 bytes of a hash. @throws {RangeError} it is none */
export function hashBytes(hash: Hex): Uint8Array {
  const text = readHexOf(hash, 32);
  if (text === undefined) throw new RangeError(`"${hash}" is no hash: it has not 32 bytes`);
  return fromHex(text);
}
