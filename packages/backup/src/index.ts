/**
 * Encrypted, deduplicated snapshots to many remotes, in restic's repository format.
 * @module
 */
export { BackupError, type BackupFault } from "./errors.ts";
export { type BackupLimits, DEFAULT_BACKUP_LIMITS } from "./limits.ts";
export { createRecoveryKey, parseRecoveryKey, type RecoveryKey } from "./recovery-key.ts";
