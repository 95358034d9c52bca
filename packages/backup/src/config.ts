/**
 * The object `config`: which format, which repository, where content is cut.
 * Source: restic's design document, "Repository Format".
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { assertSound, BackupError } from "./errors.ts";
import { asRecord, jsonBytes, parseJson } from "./json.ts";
import { isObjectId, type ObjectId, objectIdOf } from "./object-id.ts";
import { parsePolynomial, randomPolynomial } from "./polynomial.ts";
import { seal, type SealKeys, unseal } from "./sealing.ts";

export const REPOSITORY_VERSION = 2;

export interface RepositoryConfig {
  readonly version: number;
  readonly id: ObjectId;
  readonly polynomial: bigint;
}

export function createConfig(random: Random): RepositoryConfig {
  const id = objectIdOf(random.bytes(32));
  return { version: REPOSITORY_VERSION, id, polynomial: randomPolynomial(random) };
}

export function encodeConfig(keys: SealKeys, random: Random, config: RepositoryConfig): Uint8Array {
  const { version, id, polynomial } = config;
  const json = { version, id, chunker_polynomial: polynomial.toString(16) };
  return seal(keys, random, jsonBytes(json));
}

/**
 * `undefined` when it was sealed with other keys.
 * @throws {BackupError} `backup.damaged`; `backup.unsupported` another version than 1 and 2
 */
export function decodeConfig(keys: SealKeys, bytes: Uint8Array): RepositoryConfig | undefined {
  const plaintext = unseal(keys, bytes);
  if (plaintext === undefined) return undefined;
  const fields = asRecord(parseJson(plaintext, "config"), "config");
  const { version, id } = fields;
  if (version !== 1 && version !== 2) {
    throw new BackupError({ code: "backup.unsupported", what: `version ${String(version)}` });
  }
  assertSound(isObjectId(id), "config", "its id is not 64 hexadecimal digits");
  return { version, id, polynomial: parsePolynomial(fields["chunker_polynomial"]) };
}
