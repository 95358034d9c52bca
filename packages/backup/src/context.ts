/**
 * What the operations on one open repository share.
 * @module
 */
import type { BackupRemote, Clock, Random } from "@kinode-ts/types";
import type { BlobEngine, BlobEngineFactory } from "./blob-engine.ts";
import type { ScryptCost } from "./host-codec-bun.ts";
import type { BackupLimits, BackupSizes } from "./limits.ts";
import type { BackupIdentity } from "./lock-file.ts";
import type { ObjectId } from "./object-id.ts";
import type { RepositoryFiles } from "./repository-files.ts";

export interface BackupPowers {
  readonly clock: Clock;
  /** Cryptographically secure. */
  readonly random: Random;
  readonly identity: BackupIdentity;
  readonly engine: BlobEngineFactory;
  readonly limits?: Partial<BackupLimits>;
  readonly sizes?: Partial<BackupSizes>;
  /** Cost of the passwords of new keys. Default: restic's, about a third of a second. */
  readonly scrypt?: ScryptCost;
  /** How long a new lock waits for others that are taken at the same moment. Default 200 ms. */
  readonly settleMs?: number;
}

export interface RepositoryContext {
  readonly remote: BackupRemote;
  readonly files: RepositoryFiles;
  readonly engine: BlobEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: BackupIdentity;
  readonly limits: BackupLimits;
  readonly sizes: BackupSizes;
  readonly scrypt: ScryptCost;
  readonly settleMs: number;
  /** The key it was opened with. */
  readonly keyId: ObjectId;
}

/** The bag of options that carries `signal` when there is one. */
export function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
