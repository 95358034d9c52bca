/**
 * Names of the registry and their hashes.
 * Source: spec/network-identity.md §3.2.
 * @module
 */
import { primitives } from "@kinode-ts/crypto";
import { joinBytes } from "../join-bytes.ts";

/** Hash of the empty name. */
export const ROOT_HASH: Uint8Array = new Uint8Array(32);
// At most 63 bytes; the sign of a note or fact counts.
const LABEL = /^[-0-9a-z]{1,63}$/;
const NOTE = /^~[-0-9a-z]{1,62}$/;
const FACT = /^![-0-9a-z]{1,62}$/;

export type EntryKind = "name" | "note" | "fact";

/** What kind of entry a label may be, or `undefined` for one that the registry would not take. */
export function entryKind(label: string): EntryKind | undefined {
  if (LABEL.test(label)) return "name";
  if (NOTE.test(label)) return "note";
  return FACT.test(label) ? "fact" : undefined;
}

/** 32 bytes. Labels from the right; the empty name has the root's hash. */
export function nameHash(name: string): Uint8Array {
  if (name === "") return ROOT_HASH.slice();
  const encoder = new TextEncoder();
  return name
    .split(".")
    .reduceRight(
      (parent, label) =>
        primitives.keccak256(joinBytes(parent, primitives.keccak256(encoder.encode(label)))),
      ROOT_HASH,
    );
}
