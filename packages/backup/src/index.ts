/**
 * Encrypted, deduplicated snapshots to many remotes, in restic's repository format.
 * @module
 */
export type { BlobEngine, BlobEngineFactory, Cutter } from "./blob-engine.ts";
export { createLocalEngine } from "./blob-engine.ts";
export type { CutChunk, FetchedBlob, SealedBlob } from "./blob-work.ts";
export type { BackupPowers } from "./context.ts";
export { BackupError, type BackupFault } from "./errors.ts";
export type { ForgetOptions, ForgetResult } from "./forget.ts";
export type { ScryptCost } from "./host-codec-bun.ts";
export type { RepositoryKey } from "./keys.ts";
export {
  type BackupLimits,
  type BackupSizes,
  DEFAULT_BACKUP_LIMITS,
  DEFAULT_BACKUP_SIZES,
} from "./limits.ts";
export type { ReadOptions, SnapshotDifference } from "./list-entries.ts";
export type { BackupIdentity, LockInfo } from "./lock-file.ts";
export type { FoundLock } from "./locks.ts";
export { createMemoryRemote, type MemoryRemoteData } from "./memory-remote.ts";
export { isObjectId, type ObjectId } from "./object-id.ts";
export { initRepository, openRepository } from "./open-repository.ts";
export { type PatienceOptions, withPatience } from "./patient-remote.ts";
export type { PruneOptions, PruneProgress, PruneResult } from "./prune.ts";
export { createRecoveryKey, parseRecoveryKey, type RecoveryKey } from "./recovery-key.ts";
export type { RepairOptions, RepairResult } from "./repair-index.ts";
export type { Repository } from "./repository.ts";
export type { RestoreOptions, RestoreProgress, RestoreResult } from "./restore.ts";
export type { RestoreProblem } from "./restore-plan.ts";
export { applyRetention, type RetentionPolicy } from "./retention.ts";
export {
  type EverywhereOptions,
  type RemoteOutcome,
  snapshotEverywhere,
} from "./snapshot-everywhere.ts";
export type { Snapshot, SnapshotInfo, SnapshotSummary } from "./snapshot-file.ts";
export type {
  SnapshotSource,
  SourceEntry,
  SourceFile,
  SourceFolder,
  SourceLink,
  SourceProblem,
} from "./source.ts";
export type {
  SnapshotOptions,
  SnapshotProblem,
  SnapshotProgress,
  SnapshotResult,
} from "./take-snapshot.ts";
export type { RestoreTarget } from "./target.ts";
export type {
  EntryDetails,
  FileEntry,
  FolderEntry,
  LinkEntry,
  OtherEntry,
  TreeEntry,
} from "./tree.ts";
export type { WalkedEntry } from "./tree-walk.ts";
export type { VerifyOptions, VerifyProblem, VerifyReport } from "./verify.ts";
