/**
 * Making a repository, and opening one with a password.
 * @module
 */
import type { BackupRemote } from "@kinode-ts/types";
import { createConfig, decodeConfig, encodeConfig, type RepositoryConfig } from "./config.ts";
import type { BackupPowers, RepositoryContext } from "./context.ts";
import { assertSound, assertWithin, BackupError } from "./errors.ts";
import { sha256 } from "./host-codec-bun.ts";
import { decodeKeyFile, DEFAULT_SCRYPT, openKeyFile, randomKeys } from "./key-file.ts";
import { newKeyFile } from "./keys.ts";
import { type BackupLimits, DEFAULT_BACKUP_LIMITS, DEFAULT_BACKUP_SIZES } from "./limits.ts";
import { type ObjectId, objectIdOf } from "./object-id.ts";
import { createRepository, type Repository } from "./repository.ts";
import { listObjects, RepositoryFiles } from "./repository-files.ts";
import type { SealKeys } from "./sealing.ts";

const MAX_CONFIG_BYTES = 65_536;
const DEFAULT_SETTLE_MS = 200;

/**
 * Makes a repository in an empty place, and opens it.
 * @param password - a recovery key, or any text; `restic` takes the same
 * @throws {BackupError} `backup.repository-exists`, and what the remote throws
 */
export async function initRepository(
  remote: BackupRemote,
  password: string,
  powers: BackupPowers,
): Promise<Repository> {
  const limits = { ...DEFAULT_BACKUP_LIMITS, ...powers.limits };
  await assertEmpty(remote, limits);
  // Without a config they open nothing: somebody stopped half-way.
  for (const { id } of await listObjects(remote, "keys", limits)) await remote.delete("keys", id);
  const { random } = powers;
  const keys = randomKeys(random);
  const config = createConfig(random);
  const { id, bytes } = await newKeyFile(keys, password, powers);
  const sealed = encodeConfig(keys, random, config);
  await remote.put("keys", id, bytes);
  await remote.put("config", "config", sealed);
  // Somebody else may do the same at this moment; there is one config in the end.
  const found = await remote.get("config", "config");
  const isOurs = found !== undefined && objectIdOf(sha256(found)) === objectIdOf(sha256(sealed));
  if (!isOurs || (await remote.stat("keys", id)) === undefined) {
    throw new BackupError({ code: "backup.repository-exists", remote: remote.label });
  }
  return repositoryOf(remote, keys, config, id, powers);
}

async function assertEmpty(remote: BackupRemote, limits: BackupLimits): Promise<void> {
  const exists = new BackupError({ code: "backup.repository-exists", remote: remote.label });
  if ((await remote.stat("config", "config")) !== undefined) throw exists;
  // A repository that has lost its config can be mended; it must not lose its keys.
  for (const kind of ["snapshots", "index", "data"] as const) {
    if ((await listObjects(remote, kind, limits)).length > 0) throw exists;
  }
}

/**
 * Opens a repository with one of its passwords.
 * @param password - a recovery key as `parseRecoveryKey` returns it, or the password of a restic key
 * @throws {BackupError} `backup.no-repository`, `backup.wrong-key`, `backup.unsupported`, `backup.damaged`, and what
 * the remote throws
 */
export async function openRepository(
  remote: BackupRemote,
  password: string,
  powers: BackupPowers,
): Promise<Repository> {
  const limits = { ...DEFAULT_BACKUP_LIMITS, ...powers.limits };
  const range = { offset: 0, length: MAX_CONFIG_BYTES };
  const sealed = await remote.get("config", "config", range);
  if (sealed === undefined) {
    throw new BackupError({ code: "backup.no-repository", remote: remote.label });
  }
  const opened = await findKey(remote, password, sealed, limits);
  return repositoryOf(remote, opened.keys, opened.config, opened.id, powers);
}

interface OpenedKey {
  readonly id: ObjectId;
  readonly keys: SealKeys;
  readonly config: RepositoryConfig;
}

async function findKey(
  remote: BackupRemote,
  password: string,
  sealedConfig: Uint8Array,
  limits: BackupLimits,
): Promise<OpenedKey> {
  const listed = await listObjects(remote, "keys", limits);
  assertWithin("number of keys", listed.length, limits.maxKeyCount, "maxKeyCount");
  let damage: BackupError | undefined;
  let opens = false;
  for (const { id } of listed) {
    try {
      const length = limits.maxKeyFileBytes + 1;
      const bytes = await remote.get("keys", id, { offset: 0, length });
      if (bytes === undefined) continue;
      const keys = await openKeyFile(decodeKeyFile(bytes, id, limits), password);
      if (keys === undefined) continue;
      opens = true;
      const config = decodeConfig(keys, sealedConfig);
      if (config !== undefined) return { id, keys, config };
    } catch (error) {
      if (!(error instanceof BackupError) || error.code === "backup.unsupported") throw error;
      damage ??= error; // Another key may be whole.
    }
  }
  if (damage !== undefined) throw damage;
  assertSound(!opens, "config", "the password opens a key, and that does not open the config");
  const keyCount = listed.length;
  throw new BackupError({ code: "backup.wrong-key", remote: remote.label, keyCount });
}

function repositoryOf(
  remote: BackupRemote,
  keys: SealKeys,
  { id, version, polynomial }: RepositoryConfig,
  keyId: ObjectId,
  powers: BackupPowers,
): Repository {
  const { clock, random, identity, engine } = powers;
  const limits = { ...DEFAULT_BACKUP_LIMITS, ...powers.limits };
  if (version === 1) {
    throw new BackupError(
      { code: "backup.unsupported", what: "version 1 of the format" },
      { hint: "Bring it to version 2 with `restic migrate upgrade_repo_v2`" },
    );
  }
  const context: RepositoryContext = {
    remote,
    files: new RepositoryFiles(remote, keys, random, limits),
    engine: engine(keys, polynomial),
    ...{ clock, random, identity, limits, keyId },
    sizes: { ...DEFAULT_BACKUP_SIZES, ...powers.sizes },
    scrypt: powers.scrypt ?? DEFAULT_SCRYPT,
    settleMs: powers.settleMs ?? DEFAULT_SETTLE_MS,
  };
  return createRepository(id, keys, context);
}
