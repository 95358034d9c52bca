/**
 * The content of index, snapshot and lock objects: JSON, sealed; compressed behind a byte 2 since version 2.
 * Source: restic's design document, "Unpacked Data Format".
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { assertSound, assertWithin } from "./errors.ts";
import { compress, decompress } from "./host-codec-bun.ts";
import { jsonBytes, parseJson } from "./json.ts";
import type { BackupLimits } from "./limits.ts";
import { seal, type SealKeys, unseal } from "./sealing.ts";

const COMPRESSED = 2;
const BRACKET = 0x5b;
const BRACE = 0x7b;

export function encodeFile(keys: SealKeys, random: Random, value: unknown): Uint8Array {
  const packed = compress(jsonBytes(value));
  const plaintext = new Uint8Array(packed.length + 1);
  plaintext[0] = COMPRESSED;
  plaintext.set(packed, 1);
  return seal(keys, random, plaintext);
}

/** @throws {BackupError} `backup.damaged`, `backup.too-large` */
export function decodeFile(
  keys: SealKeys,
  bytes: Uint8Array,
  what: string,
  limits: BackupLimits,
): unknown {
  assertWithin(`${what} in bytes`, bytes.length, limits.maxFileBytes, "maxFileBytes");
  const plaintext = unseal(keys, bytes);
  assertSound(plaintext !== undefined, what, "its seal does not fit");
  const first = plaintext[0];
  if (first === BRACKET || first === BRACE) return parseJson(plaintext, what);
  assertSound(first === COMPRESSED, what, `it has the unknown encoding ${first}`);
  const json = decompress(plaintext.subarray(1), limits.maxFilePlainBytes);
  assertSound(json !== undefined, what, "it cannot be unpacked within maxFilePlainBytes");
  return parseJson(json, what);
}
