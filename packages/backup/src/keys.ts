/**
 * The keys of a repository: each opens it with a password of its own.
 * @module
 */
import { type BackupPowers, type RepositoryContext } from "./context.ts";
import { BackupError } from "./errors.ts";
import { sha256 } from "./host-codec-bun.ts";
import { decodeKeyFile, DEFAULT_SCRYPT, encodeKeyFile, type KeyInfo } from "./key-file.ts";
import { type ObjectId, objectIdOf } from "./object-id.ts";
import type { SealKeys } from "./sealing.ts";
import { formatTime, nsOfMs } from "./times.ts";

/** What everybody can see of a key. */
export interface RepositoryKey extends KeyInfo {
  readonly id: ObjectId;
  /** Whether the repository was opened with it. */
  readonly isCurrent: boolean;
}

/** The bytes of a new key file and their id. */
export async function newKeyFile(
  keys: SealKeys,
  password: string,
  powers: Pick<BackupPowers, "clock" | "random" | "identity" | "scrypt">,
): Promise<{ id: ObjectId; bytes: Uint8Array }> {
  if (password === "") {
    throw new BackupError({ code: "backup.bad-argument", what: "The password", why: "is empty" });
  }
  const { hostname, username } = powers.identity;
  const info = { hostname, username, created: formatTime(nsOfMs(powers.clock.nowMs())) };
  const { random, scrypt = DEFAULT_SCRYPT } = powers;
  const bytes = await encodeKeyFile(keys, password, info, random, scrypt);
  return { id: objectIdOf(sha256(bytes)), bytes };
}

/** Adds a password. */
export async function addKey(
  context: RepositoryContext,
  keys: SealKeys,
  password: string,
): Promise<ObjectId> {
  const { id, bytes } = await newKeyFile(keys, password, context);
  await context.remote.put("keys", id, bytes);
  return id;
}

/** Keys that cannot be read are left out. */
export async function listKeys({
  remote,
  files,
  limits,
  keyId,
}: RepositoryContext): Promise<RepositoryKey[]> {
  const keys: RepositoryKey[] = [];
  for (const { id } of await files.list("keys")) {
    const bytes = await remote.get("keys", id, { offset: 0, length: limits.maxKeyFileBytes + 1 });
    if (bytes === undefined) continue;
    try {
      const { hostname, username, created } = decodeKeyFile(bytes, id, limits);
      keys.push({ id, hostname, username, created, isCurrent: id === keyId });
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
    }
  }
  return keys;
}

/**
 * Removes a password. Who knew it may have kept the keys of the repository: this revokes nothing.
 * @throws {BackupError} `backup.key-in-use`, `backup.last-key`, `backup.missing`
 */
export async function removeKey(context: RepositoryContext, id: ObjectId): Promise<void> {
  if (id === context.keyId) throw new BackupError({ code: "backup.key-in-use", key: id });
  const listed = await context.files.list("keys");
  if (!listed.some((key) => key.id === id)) {
    throw new BackupError({ code: "backup.missing", kind: "keys", name: id });
  }
  if (listed.length === 1) throw new BackupError({ code: "backup.last-key", key: id });
  await context.remote.delete("keys", id);
}
