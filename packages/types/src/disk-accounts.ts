/**
 * Disk space per package: one account over all modules that keep files for it (files and databases).
 * An extension; the reference knows no quotas.
 * @module
 */

/** What one package occupies. Booking is exact for what went through the node; files changed by hand are counted at the next start. */
export interface DiskAccount {
  readonly usedBytes: number;
  /** `Infinity` when the person has set no limit. */
  readonly limitBytes: number;
  /** Whether `bytes` more may be written. Ask before writing, book after. */
  hasRoom(bytes: number): boolean;
  /** Bytes that came (positive) or went (negative). Never throws: what is on the disk is on the disk. */
  book(deltaBytes: number): void;
}

/** Accounts of all packages, opened at first use. */
export interface DiskAccounts {
  /**
   * A promise the first time, while the folders of the package are counted; synchronous afterwards.
   * @param owner package as in paths: `name:publisher.os`
   */
  account(owner: string): DiskAccount | Promise<DiskAccount>;
}
